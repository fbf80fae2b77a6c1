"""Unloading a table to Amazon S3.

Amazon Redshift developer guide, UNLOAD.
"""

from __future__ import annotations

from collections.abc import Sequence

from data_nodes.s3_data_node import S3DataNode
from redshift_copy.names import text
from redshift_copy.options import combined, statement
from redshift_copy.source import REGION_FIELD, region_option
from runner.fields import FieldError, PipelineObject
from sql.jdbc import Engine
from sql.script import keywords


def unload(query: str, node: PipelineObject, options: Sequence[str], role: str) -> str:
    """The statement for what ``query`` gives.

    What is there under the same names is overwritten, so that a retry can succeed. Raises FieldError.
    """
    data = S3DataNode.of(node)
    if data.manifest:
        raise FieldError(
            node.id,
            "manifestFilePath",
            "it is of inputs; UNLOAD writes a manifest with commandOptions MANIFEST",
        )
    words = keywords("\n".join(options), Engine.REDSHIFT)
    own = [
        *(["GZIP"] if data.gzip else []),
        *region_option(node, REGION_FIELD),
        # UNLOAD refuses both at once.
        *([] if "CLEANPATH" in words else ["ALLOWOVERWRITE"]),
        # One file, as far as 6.2 GB go: the node names one.
        *(["PARALLEL OFF"] if data.file else []),
    ]
    return statement(
        f"UNLOAD ({text(query)})",
        f"TO {text(str(data.file or data.directory))}",
        f"IAM_ROLE {text(role)}",
        *combined(own, options),
    )
