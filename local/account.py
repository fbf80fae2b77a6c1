"""The one account of local AWS, in its one region."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ACCOUNT = "000000000000"
REGION = "us-east-1"

OWNER: Mapping[str, str] = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
"""Keys that may do everything."""


def connection(endpoint_url: str, keys: Mapping[str, str] = OWNER) -> Any:
    """Arguments with which ``boto3.client`` reaches local AWS, whatever the developer has configured."""
    return {"endpoint_url": endpoint_url, "region_name": REGION, **keys}
