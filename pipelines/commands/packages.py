"""The packages of Amazon Linux 2023 that bring the programs which commands call and a function lacks.

Containers install them (docs/containers.md#images). Names are those of its package repositories.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_PROGRAMS: Mapping[str, tuple[str, ...]] = {
    "bc": ("bc", "dc"),
    "bind-utils": ("dig", "host", "nslookup"),
    "bzip2": ("bunzip2", "bzip2"),
    "diffutils": ("cmp", "diff"),
    "file": ("file",),
    "findutils": ("find", "xargs"),
    "gcc": ("cc", "gcc"),
    "git": ("git",),
    "gzip": ("gunzip", "gzip", "zcat"),
    "java-17-amazon-corretto-devel": ("jar", "javac"),
    "java-17-amazon-corretto-headless": ("java",),
    "jq": ("jq",),
    "less": ("less",),
    "lsof": ("lsof",),
    "make": ("make",),
    "mariadb105": ("mariadb", "mysql", "mysqladmin", "mysqldump", "mysqlimport"),
    "net-tools": ("ifconfig", "netstat"),
    "nmap-ncat": ("nc", "ncat"),
    "nodejs": ("node", "npm", "npx"),
    "openssh-clients": ("scp", "sftp", "ssh", "ssh-add", "ssh-keyscan"),
    "openssl": ("openssl",),
    "patch": ("patch",),
    "perl-interpreter": ("perl",),
    "postgresql15": ("createdb", "pg_dump", "pg_restore", "psql"),
    "procps-ng": ("free", "pgrep", "pkill", "ps", "top", "uptime"),
    "rsync": ("rsync",),
    "sqlite": ("sqlite3",),
    "tar": ("tar",),
    "unzip": ("unzip",),
    "wget": ("wget",),
    "which": ("which",),
    "xz": ("unxz", "xz", "xzcat"),
    "zip": ("zip",),
    "zstd": ("unzstd", "zstd"),
}
_OF = {program: package for package, programs in _PROGRAMS.items() for program in programs}


def package_of(program: str) -> str | None:
    """The package that brings ``program``; None if this table does not know it."""
    return _OF.get(program)


def packages_of(programs: Iterable[str]) -> tuple[list[str], list[str]]:
    """The packages for these programs, and the programs for which none is known."""
    wanted = sorted(programs)
    packages = {package for program in wanted if (package := package_of(program))}
    return sorted(packages), [program for program in wanted if program not in _OF]


def described(program: str) -> str:
    """The program for a sentence, with what brings it."""
    package = package_of(program)
    return f"'{program}' (package {package})" if package else f"'{program}'"
