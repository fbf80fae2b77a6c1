"""The error for what app.py asks for and AWS could not do."""

from __future__ import annotations


class ConfigurationError(ValueError):
    """A setting in app.py that cannot be deployed; the message says what to change."""
