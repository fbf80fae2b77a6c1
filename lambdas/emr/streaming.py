"""Hadoop streaming on releases of today, from arguments for EMR's releases before 4.

Amazon EMR release guide, "Submit a streaming step": the program hadoop-streaming takes scripts in S3 by
``-files``, and runs them by their names. Earlier releases took their URIs for ``-mapper`` and ``-reducer``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

JAR = "/home/hadoop/contrib/streaming/hadoop-streaming.jar"
"""Where earlier releases have it. Later ones run it by name."""
PROGRAM = "hadoop-streaming"
_COMMANDS = {"-mapper", "-combiner", "-reducer"}
_SCRIPT = re.compile(r"s3[an]?://[^\s,]+/([^\s,/]+)")


def arguments_of(given: Sequence[str]) -> list[str]:
    """The arguments, with scripts in S3 as ``-files``, a generic option, which has to come first."""
    words = list(given)
    files = []
    for at, word in enumerate(words[:-1]):
        script = _SCRIPT.fullmatch(words[at + 1]) if word in _COMMANDS else None
        if script:
            files.append(script[0])
            words[at + 1] = script[1]
    if not files:
        return words
    if "-files" in words[:-1]:
        at = words.index("-files") + 1
        words[at] = ",".join(dict.fromkeys([*words[at].split(","), *files]))
        return words
    return ["-files", ",".join(dict.fromkeys(files)), *words]
