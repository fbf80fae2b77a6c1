"""The data format that a data node names."""

from __future__ import annotations

from data_formats.data_format import DataFormat
from data_nodes.s3_data_node import NULL_FIELD
from runner.fields import FieldError, PipelineObject
from runner.outcome import TaskFailed


def data_format_of(named: PipelineObject | None, null: str | None = None) -> DataFormat:
    """The format that ``named`` describes; CSV if the node names none.

    ``null`` is the text that stands for NULL, if the node gives one. Raises FieldError, and TaskFailed.
    """
    from data_formats.delimited import Delimited
    from data_formats.regex import RegEx

    if named is None:
        return Delimited.csv(null)
    if named.type in {"CSV", "TSV", "Custom"}:
        return Delimited.of(named, null)
    if named.type == "RegEx":
        if null is not None:
            raise FieldError(named.id, NULL_FIELD, "it is of CSV, TSV and Custom, and this is a RegEx")
        return RegEx.of(named)
    raise TaskFailed(
        f"'{named.id}' is a {named.type}: CopyActivity knows CSV, TSV, Custom and RegEx.",
        error_id="UnsupportedFormat",
    )
