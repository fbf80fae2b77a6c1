"""Clients with the caller's credentials, region and endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class NotConnectedError(Exception):
    """There is no region or no credentials, or the session cannot be made. The message says what to do."""


@dataclass(frozen=True)
class Connection:
    """Where to call AWS, as the command line says."""

    region: str | None = None
    profile: str | None = None
    endpoint_url: str | None = None

    def client(self, service: str, **config: Any) -> Any:
        """A client of a service. Raises NotConnectedError."""
        # botocore takes a while to import, and only live pipelines need it. boto3 would add 10 MB.
        import botocore.session
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        try:
            session = botocore.session.Session(profile=self.profile)
            if not (self.region or session.get_config_variable("region")):
                raise NotConnectedError("no region: set AWS_DEFAULT_REGION, or give --region")
            if session.get_credentials() is None:
                raise NotConnectedError(
                    "no credentials: configure the AWS CLI, or set AWS_ACCESS_KEY_ID and so on"
                )
            return session.create_client(
                service,
                region_name=self.region,
                endpoint_url=self.endpoint_url,
                config=Config(**{"retries": {"mode": "standard", "total_max_attempts": 4}, **config}),
            )
        except BotoCoreError as error:
            raise NotConnectedError(str(error)) from None
