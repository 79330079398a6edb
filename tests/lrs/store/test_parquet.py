"""Statements as Parquet: columns for tools that read tables, and the whole record back again."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pyarrow
import pyarrow.parquet as pq
import pytest
from store_making import AUTHORITY, TENANT, VERBS, body, pages, voiding, write

from lrs.errors import BadInput, VerkanError
from lrs.settings import Settings
from lrs.store import parquet
from lrs.store.database import Database
from lrs.store.exporting import export_statements
from lrs.store.importing import import_statements
from lrs.store.reading import every_statement
from lrs.xapi.parsing import parse_statement
from lrs.xapi.statement import check
from lrs.xapi.terms import SpecVersion

REGISTRATION = "8b5f4c0a-2a8e-4d3b-9d7e-0c9d7a4b1e11"


@pytest.fixture
def lite(make_settings: Callable[..., Settings]) -> Iterator[Database]:
    database = Database(make_settings("sqlite"))
    yield database
    database.close()


@pytest.fixture
def empty(make_settings: Callable[..., Settings]) -> Iterator[Database]:
    database = Database(make_settings("sqlite"))
    yield database
    database.close()


def _export(database: Database, out: Path) -> Path:
    export_statements(database, TENANT, out, parquet=True)
    return out


def _rows(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return found


def _but_stored(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`stored` is each store's own (Data 2.4.8); all the rest must be equal."""
    return [
        {
            **{name: value for name, value in row.items() if name != "stored"},
            "statement": {**orjson.loads(row["statement"]), "stored": None},
        }
        for row in rows
    ]


def test_columns_say_what_the_statement_says(database: Database, tmp_path: Path) -> None:
    gone = body(object={"objectType": "Agent", "mbox": "mailto:bo@example.org"})
    group = {"objectType": "Group", "member": [{"mbox": "mailto:bo@example.org"}]}
    sent = [body(context={"registration": REGISTRATION}), gone, voiding(gone["id"], actor=group)]
    write(database, *sent)
    first, second, third = _rows(_export(database, tmp_path / "out.parquet"))
    assert first["id"] == sent[0]["id"]
    assert first["actor"] == "mbox mailto:ann@example.org"
    assert (first["verb"], first["activity"]) == (VERBS + "passed", "https://example.org/exam")
    assert (first["registration"], first["version"]) == (REGISTRATION, "1.0.0")
    assert first["timestamp"].isoformat() == "2026-01-05T09:30:00+00:00"
    assert orjson.loads(first["statement"])["authority"] == AUTHORITY
    assert [each["voided"] for each in (first, second, third)] == [False, True, False]
    assert second["activity"] is None
    assert third["actor"] is None
    stored = [each["stored"] for each in (first, second, third)]
    assert stored == sorted(stored)


def test_imported_into_an_empty_store_and_exported_again_is_equal(
    lite: Database, empty: Database, tmp_path: Path
) -> None:
    gone = body()
    write(lite, body(id=None, timestamp=None), gone, voiding(gone["id"]))
    write(lite, body(), version=SpecVersion.V2_0)
    first = _export(lite, tmp_path / "first.parquet")
    count = import_statements(empty, TENANT, first)
    assert (count.read, count.stored, count.rejected) == (4, 4, 0)
    second = _export(empty, tmp_path / "second.parquet")
    assert _but_stored(_rows(second)) == _but_stored(_rows(first))
    assert import_statements(lite, TENANT, second).duplicate == 4


def test_numbers_keep_their_digits(lite: Database, tmp_path: Path) -> None:
    text = orjson.dumps(body())[:-1] + b',"result":{"extensions":{"https://x.example/n":1.10}}}'
    path = tmp_path / "in.ndjson"
    path.write_bytes(text)
    import_statements(lite, TENANT, path)
    assert '"https://x.example/n":1.10}' in _rows(_export(lite, tmp_path / "o"))[0]["statement"]


def test_rows_are_written_in_groups(
    lite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "_GROUP_ROWS", 2)
    write(lite, *(body() for _ in range(5)))
    path = _export(lite, tmp_path / "out")
    assert pq.ParquetFile(path).num_row_groups == 3
    assert len(_rows(path)) == 5


