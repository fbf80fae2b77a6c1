"""``s3://bucket/key`` in fields of pipeline objects."""

from __future__ import annotations

from dataclasses import dataclass

from runner.fields import FieldError, PipelineObject

MAX_KEY_BYTES = 1_024
"""Amazon S3 user guide, "Creating object key names"."""

_SCHEMES = ("s3://", "s3n://", "s3a://")
"""S3's scheme, and those of Hadoop's file systems. All mean the same object."""


@dataclass(frozen=True)
class S3Uri:
    """A bucket, and a key or a key prefix in it."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, text: str) -> S3Uri | None:
        """Parse an S3 URI; None if ``text`` is none. The key is used unchanged: S3 has no escapes in it."""
        for scheme in _SCHEMES:
            if text.startswith(scheme):
                bucket, _, key = text[len(scheme) :].partition("/")
                return cls(bucket, key) if bucket else None
        return None

    @classmethod
    def of_object(cls, owner: PipelineObject, field: str) -> S3Uri:
        """The field's value, which must name one object. Raises FieldError."""
        text = owner.string(field)
        uri = cls.parse(text)
        if uri is None or not uri.key or uri.key.endswith("/"):
            problem = f"an S3 object such as 's3://bucket/key' is expected, but it is {text!r}"
            raise FieldError(owner.id, field, problem)
        return uri

    @classmethod
    def of_directory(cls, owner: PipelineObject, field: str) -> S3Uri:
        """The field's value as a key prefix that ends with ``/``. Raises FieldError."""
        text = owner.string(field)
        uri = cls.parse(text)
        if uri is None:
            problem = f"an S3 path such as 's3://bucket/directory/' is expected, but it is {text!r}"
            raise FieldError(owner.id, field, problem)
        return uri.directory()

    def directory(self) -> S3Uri:
        """The same with a ``/`` at the end, unless it is the whole bucket."""
        key = self.key.rstrip("/")
        return S3Uri(self.bucket, f"{key}/" if key else "")

    def __truediv__(self, name: str) -> S3Uri:
        return S3Uri(self.bucket, f"{self.directory().key}{name}")

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"
