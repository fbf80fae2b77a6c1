"""The beginning of a step that runs a script: makes one file of it and of the statements around it."""

from __future__ import annotations

_BASH = r"""
directory=$(mktemp -d) || exit
trap 'rm -rf "$directory"' EXIT
before=$1 script=$2 uri=$3 after=$4
shift 4
if [ -n "$uri" ]; then
  aws s3 cp --only-show-errors "$uri" "$directory/given.EXT" || exit
else
  printf '%s\n' "$script" > "$directory/given.EXT"
fi
{ printf '%s\n' "$before"; cat "$directory/given.EXT"; printf '\n;\n%s\n' "$after"; } > "$directory/all.EXT"
"""


def in_one_file(extension: str) -> str:
    """Bash that takes ``before``, the script, the URI of an object in its place, and ``after``.

    They are then in ``$directory/all.<extension>``, ``after`` in its variable, and all other words in ``$@``.
    """
    return _BASH.replace("EXT", extension)
