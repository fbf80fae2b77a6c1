"""Where COPY reads: an S3DataNode or a DynamoDBDataNode, as the URI and the options that follow from it.

Amazon Redshift developer guide, COPY from Amazon S3, COPY from Amazon DynamoDB.
"""

from __future__ import annotations

from dataclasses import dataclass

from data_nodes.s3_data_node import S3DataNode
from redshift_copy.names import name_in, text
from runner.fields import FieldError, PipelineObject

REGION_FIELD = "myRegion"
"""S3DataNode has no field for the region of its bucket."""
_READ_THROUGHPUT = "0.5"
"""COPY has to be told a share. This is what Amazon EMR takes if it is not."""


@dataclass(frozen=True)
class Source:
    """What is read, and how, as COPY's text has it."""

    uri: str
    options: tuple[str, ...]

    @classmethod
    def of(cls, node: PipelineObject) -> Source:
        """Read the fields. Raises FieldError."""
        return _of_dynamodb(node) if node.type == "DynamoDBDataNode" else _of_s3(node)


def region_option(node: PipelineObject, field: str) -> list[str]:
    """The option for data in another region than the cluster's."""
    return [f"REGION AS {text(node.string(field))}"] if field in node else []


def _of_s3(node: PipelineObject) -> Source:
    data = S3DataNode.of(node)
    options = [
        *(["MANIFEST"] if data.manifest else []),
        *(["GZIP"] if data.gzip else []),
        *region_option(node, REGION_FIELD),
    ]
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
    table = name_in(node, "tableName", node.string("tableName"))
    return Source(f"dynamodb://{table}", (f"READRATIO {percent}", *region_option(node, "region")))
