"""The beginning of a step that runs a script: makes one file of it and of the statements around it."""

from __future__ import annotations

_BASH = r"""
before=$1 script=$2 uri=$3 after=$4
shift 4
if [ -n "$uri" ]; then
  aws s3 cp --only-show-errors "$uri" "$directory/given.EXT" || exit
else
  printf '%s\n' "$script" > "$directory/given.EXT"
fi
{ printf '%s\n' "$before"; cat "$directory/given.EXT"; printf '\n;\n%s\n' "$after"; } > "$directory/all.EXT"
quits=$(grep -Eci '(^|;)[[:space:]]*(QUIT)[[:space:]]*(;|--|$)' "$directory/given.EXT")
"""


def in_one_file(extension: str, *, quit_words: str) -> str:
    """Bash that takes ``before``, the script, the URI of an object in its place, and ``after``.

    They are then in ``$directory/all.<extension>``, ``after`` in its variable, and all other words in ``$@``.
    ``$quits`` is how many lines may end the script before ``after``, by one of ``quit_words``, which is a
    part of a regular expression.
    """
    return _BASH.replace("EXT", extension).replace("QUIT", quit_words)