def test_nothing_stored_is_a_table_without_rows(
    lite: Database, empty: Database, tmp_path: Path
) -> None:
    path = _export(lite, tmp_path / "out")
    assert "statement" in pq.read_schema(path).names
    assert import_statements(empty, TENANT, path).read == 0


@pytest.mark.parametrize("kind", [pyarrow.string(), pyarrow.binary()], ids=["text", "bytes"])
@pytest.mark.parametrize("column", ["statement", "payload", "event"])
def test_tables_of_others_go_in_and_bad_rows_are_refused_alone(
    lite: Database, tmp_path: Path, column: str, kind: pyarrow.DataType
) -> None:
    held = [json.dumps(body()), None, "", '{"actor": 1', json.dumps(body())]
    if kind == pyarrow.binary():
        held[2] = b"\xff\xfe"  # type: ignore[call-overload]
    path = tmp_path / "theirs.parquet"
    pq.write_table(pyarrow.table({"n": range(5), column: pyarrow.array(held, kind)}), path)
    count = import_statements(lite, TENANT, path)
    assert (count.read, count.stored, count.rejected) == (5, 2, 3)
    assert [each.origin for each in count.refusals] == [
        f"theirs.parquet row {n}" for n in (2, 3, 4)
    ]


def test_table_without_statements_is_refused(lite: Database, tmp_path: Path) -> None:
    path = tmp_path / "theirs.parquet"
    pq.write_table(pyarrow.table({"n": [1]}), path)
    with pytest.raises(BadInput, match="no column"):
        import_statements(lite, TENANT, path)


def test_file_that_is_cut_is_said(lite: Database, tmp_path: Path) -> None:
    write(lite, body())
    path = _export(lite, tmp_path / "out")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(BadInput, match="cannot be read"):
        import_statements(lite, TENANT, path)


def test_without_pyarrow_it_is_said_what_to_install(
    lite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    out = tmp_path / "out"
    with pytest.raises(BadInput) as told:
        _export(lite, out)
    assert "verkan[parquet]" in str(told.value.hint)
    assert not out.exists()


def _valid(bodies: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    for each in bodies:
        raw = orjson.dumps(each)
        version = (
            SpecVersion.V2_0 if str(each.get("version")).startswith("2.") else SpecVersion.V1_0
        )
        try:
            check(parse_statement(raw), version)
        except VerkanError:
            continue
        # The same id stands for several examples, and some stand there twice without one.
        name = each.get("id", raw.decode())
        if name not in seen:
            seen.add(name)
            yield each


@pytest.mark.parametrize("form", ["ndjson", "parquet"])
def test_every_statement_of_the_corpus_survives_two_moves(
    lite: Database, empty: Database, tmp_path: Path, shared: Path, form: str
) -> None:
    files = sorted((shared / "corpus").glob("*.json"))
    bodies = [one["statement"] for f in files for one in orjson.loads(f.read_bytes())["statements"]]
    sent = list(_valid([each for each in bodies if isinstance(each, dict)]))
    start = tmp_path / "start.ndjson"
    start.write_bytes(b"\n".join(map(orjson.dumps, sent)))
    assert import_statements(lite, TENANT, start).stored == len(sent) > 50
    first, second = tmp_path / f"first.{form}", tmp_path / f"second.{form}"
    export_statements(lite, TENANT, first, parquet=form == "parquet")
    count = import_statements(empty, TENANT, first)
    assert (count.stored, count.rejected) == (len(sent), 0)
    export_statements(empty, TENANT, second, parquet=form == "parquet")
    if form == "parquet":
        assert _but_stored(_rows(second)) == _but_stored(_rows(first))
    else:
        assert _lines(second) == _lines(first)
    assert len(list(every_statement(empty, TENANT))) == len(sent)
    assert pages(lite, limit=1)


def _lines(path: Path) -> list[dict[str, Any]]:
    return [{**orjson.loads(line), "stored": None} for line in path.read_bytes().splitlines()]
