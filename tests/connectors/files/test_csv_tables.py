"""CSV files as people's systems write them, and those that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.files.columns import columns_of
from connectors.files.staging import Staged, staging
from connectors.files.table import Table, read_table
from lrs.errors import BadInput


def _table(folder: Path, content: str | bytes) -> Table:
    path = folder / "t.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(path)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_comma_semicolon_and_tab_with_and_without_bom(
    tmp_path: Path, delimiter: str, bom: str, end: str
) -> None:
    lines = [delimiter.join(row) for row in (["a", "b"], ["1", "x"], ["2", "y"])]
    table = _table(tmp_path, bom + end.join(lines) + end)
    assert table.header == ("a", "b")
    assert [(r.line, r.fields) for r in table.records()] == [(2, ["1", "x"]), (3, ["2", "y"])]


def test_delimiter_inside_quotes_of_the_header_does_not_count(tmp_path: Path) -> None:
    table = _table(tmp_path, '"a, b, c";d\n1;2\n')
    assert table.header == ("a, b, c", "d")


def test_row_is_told_by_the_line_it_begins_on(tmp_path: Path) -> None:
    table = _table(tmp_path, 'a,b\n"two\nlines",1\n\n ,\nx,2\n')
    assert [(r.line, r.fields[1]) for r in table.records()] == [(2, "1"), (6, "2")]


def test_quoted_field_keeps_quotes_and_delimiters(tmp_path: Path) -> None:
    table = _table(tmp_path, 'a,b\n"Berg, ""Ann""",1\n')
    assert next(table.records()).fields[0] == 'Berg, "Ann"'


@pytest.mark.parametrize(
    ("row", "fault"), [("1", "only 1 of"), ("1,2,3", "has 3 fields"), ("1,a\0b", "NUL")]
)
def test_row_of_another_shape_is_faulty(tmp_path: Path, row: str, fault: str) -> None:
    record = next(_table(tmp_path, f"a,b\n{row}\n").records())
    assert record.fault is not None
    assert fault in record.fault


def test_empty_fields_beyond_the_header_are_nothing(tmp_path: Path) -> None:
    record = next(_table(tmp_path, "a,b,,\n1,2,,\n").records())
    assert (record.fields, record.fault) == (["1", "2"], None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (b"PK\x03\x04rest", "Excel"),
        (b"\xd0\xcf\x11\xe0rest", "Excel"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
        (b"a,A\n1,2\n", "twice"),
        (b"a,b\n1,\xe5\n", "not UTF-8"),
        (b'a,b\n1,"x" y\n', "not CSV"),
        (b'a,b\n1,"never closed\n', "not CSV"),
    ],
)
def test_file_that_is_no_table_is_refused_as_a_whole(
    tmp_path: Path, content: bytes, message: str
) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        list(_table(tmp_path, content).records())
    assert str(caught.value.where).startswith("t.csv")


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read") as caught:
        read_table(tmp_path / "none.csv")
    assert "none.csv" in str(caught.value.where)


def test_layout_is_that_of_the_header_alone(tmp_path: Path) -> None:
    first = _table(tmp_path, "a,b\n1,2\n").layout
    assert _table(tmp_path, "\ufeffA;B\n3;4\n5;6\n").layout == first
    assert _table(tmp_path, "b,a\n1,2\n").layout != first


def test_columns_are_found_without_regard_to_case_and_spaces(tmp_path: Path) -> None:
    table = _table(tmp_path, "Person ID,Valid-From,Shoe size\n1,2,3\n")
    columns = columns_of(table, ("person_id", "valid_from"), {})
    assert columns.given(["1", "2", "3"]) == {"person_id": "1", "valid_from": "2"}
    assert columns.others(["1", "2", "3"]) == {"Shoe size": "3"}


def test_mapped_column_stands_over_one_of_our_name(tmp_path: Path) -> None:
    table = _table(tmp_path, "person_id,Number\n1,2\n")
    columns = columns_of(table, ("person_id",), {"person_id": "number"})
    assert columns.given(["1", "2"]) == {"person_id": "2"}
    assert columns.others(["1", "2"]) == {"person_id": "1"}


@pytest.mark.parametrize(
    ("mapped", "message"),
    [({"person_id": "Nummer"}, "no column 'Nummer'"), ({"personid": "b"}, "does not have")],
)
def test_mapping_of_what_is_not_there_is_refused_with_what_is(
    tmp_path: Path, mapped: dict[str, str], message: str
) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        columns_of(_table(tmp_path, "a,b\n"), ("person_id",), mapped)
    assert caught.value.hint


def test_staged_rows_come_back_by_key_then_line_whatever_the_order() -> None:
    rows = [("b", 4), ("a", 3), ("b", 2), ("", 5), ("a", 9)]
    with staging() as waiting:
        waiting.put((key, Staged(line, [key, "x"], None)) for key, line in rows)
        found = [(group.key, [row.line for row in group.rows]) for group in waiting.groups()]
        chunks = [[group.key for group in chunk] for chunk in waiting.chunks(2)]
    assert found == [("", [5]), ("a", [3, 9]), ("b", [2, 4])]
    assert chunks == [["", "a"], ["b"]]


def test_bytes_of_a_group_tell_any_change_of_its_fields() -> None:
    def raw(*rows: list[str]) -> bytes:
        with staging() as waiting:
            waiting.put(("k", Staged(n, row, None)) for n, row in enumerate(rows))
            return next(waiting.groups()).raw

    assert raw(["a", "b"]) != raw(["ab", ""])
    assert raw(["a"], ["b"]) != raw(["a", "b"])
    assert raw(["a"], ["b"]) == raw(["a"], ["b"])
