"""Files of statements: what goes in, what is refused and why, and that twice is once."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from store_making import TENANT, VERBS, body, ids, pages, voiding, write

from lrs.errors import BadInput
from lrs.settings import Settings
from lrs.store import taking_in
from lrs.store.database import Database
from lrs.store.exporting import export_statements
from lrs.store.importing import IMPORT_AUTHORITY, ImportCount, import_statements
from lrs.store.reading import every_statement, statements
from lrs.store.schema import import_state, refused, statement
from lrs.xapi.queries import StatementQuery
from lrs.xapi.terms import SpecVersion

OTHER = {"objectType": "Agent", "account": {"homePage": "https://old.example.org", "name": "lrs"}}


def _lines(*statements: Any) -> bytes:
    return b"\n".join(orjson.dumps(one) for one in statements) + b"\n"


def _import(database: Database, path: Path, content: bytes) -> ImportCount:
    path.write_bytes(content)
    return import_statements(database, TENANT, path)


def _counts(count: ImportCount) -> tuple[int, int, int, int]:
    return (count.read, count.stored, count.duplicate, count.rejected)


def _refused(database: Database) -> list[Any]:
    with database.read() as conn:
        return list(conn.execute(sa.select(refused).order_by(refused.c.id)).all())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "statements.ndjson"


_THREE = [body() for _ in range(3)]
_FORMS: dict[str, Callable[[], bytes]] = {
    "one a line": lambda: _lines(*_THREE),
    "one a line, the last unended": lambda: _lines(*_THREE).rstrip(),
    "one a line, with Windows' ends and blank lines": lambda: b"\r\n\r\n".join(
        orjson.dumps(one) for one in _THREE
    ),
    "one a line after a BOM": lambda: b"\xef\xbb\xbf" + _lines(*_THREE),
    "an array": lambda: orjson.dumps(_THREE),
    "an array on many lines": lambda: json.dumps(_THREE, indent=2).encode(),
    "an array after a BOM": lambda: b"\xef\xbb\xbf \n" + orjson.dumps(_THREE),
    "an answer of another store": lambda: json.dumps(
        {"statements": _THREE, "more": "/xapi/more"}, indent=1
    ).encode(),
}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("form", _FORMS)
def test_every_form_of_file_goes_in(
    database: Database, file: Path, form: str, packed: bool
) -> None:
    content = _FORMS[form]()
    count = _import(database, file, gzip.compress(content) if packed else content)
    assert _counts(count) == (3, 3, 0, 0)
    assert ids(pages(database, ascending=True)) == [one["id"] for one in _THREE]


def test_one_statement_on_many_lines_goes_in(database: Database, file: Path) -> None:
    assert _counts(_import(database, file, json.dumps(body(), indent=2).encode())) == (1, 1, 0, 0)


def test_empty_files_are_no_statements(database: Database, file: Path) -> None:
    for content in (b"", b"\n\n", b"[]", b" [ ] ", b'{"statements": []}'):
        assert _counts(_import(database, file, content)) == (0, 0, 0, 0)


def test_imported_twice_is_all_duplicates(database: Database, file: Path) -> None:
    content = _lines(*_THREE, body(id=None), body(id=None, timestamp=None))
    assert _counts(_import(database, file, content)) == (5, 5, 0, 0)
    assert _counts(_import(database, file, content)) == (5, 0, 5, 0)
    assert len(pages(database)) == 5


def test_posted_before_is_duplicate(database: Database, file: Path) -> None:
    write(database, _THREE[0])
    assert _counts(_import(database, file, _lines(*_THREE))) == (3, 2, 1, 0)


def test_refused_are_kept_with_line_path_and_reason(database: Database, file: Path) -> None:
    wrong = body(actor={"mbox": "ann@example.org"})
    content = _lines(_THREE[0], wrong) + b'{"id": \n' + _lines("text", _THREE[1])
    count = _import(database, file, content)
    assert _counts(count) == (5, 2, 0, 3)
    rows = _refused(database)
    assert [row.origin for row in rows] == [f"statements.ndjson:{line}" for line in (2, 3, 4)]
    assert (rows[0].path, rows[0].code) == ("$.actor.mbox", "bad_statement")
    assert orjson.loads(rows[0].body) == wrong
    assert all(row.message for row in rows)
    assert [one.origin for one in count.refusals] == [row.origin for row in rows]


def test_refused_twice_is_kept_once(database: Database, file: Path) -> None:
    for _ in range(2):
        assert _counts(_import(database, file, b"nonsense\n")) == (1, 0, 0, 1)
    assert len(_refused(database)) == 1


def test_element_of_an_array_is_refused_alone(database: Database, file: Path) -> None:
    broken = b'{"actor": nobody, "x": "a ] in a string, and a \\" too"}'
    content = (
        b"[" + b",".join([orjson.dumps(_THREE[0]), broken, b"7", orjson.dumps(_THREE[1])]) + b"]"
    )
    assert _counts(_import(database, file, content)) == (4, 2, 0, 2)
    assert [row.origin for row in _refused(database)] == [
        "statements.ndjson[1]",
        "statements.ndjson[2]",
    ]
    assert _refused(database)[0].body == broken


def test_same_id_with_other_content_is_refused_and_the_rest_stored(
    database: Database, file: Path
) -> None:
    first, other = body(), body()
    changed = {**first, "verb": {"id": VERBS + "failed"}}
    count = _import(database, file, _lines(first, changed, first, other))
    assert _counts(count) == (4, 2, 1, 1)
    (row,) = _refused(database)
    assert (row.origin, row.code, row.path) == ("statements.ndjson:2", "conflict", "$.id")
    assert pages(database, verb=VERBS + "failed") == []


def test_nul_in_what_is_refused_is_kept_on_both_databases(database: Database, file: Path) -> None:
    wrong = body(actor={"mbox\0": "mailto:ann@example.org"})
    assert _counts(_import(database, file, _lines(wrong))) == (1, 0, 0, 1)
    assert orjson.loads(_refused(database)[0].body) == wrong


def test_version_is_the_one_the_statement_names(database: Database, file: Path) -> None:
    context = {
        "contextAgents": [
            {"objectType": "contextAgent", "agent": {"mbox": "mailto:bo@example.org"}}
        ]
    }
    newer = body(version="2.0.0", context=context)
    older = body(version="1.0.1", context=context)
    assert _counts(_import(database, file, _lines(newer, older))) == (2, 1, 0, 1)
    with database.read() as conn:
        assert conn.execute(sa.select(statement.c.version)).scalar_one() == 20


def test_statement_keeps_the_authority_it_names(database: Database, file: Path) -> None:
    _import(database, file, _lines(body(authority=OTHER), body()))
    assert [one["authority"] for one in pages(database, ascending=True)] == [
        OTHER,
        IMPORT_AUTHORITY,
    ]


def test_import_goes_on_where_it_was_broken_off(
    database: Database, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking_in, "_BATCH", 2)
    sent = [body() for _ in range(7)]
    content = _lines(*sent[:4]) + b"nonsense\n" + _lines(*sent[4:])
    file.write_bytes(content)

    def break_off(done: int, of: int) -> None:
        assert of == len(content)
        if done and len(pages(database)) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_statements(database, TENANT, file, progress=break_off)
    with database.read() as conn:
        assert conn.execute(sa.select(import_state.c.line)).scalar_one() == 4
    read = []
    monkeypatch.setattr(taking_in, "glanced", _noting(taking_in.glanced, read))
    assert _counts(import_statements(database, TENANT, file)) == (8, 7, 0, 1)
    assert len(read) == 4
    assert len(pages(database)) == 7
    with database.read() as conn:
        assert conn.execute(sa.select(import_state.c.line)).first() is None


def _noting(read: Callable[[bytes], Any], notes: list[bytes]) -> Callable[[bytes], Any]:
    def noting(raw: bytes) -> Any:
        notes.append(raw)
        return read(raw)

    return noting


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'[{"actor":{}}, {"actor": ', "ends before"),
        (b'[{"actor":{}}', "ends before"),
        ('{"actor": 1}'.encode("utf-16"), "UTF-16"),
        (gzip.compress(_lines(*_THREE) * 40)[:-20], "gzip"),
    ],
)
def test_file_that_breaks_off_is_said(
    make_settings: Callable[..., Settings], file: Path, content: bytes, message: str
) -> None:
    database = Database(make_settings("sqlite"))
    with pytest.raises(BadInput) as told:
        _import(database, file, content)
    database.close()
    assert message in told.value.message
    assert told.value.where == str(file)


def test_file_that_is_not_there_is_said(database: Database, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as told:
        import_statements(database, TENANT, tmp_path / "none.ndjson")
    assert "none.ndjson" in str(told.value.where)


@pytest.mark.parametrize("begin", [b"", b"["])
def test_element_over_the_limit_is_not_read_into_memory(
    make_settings: Callable[..., Settings], file: Path, begin: bytes
) -> None:
    database = Database(make_settings("sqlite", max_body_bytes=10_000))
    huge = b'{"text": "' + b"x" * 3_000_000 + b'"}'
    file.write_bytes(begin + huge + b"\n" + _lines(_THREE[0]))
    if begin:
        with pytest.raises(BadInput, match="larger than"):
            import_statements(database, TENANT, file)
    else:
        assert _counts(import_statements(database, TENANT, file)) == (2, 1, 0, 1)
        assert len(_refused(database)[0].body) <= 10_000
    database.close()


@pytest.mark.parametrize("name", ["out.ndjson", "out.ndjson.gz"])
def test_export_imported_elsewhere_is_the_same_record(
    database: Database, make_settings: Callable[..., Settings], tmp_path: Path, name: str
) -> None:
    gone = body()
    sent = [body(), gone, voiding(gone["id"]), body(id=None, timestamp=None), body(version="2.0.0")]
    write(database, *sent[:3], authority=OTHER)
    write(database, *sent[3:], version=SpecVersion.V2_0)
    out = tmp_path / name
    assert export_statements(database, TENANT, out) == 5
    other = Database(make_settings("sqlite"))
    assert _counts(import_statements(other, TENANT, out)) == (5, 5, 0, 0)
    assert [_but_stored(one) for one in pages(other)] == [
        _but_stored(one) for one in pages(database)
    ]
    again = tmp_path / f"again-{name}"
    export_statements(other, TENANT, again)
    assert _counts(import_statements(database, TENANT, again)) == (5, 0, 5, 0)
    other.close()


def _but_stored(one: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in one.items() if key != "stored"}


def test_export_since_leaves_out_what_was_before(database: Database, tmp_path: Path) -> None:
    write(database, *_THREE)
    second = list(every_statement(database, TENANT))[1]
    out = tmp_path / "out.ndjson"
    assert export_statements(database, TENANT, out, since=second.stored_at) == 1
    assert orjson.loads(out.read_bytes())["id"] == _THREE[2]["id"]


def test_statement_on_many_lines_is_exported_on_one(database: Database, file: Path) -> None:
    _import(database, file, json.dumps([body(), body()], indent=2).encode())
    out = file.with_name("out.ndjson")
    export_statements(database, TENANT, out)
    assert len(out.read_bytes().splitlines()) == 2


def test_export_that_fails_leaves_the_old_file(database: Database, tmp_path: Path) -> None:
    out = tmp_path / "out.ndjson"
    out.write_text("before")
    write(database, *_THREE)

    def fail(_written: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _export_in_small_steps(database, out, fail)
    assert out.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []


def _export_in_small_steps(database: Database, out: Path, progress: Callable[[int], None]) -> None:
    write(database, *(body() for _ in range(1_000)))
    export_statements(database, TENANT, out, progress=progress)


def test_imported_statements_are_found_like_posted_ones(database: Database, file: Path) -> None:
    _import(database, file, _lines(*_THREE))
    found = statements(database, TENANT, StatementQuery(agent="mbox mailto:ann@example.org"))
    assert len(found.statements) == 3
