"""The source that COPY reads, an S3DataNode or a DynamoDBDataNode: its URI and its options.

Amazon Redshift developer guide, COPY from Amazon S3, COPY from Amazon DynamoDB.
"""

from __future__ import annotations

from dataclasses import dataclass

from data_nodes.s3_data_node import S3DataNode
from redshift_copy.names import checked_name, quoted_text
from runner.fields import FieldError, PipelineObject

REGION_FIELD = "myRegion"
"""This project's own field: S3DataNode has none for the region of its bucket."""
_READ_THROUGHPUT = "0.5"
"""COPY needs a value. This is Amazon EMR's default."""


@dataclass(frozen=True)
class Source:
    """A URI and options in the syntax of COPY."""

    uri: str
    options: tuple[str, ...]

    @classmethod
    def of(cls, node: PipelineObject) -> Source:
        """Read the fields. Raises FieldError."""
        return _of_dynamodb(node) if node.type == "DynamoDBDataNode" else _of_s3(node)


def region_option(node: PipelineObject, field: str) -> list[str]:
    """The option for data in a region other than the cluster's."""
    return [f"REGION AS {quoted_text(node.string(field))}"] if field in node else []


def s3_options(node: PipelineObject, data: S3DataNode) -> list[str]:
    """The options for files in Amazon S3, of COPY and of UNLOAD."""
    return [*(["GZIP"] if data.gzip else []), *region_option(node, REGION_FIELD)]


def _of_s3(node: PipelineObject) -> Source:
    data = S3DataNode.of(node)
    options = [*(["MANIFEST"] if data.manifest else []), *s3_options(node, data)]
    return Source(str(data.manifest or data.file or data.directory), tuple(options))


def _of_dynamodb(node: PipelineObject) -> Source:
    value = node.string("readThroughputPercent", _READ_THROUGHPUT)
    try:
        percent = round(float(value) * 100)
    except (ValueError, OverflowError):
        percent = 0
    if not 10 <= percent <= 100:
        raise FieldError(
            node.id, "readThroughputPercent", f"a number from 0.1 to 1.0 is expected, but it is {value!r}"
        )
    table = checked_name(node, "tableName", node.string("tableName"))
    return Source(f"dynamodb://{table}", (f"READRATIO {percent}", *region_option(node, "region")))
