"""The programs that a command finds in a function: the image's, Python's, the AWS CLI, and stand-ins."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from local.lambda_runtime.image import IMAGE, SYSTEM_PATH, programs

_SHELL = Path(__file__).parents[2] / "lambdas" / "shell"
STAND_INS = _SHELL / "bin"
_FALLBACKS = _SHELL / "fallbacks"

BUILTINS = frozenset(
    [
        *(".", ":", "[", "alias", "bg", "bind", "break", "builtin", "caller", "cd", "command", "compgen"),
        *("complete", "compopt", "continue", "declare", "dirs", "disown", "echo", "enable", "eval", "exec"),
        *("exit", "export", "false", "fc", "fg", "getopts", "hash", "help", "history", "jobs", "kill", "let"),
        *("local", "logout", "mapfile", "popd", "printf", "pushd", "pwd", "read", "readarray", "readonly"),
        *("return", "set", "shift", "shopt", "source", "suspend", "test", "times", "trap", "true", "type"),
        *("typeset", "ulimit", "umask", "unalias", "unset", "wait"),
    ]
)
"""``compgen -b`` of bash 5."""

CLUSTER = frozenset(
    [
        *(
            "beeline",
            "flink",
            "hadoop",
            "hbase",
            "hdfs",
            "hive",
            "hcat",
            "impala-shell",
            "mapred",
            "oozie",
            "pig",
        ),
        *(
            "presto-cli",
            "pyspark",
            "s3-dist-cp",
            "spark-shell",
            "spark-sql",
            "spark-submit",
            "sqoop",
            "trino-cli",
        ),
        *("yarn", "zeppelin"),
    ]
)
"""Programs of Amazon EMR, which no layer brings: they talk to the cluster that they are on."""
HOST = frozenset(
    [
        *(
            "at",
            "chkconfig",
            "crontab",
            "docker",
            "exportfs",
            "fdisk",
            "groupadd",
            "init",
            "insmod",
            "iptables",
        ),
        *("losetup", "mkfs", "modprobe", "mount", "mount.nfs", "reboot", "service", "shutdown", "swapon"),
        *("sysctl", "systemctl", "umount", "useradd", "usermod", "visudo"),
    ]
)
"""Programs that change a host, or need rights that no function has."""

_PYTHON = re.compile(r"python(3(\.13)?)?|pip(3(\.13)?)?")
"""What the runtime python3.13 has in /var/lang/bin."""
_AWS_CLI = frozenset({"aws"})
TOP_LEVEL = tuple(
    f"/{name}"
    for name in (
        *("bin", "boot", "dev", "etc", "home", "lib", "lib64", "media", "mnt", "opt", "proc", "root", "run"),
        *("sbin", "srv", "sys", "tmp", "usr", "var"),
    )
)
_IN_IMAGE = re.compile(
    r"/|/(proc|sys|var/task|var/lang|var/runtime|opt/(bin|lib|python|awscli))(/.*)?"
    r"|/etc/(passwd|group|hosts|resolv\.conf|os-release|system-release|nsswitch\.conf|localtime|pki(/.*)?|ssl(/.*)?)"
    r"|/(usr(/(bin|include|lib|lib64|libexec|sbin|share|local(/(bin|lib|lib64|sbin|share|etc))?))?"
    r"|bin|sbin|lib|lib64|etc(/(profile\.d|ld\.so\.conf\.d))?|var(/(log|tmp|lib|cache|run|spool))?|dev|home"
    r"|root|mnt|media|srv|run|boot|opt|tmp)"
)
_MAY_BE_IN_IMAGE = re.compile(
    r"/etc/(profile|bashrc|environment|shells|services|protocols|fstab|inputrc|motd|shadow|hostname|machine-id"
    r"|ld\.so\.(conf|cache)|rpm(/.*)?|yum(\.conf|\.repos\.d(/.*)?)|dnf(/.*)?|profile\.d/.*)"
    r"|/(usr/)?lib(64)?/(lib[^/]*\.so[.0-9]*|locale(/.*)?)|/usr/share/(zoneinfo|locale|pki)(/.*)?"
)
"""Small files of Amazon Linux, of which no list says whether the minimal container has them."""
_DEVICES = re.compile(rf"/dev/({'|'.join(IMAGE['devices'])}|stdin|stdout|stderr|tcp/.*|udp/.*)")


@cache
def available() -> frozenset[str]:
    """The names that bash finds on the PATH, Python's apart."""
    own = {entry.name for directory in (STAND_INS, _FALLBACKS) for entry in directory.iterdir()}
    return frozenset(programs()) | _AWS_CLI | own


def is_found(name: str) -> bool:
    """Whether a program of this name, without a path, is there."""
    return name in BUILTINS or name in available() or bool(_PYTHON.fullmatch(name))


def is_found_at(path: str) -> bool:
    """Whether a program is there under an absolute path."""
    directory, _, name = path.rpartition("/")
    return directory in SYSTEM_PATH and name in programs()


def is_device(path: str) -> bool:
    """Whether this is a device that functions have, or one that bash itself makes of a path."""
    return bool(_DEVICES.fullmatch(path))


def in_image(path: str) -> bool | None:
    """Whether the image has something at an absolute path; None if that is not known."""
    if _IN_IMAGE.fullmatch(path) or is_found_at(path) or is_device(path):
        return True
    return None if _MAY_BE_IN_IMAGE.fullmatch(path) else False
