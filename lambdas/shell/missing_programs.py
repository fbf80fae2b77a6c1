"""Records which programs a command called that do not exist.

bash goes on after a program that it does not find. In ``$(…)``, in a pipe or before a ``;`` nobody notices,
and the command may still end with exit code 0.
"""

from __future__ import annotations

import os
import shlex
import stat
from contextlib import suppress
from pathlib import Path

from runner.environment import in_container

_MISSING = (
    "These programs are not in this {place}, and bash went on without them: what the command wrote may be "
    "wrong, whatever its exit code. {remedy}"
)
_OF_A_FUNCTION = _MISSING.format(
    place="function",
    remedy="docs/shell-commands.md names the programs that are there; bring others in a Lambda layer "
    "(layers=[...] of the handler in app.py), or run the handler in a container.",
)
_OF_A_CONTAINER = _MISSING.format(
    place="container",
    remedy="Give Container in app.py packages=[...] or an image that has them: see docs/containers.md.",
)
_MAX_BYTES = 8_192
_MAX_NAMES = 20
_VARIABLE = "BASH_FUNC_command_not_found_handle%%"


def advice() -> str:
    """What to do about missing programs, where this runs."""
    return _OF_A_CONTAINER if in_container() else _OF_A_FUNCTION


class MissingPrograms:
    """A file in the command's directory, to which bash writes the names."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "missing-programs"

    @property
    def environment(self) -> dict[str, str]:
        """The function that bash calls for a program that does not exist, exported as bash exports functions.

        (GNU Bash manual, Command Search and Execution.) It prints bash's message, and returns 127 as well.
        Every bash below the command inherits it; other shells and programs pass it on.
        """
        file = shlex.quote(str(self._file))
        body = (
            f"() {{ printf '%s\\n' \"$1\" 2>/dev/null >> {file};"
            " printf '%s: line %s: %s: command not found\\n'"
            ' "${BASH_SOURCE[1]:-$0}" "${BASH_LINENO[0]}" "$1" >&2;'
            " return 127; }"
        )
        return {_VARIABLE: body}

    def names(self) -> list[str]:
        """The first 20 names, each once. Empty if the command has made the file unreadable."""
        return list(dict.fromkeys(name[:200] for name in self._text().splitlines() if name))[:_MAX_NAMES]

    def _text(self) -> str:
        with suppress(OSError):
            # The command could have put anything here, such as a pipe, or a link to a file only we may read.
            descriptor = os.open(self._file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                if stat.S_ISREG(os.fstat(descriptor).st_mode):
                    return os.read(descriptor, _MAX_BYTES).decode("utf-8", "replace")
            finally:
                os.close(descriptor)
        return ""
