"""IAM conditions on a user's text, which may contain characters that a policy cannot."""

from __future__ import annotations

import re

# All but the characters that a policy document may contain (IAM API Reference, PutRolePolicy).
_NOT_IN_A_POLICY = re.compile("[^\t\n\r\u0020-\u00ff]+")


def equals(key: str, text: str) -> dict[str, dict[str, str]]:
    """The condition that ``key`` equals ``text``.

    A policy may contain only Latin-1. Each other character becomes ``?``, which matches any one character, or
    ``*`` if UTF-16 writes it as two. So the condition also holds for texts that differ from ``text`` in these
    characters. Whatever IAM would read as a variable or a wildcard is escaped (IAM user guide, policy
    elements: variables and tags).
    """
    if not _NOT_IN_A_POLICY.search(text):
        return {"StringEquals": {key: text.replace("${", "${$}{")}}
    literal = re.sub(r"[*?$]", lambda match: f"${{{match[0]}}}", text)
    return {"StringLike": {key: _NOT_IN_A_POLICY.sub(_wildcards, literal)}}


def _wildcards(match: re.Match[str]) -> str:
    return "".join("?" if character <= "\uffff" else "*" for character in match[0])
