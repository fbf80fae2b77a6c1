"""Unloading a table to Amazon S3.

Amazon Redshift developer guide, UNLOAD.
"""

from __future__ import annotations

from collections.abc import Sequence

from data_nodes.s3_data_node import S3DataNode
from redshift_copy.names import quoted_text
from redshift_copy.options import command, option_words
from redshift_copy.source import s3_options
from runner.fields import FieldError, PipelineObject


def unload(query: str, node: PipelineObject, options: Sequence[str], role: str) -> str:
    """The UNLOAD statement for the rows of ``query``.

    It overwrites files of the same names, so that a retry can succeed. Raises FieldError.
    """
    data = S3DataNode.of(node)
    if data.manifest:
        raise FieldError(
            node.id,
            "manifestFilePath",
            "it is of inputs; UNLOAD writes a manifest with commandOptions MANIFEST",
        )
    own = [
        *s3_options(node, data),
        # UNLOAD refuses both at once.
        *([] if "CLEANPATH" in option_words(options) else ["ALLOWOVERWRITE"]),
        # The node names one file. UNLOAD starts another after 6.2 GB.
        *(["PARALLEL OFF"] if data.file else []),
    ]
    return command(
        f"UNLOAD ({quoted_text(query)})",
        f"TO {quoted_text(str(data.file or data.directory))}",
        role=role,
        own=own,
        given=options,
    )
