"""The environment variables of a container.

Source: Amazon ECS developer guide, "Task IAM role", "Task metadata available for Amazon ECS tasks on Fargate"
and "Pass environment variables". Nothing of the developer's own environment is passed on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """A container's own directories: its working directory, its /tmp and its home."""

    work: Path
    scratch: Path
    home: Path

    @classmethod
    def below(cls, directory: Path) -> Place:
        return cls(directory / "work", directory / "tmp", directory / "root")


def container_environment(
    given: Mapping[str, str],
    place: Place,
    *,
    path: str,
    libraries: Path,
    region: str,
    endpoint_url: str,
    credentials_uri: str | None,
    metadata_uri: str,
) -> dict[str, str]:
    """Every variable that a container's first process starts with.

    ``given`` are those of the task definition and its overrides. ``libraries`` is where the Python's are.
    ``credentials_uri`` is where the task role's credentials are, if there is a task role. On AWS,
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI names it, on an address that this machine does not have.
    """
    credentials = {} if credentials_uri is None else {"AWS_CONTAINER_CREDENTIALS_FULL_URI": credentials_uri}
    return {
        "PATH": path,
        "LD_LIBRARY_PATH": str(libraries),  # As in AWS's image. The Python may need it.
        "LANG": "en_US.UTF-8",
        "HOME": str(place.home),
        "TMPDIR": str(place.scratch),
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        **{name: value for name, value in given.items() if not name.startswith("AWS_ENDPOINT_URL")},
        **credentials,
        "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
        "ECS_CONTAINER_METADATA_URI_V4": metadata_uri,
        # Not on AWS: where local AWS is. And no machine that answers as EC2 may give credentials here.
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
