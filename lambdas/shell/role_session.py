"""A session of the commands' role, renewed for as long as the task takes.

A role that another role assumes ends after an hour at most (IAM user guide, role chaining).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

SESSION_SECONDS = 3600
_RENEW = timedelta(minutes=30)
"""What is left when a session is renewed. SDKs ask again when a quarter of an hour is left."""


@dataclass(frozen=True)
class Credentials:
    """Temporary credentials, until ``expiration``."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expiration: datetime


class RoleSession:
    """Assumes a role when it is first needed, and again before its credentials expire."""

    def __init__(
        self,
        sts: Callable[[], STSClient],
        role_arn: str,
        session_name: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.role_arn = role_arn
        self._sts = sts
        self._session_name = session_name
        self._now = now
        self._lock = threading.Lock()
        self._current: Credentials | None = None

    def credentials(self) -> Credentials:
        """Credentials for another half an hour at least.

        Raises AWS's errors. If a renewal fails, the earlier credentials are returned until they expire.
        """
        with self._lock:
            now = self._now()
            if self._current is None or self._current.expiration - now < _RENEW:
                try:
                    self._current = self._assumed()
                except Exception:
                    if self._current is None or self._current.expiration <= now:
                        raise
            return self._current

    def refreshed(self) -> Mapping[str, Any]:
        """``credentials`` as botocore's RefreshableCredentials take them."""
        current = self.credentials()
        return {
            "access_key": current.access_key_id,
            "secret_key": current.secret_access_key,
            "token": current.session_token,
            "expiry_time": current.expiration.isoformat(),
        }

    def _assumed(self) -> Credentials:
        given = self._sts().assume_role(
            RoleArn=self.role_arn, RoleSessionName=self._session_name, DurationSeconds=SESSION_SECONDS
        )["Credentials"]
        return Credentials(
            given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], given["Expiration"]
        )
