"""A file read in a process beside is the file as it is read here, and no more than a process is lost."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from store_making import TENANT, body, ids, pages, pointing, voiding

from lrs.errors import BadInput, VerkanError
from lrs.store import aside, importing
from lrs.store.aside import pieces_aside
from lrs.store.authorities import as_authority
from lrs.store.database import Database
from lrs.store.importing import IMPORT_AUTHORITY, import_statements
from lrs.store.rows import Incoming
from lrs.store.schema import import_state, refused
from lrs.store.taking_in import Job, Piece, pieces
from lrs.xapi.dumps import DumpForm

_OTHER = {"objectType": "Agent", "account": {"homePage": "https://old.example.org", "name": "lrs"}}
_COURSE = {"id": "https://example.org/course", "definition": {"name": {"sv": "Kurs"}}}


def _of_every_kind() -> Iterator[bytes]:
    first = body(object=_COURSE)
    yield orjson.dumps(first)
    yield orjson.dumps(voiding(first["id"]))
    yield orjson.dumps(pointing(str(uuid.uuid4()), authority=_OTHER))
    yield orjson.dumps(body(id=None, timestamp=None, version="2.0.0"))
    yield orjson.dumps(
        body(result={"score": {"scaled": 0.5}, "completion": True, "duration": "PT1M"})
    )
    yield orjson.dumps(
        body(
            context={
                "registration": str(uuid.uuid4()),
                "contextActivities": {"parent": [_COURSE]},
                "instructor": {"mbox": "mailto:bo@example.org"},
            }
        )
    )
    group = {"objectType": "Group", "member": [{"mbox": "mailto:bo@example.org"}]}
    yield orjson.dumps(body(actor=group))
    yield orjson.dumps({**first, "verb": {"id": "https://example.org/other"}})
    yield b"nonsense"
    yield orjson.dumps(body(verb={"id": "no iri"}))
    yield orjson.dumps(first)


def _many(number: int) -> list[bytes]:
    return [orjson.dumps(body()) for _ in range(number)]


def _written(path: Path, lines: list[bytes]) -> Path:
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def _job(path: Path, form: DumpForm = DumpForm.STATEMENTS, done: int = 0) -> Job:
    return Job(path, 1_000_000, as_authority(IMPORT_AUTHORITY), form, done)


def _plain(piece: Piece) -> dict[str, Any]:
    """Return all that is stored of a piece; the mark of a text is another one in each process."""
    gathered = piece.gathered
    texts = [[(text.activity, text.body) for _, text in said] for said in gathered.texts]
    columns = ("names", "actors", "verbs", "activities", "vouching", "lines", "said", "authorities")
    return {
        "elements": [_element(one.number, one.raw, one.read) for one in piece.elements],
        "texts": texts,
        "voided": piece.voided,
        "read": piece.read_bytes,
        **{name: getattr(gathered, name) for name in columns},
    }


def _element(number: int, raw: bytes, read: Incoming | VerkanError) -> Any:
    if isinstance(read, VerkanError):
        return (number, raw, read.code, read.where, read.message, read.hint)
    sent = read.statement
    stored = ("raw", "version", "id", "timestamp_at", "actor", "verb", "activity", "result")
    more = ("voids", "targets")
    return (number, raw, read.authority, *(getattr(sent, name) for name in (*stored, *more)))


@pytest.mark.parametrize("done", [0, 3])
def test_it_reads_what_is_read_here(tmp_path: Path, done: int) -> None:
    job = _job(_written(tmp_path / "all.ndjson", list(_of_every_kind())), done=done)
    here = [_plain(piece) for piece in pieces(job)]
    assert [_plain(piece) for piece in pieces_aside(job)] == here
    assert sum(len(piece["elements"]) for piece in here) == 11 - done
    assert len(here) > 1  # an id came twice


def test_it_tells_what_a_dump_holds_as_voided(tmp_path: Path) -> None:
    gone = body()
    rows = [{"statement": gone, "voided": True}, {"statement": body(), "voided": False}]
    file = _written(tmp_path / "dump.ndjson", [orjson.dumps(row) for row in rows])
    for done in (0, 2):
        (piece,) = pieces_aside(_job(file, DumpForm.LEARNING_LOCKER, done))
        assert piece.voided == [uuid.UUID(gone["id"])]
        assert len(piece.elements) == 2 - done


def test_a_large_file_is_stored_as_a_small_one(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [*_of_every_kind(), *_many(2_500)]
    file = _written(tmp_path / "all.ndjson", lines)
    asked: list[Job] = []

    def noted(job: Job) -> Iterator[Piece]:
        asked.append(job)
        return pieces_aside(job)

    monkeypatch.setattr(importing, "pieces_aside", noted)
    monkeypatch.setattr(importing, "_WORTH_A_PROCESS", 1_000)
    count = import_statements(database, TENANT, file)
    assert len(asked) == 1
    assert (count.read, count.stored, count.duplicate, count.rejected) == (2_511, 2_507, 1, 3)
    with database.read() as conn:
        places = conn.execute(sa.select(refused.c.origin).order_by(refused.c.id)).scalars().all()
    assert places == ["all.ndjson:8", "all.ndjson:9", "all.ndjson:10"]
    course = pages(database, activity=_COURSE["id"], related_activities=True)
    assert len(course) == 2  # in a context, and what voids the one about it; that one is gone
    assert orjson.loads(lines[0])["id"] not in ids(course)
    newest = orjson.loads(lines[-1])["id"]
    assert ids(pages(database))[0] == newest


def test_what_cannot_be_read_is_said_as_here(tmp_path: Path) -> None:
    file = tmp_path / "broken.ndjson.gz"
    file.write_bytes(gzip.compress(b"\n".join(_many(2_500)))[:-2_000])
    with pytest.raises(BadInput, match="gzip") as told:
        list(pieces_aside(_job(file)))
    assert told.value.where == str(file)
    assert told.value.hint is not None


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """The processes that were begun."""
    processes: list[subprocess.Popen[bytes]] = []
    begin: Callable[..., subprocess.Popen[bytes]] = subprocess.Popen

    def noted(*given: Any, **more: Any) -> subprocess.Popen[bytes]:
        processes.append(begin(*given, **more))
        return processes[-1]

    monkeypatch.setattr(aside.subprocess, "Popen", noted)
    return processes


def test_it_ends_when_nobody_takes_any_more(
    tmp_path: Path, begun: list[subprocess.Popen[bytes]]
) -> None:
    taken = pieces_aside(_job(_written(tmp_path / "many.ndjson", _many(9_000))))
    next(taken)
    assert begun[0].poll() is None
    taken.close()  # type: ignore[attr-defined]
    assert begun[0].poll() is not None


def test_it_finds_what_this_process_finds_by_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with `python -c` in a checkout that is not installed: '' among the paths is that folder."""
    (tmp_path / "mine.py").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    given: list[str] = []
    begin: Callable[..., subprocess.Popen[bytes]] = subprocess.Popen

    def noted(*command: Any, **more: Any) -> subprocess.Popen[bytes]:
        given.append(more["env"]["PYTHONPATH"])
        return begin(*command, **more)

    monkeypatch.setattr(aside.subprocess, "Popen", noted)
    assert list(pieces_aside(_job(_written(tmp_path / "one.ndjson", _many(1)))))
    assert given[0].split(os.pathsep)[0] == str(tmp_path.resolve())


def test_a_file_without_statements_is_told_no_progress(database: Database, tmp_path: Path) -> None:
    file = _written(tmp_path / "blank.ndjson", [b"", b""])
    told: list[tuple[int, int]] = []
    count = import_statements(database, TENANT, file, progress=lambda *done: told.append(done))
    assert (count.read, told) == (0, [])


def test_a_killed_one_loses_nothing(
    database: Database,
    tmp_path: Path,
    begun: list[subprocess.Popen[bytes]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importing, "_WORTH_A_PROCESS", 1_000)
    file = _written(tmp_path / "many.ndjson", _many(9_000))

    def kill(_done: int, _of: int) -> None:
        begun[0].kill()

    with pytest.raises(VerkanError, match="has ended") as told:
        import_statements(database, TENANT, file, progress=kill)
    assert "run it again" in str(told.value.hint)
    with database.read() as conn:
        assert 0 < conn.execute(sa.select(import_state.c.line)).scalar_one() < 9_000
    count = import_statements(database, TENANT, file)
    assert (count.read, count.stored, count.duplicate) == (9_000, 9_000, 0)
