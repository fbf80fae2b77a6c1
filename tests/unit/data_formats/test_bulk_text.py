"""Blocks of records as bulk text, and back: the same as record by record."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from copying.blocks import FileBlock, TextBlock, as_records, file_blocks
from data_formats.bulk_text import BulkFile, BulkText
from data_formats.columns import Columns
from data_formats.data_format import RecordError, Row
from data_formats.delimited import Delimited
from data_nodes.s3_uri import S3Uri
from runner.fields import PipelineObject
from runner.outcome import TaskFailed

URI = S3Uri("b", "data")


def fields(kind: str, **given: str) -> PipelineObject:
    return PipelineObject("Format", "Format", {"type": (kind,), **{k: (v,) for k, v in given.items()}}, {})


TYPED = Columns(("a", "b"), ("STRING", "INT"), (1,))
FORMATS = [
    Delimited.csv(),
    *(Delimited.csv(null) for null in ("NULL", "nil", "", r"\N", r"\n")),
    Delimited(",", described=TYPED),
    Delimited.of(fields("TSV")),
    Delimited.of(fields("Custom", columnSeparator="|")),
    Delimited.of(fields("Custom", columnSeparator="|"), r"\N"),
    Delimited.of(fields("Custom", columnSeparator="|"), "NULL"),
    Delimited.of(fields("Custom", columnSeparator="\\u0008", escapeChar="\\\\")),
]
TEXTS = st.text(st.sampled_from("a,\\\n\r\t\x08\x0b|nNilULLé\0"), max_size=7)


@settings(max_examples=1500)
@given(data=TEXTS | st.lists(TEXTS, max_size=5).map(",".join), kind=st.sampled_from(FORMATS))
@example(data="a\\\r\n", kind=FORMATS[0])
@example(data="\\\\n,\\n,\\nx,\\\\\\n\n", kind=FORMATS[0])
@example(data=",5\n,\n", kind=FORMATS[6])
@example(data="||\n|\n||", kind=FORMATS[8])
@example(data="\n\n\n", kind=FORMATS[8])
def test_a_file_is_read_as_record_by_record(data: str, kind: Delimited) -> None:
    def in_blocks(size: int) -> list[Row] | str:
        file = BulkFile.of(kind)
        assert file
        raw = data.encode()
        pieces = (raw[start : start + size] for start in range(0, len(raw), size))
        try:
            return [row for block in file_blocks(file, URI, pieces) for row in loaded(block)]
        except TaskFailed as error:
            return str(error)

    try:
        rows: list[Row] | str = list(kind.read([data]))
    except RecordError as error:
        rows = f"'s3://b/data': {error}"
    assert [in_blocks(size) for size in (1, 3, 100)] == [rows] * 3


def loaded(block: FileBlock) -> list[Row]:
    """The rows of a block, from its bulk text if it has one for any number of columns."""
    assert block.records == len(list(block.rows()))
    texts = [(block.text(columns), columns) for columns in range(1, 10)]
    found = [TextBlock(text, columns, block.records, block.form) for text, columns in texts if text]
    assert len(found) <= 1
    rows: list[Row] = [list(row) for row in (found[0] if found else block).rows()]
    if not found and not block.is_rest and len(rows[0]) < 10:
        assert len(set(map(len, rows))) > 1, "It has no bulk text, and nothing is wrong with it."
    return rows


VALUES = st.none() | st.text(st.sampled_from("a,\\\n\r\t\x08\x0b\x0c|nNilULL^é"), max_size=5)


@settings(max_examples=1500)
@given(rows=st.lists(st.tuples(VALUES, VALUES), max_size=5), kind=st.sampled_from(FORMATS))
@example(rows=[("a,b", "x"), ("nothing\n\\", None), ("", "NULL"), ("nil", "NULLx")], kind=FORMATS[1])
@example(rows=[("nil", "n\n"), ("nilx", "xnil")], kind=FORMATS[2])
@example(rows=[("a", "b"), ("a|b", None)], kind=FORMATS[8])
@example(rows=[("a", "b"), ("\\N", None)], kind=FORMATS[9])
def test_a_file_is_written_as_row_by_row(rows: Sequence[Row], kind: Delimited) -> None:
    def written() -> str:
        return "".join(kind.write(rows))

    def in_blocks() -> str:
        text = BulkText(kind.separator.encode())
        blocks = [TextBlock(copied([row], text), 2, 1, text) for row in rows]
        return b"".join(as_records(blocks, kind)).decode()

    try:
        expected = written()
    except RecordError as error:
        with pytest.raises(RecordError, match=f"^{error}$".replace("\\", "\\\\")):
            in_blocks()
    else:
        assert in_blocks() == expected


LETTERS = {"\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", "\v": "v", "\\": "\\"}


def copied(rows: Sequence[Row], text: BulkText) -> bytes:
    """The rows as PostgreSQL's COPY TO writes them (its CopyAttributeOutText)."""

    def value(given: str | None) -> str:
        if given is None:
            return r"\N"
        separator = text.separator.decode()
        return "".join(
            f"\\{LETTERS[letter]}" if letter in LETTERS else f"\\{letter}" if letter == separator else letter
            for letter in given
        )

    lines = [text.separator.decode().join(map(value, row)) + "\n" for row in rows]
    return "".join(lines).encode()


@pytest.mark.parametrize(
    "kind",
    [
        Delimited(",", escape="^"),
        Delimited(",", record_separator=";"),
        Delimited("é"),
        Delimited("x"),
        Delimited("\r"),
        Delimited.csv("a\\\\b"),
    ],
)
def test_other_formats_are_not_converted_in_blocks(kind: Delimited) -> None:
    assert BulkFile.of(kind) is None
