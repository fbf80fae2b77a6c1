"""Fetches the runner's code into a container, and runs it. The task definition holds this file's text.

Python 3.11 and boto3 1.36 are all that it needs of the image.
"""

import os
import sys
import tempfile
import zipfile
from pathlib import Path
from urllib.parse import urlsplit


def fetch(code_uri: str) -> str:
    """Unpack the zip at ``code_uri``, ``s3://bucket/key``, and return the directory."""
    try:
        import boto3
    except ImportError:
        sys.exit("The image has no boto3 for its python3: see docs/containers.md, Images.")

    if tuple(map(int, boto3.__version__.split(".")[:2])) < (1, 36):
        sys.exit(
            f"The image's boto3 is {boto3.__version__}, and 1.36 or newer is needed: see docs/containers.md."
        )

    directory = Path(tempfile.mkdtemp(prefix="runner-"))
    archive = directory / "code.zip"
    place = urlsplit(code_uri)
    boto3.client("s3").download_file(place.netloc, place.path.lstrip("/"), str(archive))
    with zipfile.ZipFile(archive) as content:
        for member in content.infolist():
            path = content.extract(member, directory)
            if mode := member.external_attr >> 16:
                Path(path).chmod(mode)
    archive.unlink()
    return str(directory)


if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036 - the image is whatever it is
        sys.exit(f"The image's python3 is {sys.version.split()[0]}, and 3.11 or newer is needed.")
    sys.path.insert(0, fetch(os.environ["TASK_CODE"]))
    from container.entry import main

    main()
