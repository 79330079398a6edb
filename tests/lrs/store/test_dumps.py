"""Dumps of other record stores: taken for what they are, unescaped, and stored as statements."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from store_making import TENANT, body, ids, pages, voiding

from lrs.errors import BadInput
from lrs.settings import Settings
from lrs.store.database import Database
from lrs.store.importing import ImportCount, import_statements
from lrs.store.schema import refused
from lrs.xapi.dumps import DumpForm, recognise, unwrap

AUTHORITY = {"account": {"homePage": "https://old.example.org", "name": "key"}}
AUTHORITY_KEPT = {"objectType": "Agent", **AUTHORITY}
SCORES = "https://quiz.example.org/scores.v1"


def _held(**given: Any) -> dict[str, Any]:
    return body(authority=AUTHORITY_KEPT, stored="2025-11-03T10:00:00.000Z", **given)


def _learning_locker(statement: dict[str, Any], *, voided: bool = False) -> dict[str, Any]:
    """A document as mongoexport writes it, with keys that MongoDB took no dots in."""
    return {
        "_id": {"$oid": "5f0c0b1f9a3b2c0012345678"},
        "lrs_id": {"$oid": "5f0c0b1f9a3b2c0012345679"},
        "active": True,
        "voided": voided,
        "stored": {"$date": "2025-11-03T10:00:00Z"},
        "statement": statement,
    }


def _lines(*documents: Any) -> bytes:
    return b"".join(orjson.dumps(each) + b"\n" for each in documents)


def _csv(*rows: dict[str, str], delimiter: str = ",") -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


@pytest.fixture
def lite(make_settings: Callable[..., Settings]) -> Iterator[Database]:
    """One kind of database is enough where the rule is about the file."""
    database = Database(make_settings("sqlite"))
    yield database
    database.close()


def _import(database: Database, path: Path, content: bytes, **given: Any) -> ImportCount:
    path.write_bytes(content)
    return import_statements(database, TENANT, path, **given)


_TWO = [_held(), _held()]


def _row(statement: dict[str, Any]) -> dict[str, str]:
    return {"id": "7", "statement_id": statement["id"], "payload": json.dumps(statement, indent=1)}


_DUMPS: dict[str, tuple[DumpForm, Callable[[], bytes]]] = {
    "Learning Locker, a document a line": (
        DumpForm.LEARNING_LOCKER,
        lambda: _lines(*(_learning_locker(each) for each in _TWO)),
    ),
    "Learning Locker, an array": (
        DumpForm.LEARNING_LOCKER,
        lambda: orjson.dumps([_learning_locker(each) for each in _TWO]),
    ),
    "SQL LRS, objects": (
        DumpForm.SQL_LRS,
        lambda: _lines(*({"id": 1, "is_voided": False, "payload": each} for each in _TWO)),
    ),
    "SQL LRS, text in objects": (
        DumpForm.SQL_LRS,
        lambda: orjson.dumps([{"payload": json.dumps(each)} for each in _TWO]),
    ),
    "SQL LRS, a table": (DumpForm.SQL_LRS, lambda: _csv(*map(_row, _TWO))),
    "SQL LRS, a table with semicolons after a BOM": (
        DumpForm.SQL_LRS,
        lambda: b"\xef\xbb\xbf" + _csv(*map(_row, _TWO), delimiter=";"),
    ),
    "Ralph, statements": (DumpForm.RALPH, lambda: _lines(*_TWO)),
    "Ralph, Elasticsearch": (
        DumpForm.RALPH,
        lambda: _lines(
            *({"_index": "statements", "_id": each["id"], "_source": each} for each in _TWO)
        ),
    ),
    "Ralph, ClickHouse": (
        DumpForm.RALPH,
        lambda: _lines(*({"event_id": each["id"], "event": json.dumps(each)} for each in _TWO)),
    ),
    "Ralph, ClickHouse, a table": (
        DumpForm.RALPH,
        lambda: _csv(*({"event_id": each["id"], "event": json.dumps(each)} for each in _TWO)),
    ),
}


@pytest.mark.parametrize("named", [False, True], ids=["seen", "named"])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("dump", _DUMPS)
def test_every_dump_is_stored_with_its_authority(
    lite: Database, tmp_path: Path, dump: str, packed: bool, named: bool
) -> None:
    form, made = _DUMPS[dump]
    content = gzip.compress(made()) if packed else made()
    count = _import(lite, tmp_path / "dump", content, form=form if named else None)
    assert (count.read, count.stored, count.rejected) == (2, 2, 0)
    found = pages(lite, ascending=True)
    assert ids(found) == [each["id"] for each in _TWO]
    assert [each["authority"] for each in found] == [AUTHORITY_KEPT] * 2


def test_dump_twice_is_all_duplicates_and_in_another_form_too(
    lite: Database, tmp_path: Path
) -> None:
    _import(lite, tmp_path / "dump", _lines(*map(_learning_locker, _TWO)))
    again = _import(lite, tmp_path / "dump", _csv(*map(_row, _TWO)))
    assert (again.stored, again.duplicate) == (0, 2)


def test_escaped_keys_and_extended_json_are_read_as_they_were_sent(
    lite: Database, tmp_path: Path
) -> None:
    escaped = _held(
        result={"score": {"raw": {"$numberDouble": "7.50"}, "max": {"$numberInt": "10"}}},
        timestamp={"$date": {"$numberLong": "1767605400000"}},
        context={
            "extensions": {
                SCORES.replace(".", "&46;"): {
                    "&36;cost": {"$numberLong": "12345678901234567890"},
                    "said": 'a.b is written a&46;b, {$date} is "$date"',
                }
            }
        },
    )
    _import(lite, tmp_path / "dump", _lines(_learning_locker(escaped)))
    (found,) = pages(lite)
    assert found["context"]["extensions"] == {
        SCORES: {
            "$cost": 12345678901234567890,
            "said": 'a.b is written a&46;b, {$date} is "$date"',
        }
    }
    assert found["result"]["score"] == {"raw": 7.5, "max": 10}
    assert found["timestamp"].startswith("2026-01-05T09:30:00")


def test_numbers_keep_the_digits_they_were_written_with() -> None:
    raw = b'{"voided": false, "statement": {"n": 1.10, "x&46;y": 12345678901234567890123}}'
    held = unwrap(raw, DumpForm.LEARNING_LOCKER)
    assert held.raw == b'{"n": 1.10, "x.y": 12345678901234567890123}'


def test_refused_are_kept_unwrapped_with_their_line(database: Database, tmp_path: Path) -> None:
    wrong = body(actor={"mbox": "ann@example.org"})
    content = _lines(_learning_locker(_TWO[0]), _learning_locker(wrong), {"_id": 3}) + b"{\n"
    count = _import(database, tmp_path / "dump.json", content)
    assert (count.read, count.stored, count.rejected) == (4, 1, 3)
    with database.read() as conn:
        rows = conn.execute(sa.select(refused).order_by(refused.c.id)).all()
    assert [row.origin for row in rows] == [f"dump.json:{line}" for line in (2, 3, 4)]
    assert rows[0].path == "$.actor.mbox"
    assert orjson.loads(rows[0].body) == wrong
    assert "statement" in rows[1].message


def test_row_of_a_table_is_refused_alone(lite: Database, tmp_path: Path) -> None:
    content = _csv(_row(_TWO[0]), {**_row(_TWO[0]), "payload": "\xff"}, _row(_TWO[1]))
    count = _import(lite, tmp_path / "dump.csv", content.replace("\xff".encode(), b"\xff"))
    assert (count.read, count.stored, count.rejected) == (3, 2, 1)
    assert count.refusals[0].origin == "dump.csv row 2"


@pytest.mark.parametrize("flag", [True, "t", "TRUE", 1])
def test_what_was_voided_there_is_voided_here(
    database: Database, tmp_path: Path, flag: Any
) -> None:
    gone, stays = _held(), _held()
    content = _lines({"payload": gone, "is_voided": flag}, {"payload": stays, "is_voided": False})
    assert _import(database, tmp_path / "dump", content).voided == 1
    assert stays["id"] in ids(pages(database))
    assert gone["id"] not in ids(pages(database))
    before = len(pages(database))
    assert _import(database, tmp_path / "dump", content).voided == 0
    assert len(pages(database)) == before


def test_what_the_dump_itself_voids_is_voided_once(lite: Database, tmp_path: Path) -> None:
    gone = _held()
    by = voiding(gone["id"])
    content = _lines(_learning_locker(gone, voided=True), _learning_locker(by))
    assert _import(lite, tmp_path / "dump", content).voided == 0
    assert ids(pages(lite)) == [by["id"]]


def test_wrong_format_is_refused_line_by_line_with_what_to_do(
    lite: Database, tmp_path: Path
) -> None:
    count = _import(lite, tmp_path / "dump", _lines(*_TWO), form=DumpForm.SQL_LRS)
    assert count.rejected == 2
    assert "payload" in count.refusals[0].message
    with pytest.raises(BadInput, match="`payload`"):
        unwrap(_lines(_TWO[0]), DumpForm.SQL_LRS)


@pytest.mark.parametrize("raw", [b"", b"7", b'"text"', b"{", b"{}", b'{"id": 1}'])
def test_what_says_nothing_is_no_form(raw: bytes) -> None:
    assert recognise(raw) is None


def test_form_is_seen_past_a_broken_first_line(lite: Database, tmp_path: Path) -> None:
    content = b"broken\n\n" + _lines(*map(_learning_locker, _TWO))
    count = _import(lite, tmp_path / "dump", content)
    assert (count.stored, count.rejected) == (2, 1)
