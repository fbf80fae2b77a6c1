"""A condition of IAM's on a text of the user's, which need not be one that a policy can hold."""

from __future__ import annotations

import re

# What a policy document may hold (IAM API Reference, PutRolePolicy).
_NOT_IN_A_POLICY = re.compile("[^\t\n\r\u0020-\u00ff]+")


def equals(key: str, text: str) -> dict[str, dict[str, str]]:
    """The condition that ``key`` is ``text``.

    A policy holds Latin-1 alone. For each other character stands ``?``, which is any one character, so that
    the condition holds for texts that differ from ``text`` in these as well; for one that UTF-16 writes as
    two, ``*``. What IAM reads as a variable or a wildcard is escaped (IAM user guide, policy elements:
    variables and tags).
    """
    if not _NOT_IN_A_POLICY.search(text):
        return {"StringEquals": {key: text.replace("${", "${$}{")}}
    literal = re.sub(r"[*?$]", lambda match: f"${{{match[0]}}}", text)
    return {"StringLike": {key: _NOT_IN_A_POLICY.sub(_wildcards, literal)}}


def _wildcards(match: re.Match[str]) -> str:
    return "".join("?" if character <= "\uffff" else "*" for character in match[0])
