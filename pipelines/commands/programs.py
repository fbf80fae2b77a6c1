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
_TOP_LEVEL = frozenset(
    [
        *(
            "bin",
            "boot",
            "data",
            "dev",
            "ebs",
            "efs",
            "emr",
            "etc",
            "home",
            "lib",
            "lib64",
            "media",
            "mnt",
            "nfs",
        ),
        *("opt", "proc", "root", "run", "sbin", "srv", "sys", "tmp", "usr", "var"),
    ]
)
_READABLE = re.compile(
    r"/(proc|sys|tmp|opt|var/task|var/lang|var/runtime)(/.*)?"
    r"|/etc/(passwd|group|hosts|resolv\.conf|os-release|system-release|nsswitch\.conf|localtime|pki(/.*)?|ssl(/.*)?)"
    r"|/(usr(/(bin|lib|lib64|sbin|share))?|bin|sbin|lib|lib64|etc|var|dev|home|root|mnt|media|srv|run|boot)/?"
)
"""Places that exist in the image, or in a layer."""
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


def is_host_path(word: str) -> bool:
    """Whether this is the path of something that an EC2 host has, and a function has not."""
    first = re.match(r"/([^/]*)", word)
    if first is None or first[1] not in _TOP_LEVEL or re.search(r"[\s{}\\()]", word):
        return False
    if word.startswith("/dev"):
        return not _DEVICES.fullmatch(word) and word.rstrip("/") != "/dev"
    return not _READABLE.fullmatch(word) and not is_found_at(word)


def is_writable(path: str) -> bool:
    """Whether a command can write there: in its own directory, in /tmp, and to devices (Lambda)."""
    return not path.startswith("/") or path.startswith("/tmp/") or bool(_DEVICES.fullmatch(path))  # noqa: S108
