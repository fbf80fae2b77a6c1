"""Environments of programs that use local AWS: the developer's AWS settings do not reach them."""

from __future__ import annotations

import os
from collections.abc import Mapping

from local.account import OWNER, REGION

DIRECT = "127.0.0.1,localhost"
"""Hosts that programs reach directly, without the developer's proxy."""


def without_aws(inherited: Mapping[str, str]) -> dict[str, str]:
    """These variables without profiles, credentials and endpoints of AWS."""
    return {name: value for name, value in inherited.items() if not name.startswith("AWS_")}


def no_settings() -> dict[str, str]:
    """Variables that keep the SDKs away from AWS configuration files, EC2 instance metadata and the proxy."""
    return {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": DIRECT,
        "no_proxy": DIRECT,
    }


def for_local_aws(endpoint_url: str, inherited: Mapping[str, str]) -> dict[str, str]:
    """``inherited`` plus what a program needs to use local AWS as the account's owner."""
    return without_aws(inherited) | {
        **no_settings(),
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": OWNER["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": OWNER["aws_secret_access_key"],
    }


def forget_aws_settings() -> None:
    """Keep the developer's profile, credentials, endpoint and proxy out of this process and its children."""
    for name in os.environ.keys() - without_aws(os.environ).keys():
        del os.environ[name]
    os.environ |= no_settings()
