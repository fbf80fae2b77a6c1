"""Credentials that stand in the text of a field, masked so that they can be shown."""

from __future__ import annotations

import re
from collections.abc import Iterator

_VALUE = r"""(?P<secret>[^\s'"$;&|)<>]{4,})"""
_PATTERNS = (
    ("an access key of AWS", re.compile(r"\b(?P<secret>(?:AKIA|ASIA)[0-9A-Z]{16})\b")),
    (
        "a secret access key of AWS",
        re.compile(
            rf"(?i)(?:aws_secret_access_key|secret[_-]?(?:access[_-]?)?key)\s*[=:\s]\s*[\"']?{_VALUE}",
        ),
    ),
    (
        "a password",
        re.compile(
            rf"(?i)(?:\b|[_-])(?:password|passwd|pwd|pgpassword|mysql_pwd|api[_-]?key|auth[_-]?token|access[_-]?token)"
            rf"\s*[=:]\s*[\"']?{_VALUE}"
        ),
    ),
    ("a password", re.compile(rf"(?i)--(?:password|passwd|token|api-key)[\"']?[ =,]\s*[\"']?{_VALUE}")),
    (
        "a password",
        re.compile(rf"\b(?:mysql|mysqldump|mysqlimport|mysqladmin)\b[^\n;|&]*?\s-p[\"']?{_VALUE}"),
    ),
    ("a password", re.compile(rf"\bcurl\b[^\n;|&]*?\s(?:-u|--user)[ =]?[\"']?[^\s:'\"$]+:{_VALUE}")),
    ("a password", re.compile(r"(?i)\b[a-z][a-z0-9+.-]*://[^\s/:@'\"$]+:(?P<secret>[^\s/:@'\"${}]{2,})@")),
    ("a token", re.compile(rf"(?i)\b(?:bearer|authorization:\s*basic)\s+{_VALUE}")),
    ("a private key", re.compile(r"(?P<secret>-----BEGIN [A-Z ]*PRIVATE KEY-----)")),
)
_NO_SECRET = re.compile(r"(?i)(\*+|x+|value-of-.*|true|false|null|none|secret|password|#\{.*|<.*|\$.*)")
"""What stands for a secret in an example, or in a definition that was read from the service."""


def credentials_in(text: str) -> Iterator[tuple[str, str]]:
    """Each credential that a text holds: what it is, and its value masked."""
    told: set[str] = set()
    for what, pattern in _PATTERNS:
        for found in pattern.finditer(text):
            secret = found["secret"]
            if secret not in told and not _NO_SECRET.fullmatch(secret):
                told.add(secret)
                yield what, masked(secret)


SECRET_NAME = re.compile(r"(?i)(?:password|passwd|secret|secret[._-]?(?:access[._-]?)?key|token)$")
"""Names of settings whose values are not shown."""


def masked(secret: str) -> str:
    """Stars, after what tells the kind of an access key and nothing of it."""
    return f"{secret[:4] if secret[:4] in {'AKIA', 'ASIA'} else ''}****"


def without_credentials(text: str) -> str:
    """The text with each of its credentials masked."""
    for _, pattern in _PATTERNS:
        for found in pattern.finditer(text):
            if not _NO_SECRET.fullmatch(found["secret"]):
                text = text.replace(found["secret"], masked(found["secret"]))
    return text
