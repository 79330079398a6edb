"""`verkan statements` and `verkan db`, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import orjson
import pytest
import sqlalchemy as sa
from store_making import TENANT, body, write

from lrs.cli import main
from lrs.settings import Settings
from lrs.store.database import Database
from lrs.store.reading import every_statement
from lrs.store.schema import statement_body
from lrs.store.waiting import goes_to


class _Typed:
    """Runs `verkan` on a database and keeps what it says."""

    def __init__(self, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
        self._options = ["--home", settings.home]
        if settings.database_url:
            self._options += ["--database-url", settings.database_url]
        self._capsys = capsys

    def __call__(self, *words: str | Path) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([*self._options, *map(str, words)])
        said = self._capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err


@pytest.fixture
def verkan(settings: Settings, capsys: pytest.CaptureFixture[str]) -> _Typed:
    return _Typed(settings, capsys)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "three.ndjson"
    made.write_bytes(b"\n".join(orjson.dumps(body()) for _ in range(3)))
    return made


def test_import_tells_the_four_numbers(verkan: _Typed, file: Path) -> None:
    code, out, _ = verkan("statements", "import", file, "--json")
    assert code == 0
    assert json.loads(out) == {"read": 3, "stored": 3, "duplicate": 0, "rejected": 0}
    code, out, _ = verkan("statements", "import", file)
    assert (code, out) == (0, "3 read, 0 stored, 3 duplicate, 0 rejected\n")


def test_import_of_several_files_tells_the_sum(verkan: _Typed, file: Path, tmp_path: Path) -> None:
    other = tmp_path / "one.json"
    other.write_bytes(orjson.dumps([body()]))
    _, out, _ = verkan("statements", "import", file, other, "--json")
    assert json.loads(out)["stored"] == 4


def test_import_says_what_it_refused(verkan: _Typed, file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"\n" + orjson.dumps(body(verb={"id": "passed"})))
    code, _, err = verkan("statements", "import", file)
    assert code == 0
    assert "three.ndjson:4 at $.verb.id" in err


def test_import_of_nothing_usable_is_the_users_mistake(verkan: _Typed, file: Path) -> None:
    file.write_text("Dear reader,\nthis is a letter.\n")
    code, out, err = verkan("statements", "import", file, "--json")
    assert code == 2
    assert json.loads(out)["rejected"] == 2
    assert "error:" in err


def test_import_of_a_missing_file_says_which(verkan: _Typed, tmp_path: Path) -> None:
    code, _, err = verkan("statements", "import", tmp_path / "none.ndjson")
    assert code == 2
    assert "none.ndjson" in err


def test_import_for_an_unknown_tenant_names_those_there_are(verkan: _Typed, file: Path) -> None:
    code, _, err = verkan("statements", "import", file, "--tenant", "nobody")
    assert code == 2
    assert "default" in err


def test_export_writes_what_import_reads(
    verkan: _Typed, file: Path, tmp_path: Path, database: Database
) -> None:
    verkan("statements", "import", file)
    out = tmp_path / "out.ndjson"
    code, said, _ = verkan("statements", "export", "--out", out)
    assert code == 0
    assert said.startswith("3 statements")
    assert [orjson.loads(line)["id"] for line in out.read_bytes().splitlines()] == [
        str(one.id) for one in every_statement(database, TENANT)
    ]


@pytest.mark.parametrize(("since", "expected"), [("2001-01-31", 3), ("2999-01-31T09:30:00Z", 0)])
def test_export_since_takes_a_day_or_an_instant(
    verkan: _Typed, file: Path, tmp_path: Path, since: str, expected: int
) -> None:
    verkan("statements", "import", file)
    _, said, _ = verkan("statements", "export", "--out", tmp_path / "o", "--since", since)
    assert said.startswith(f"{expected} statements")


@pytest.mark.parametrize("options", [("--since", "yesterday"), ("--format", "xml")])
def test_export_says_what_it_cannot(
    verkan: _Typed, tmp_path: Path, options: tuple[str, ...]
) -> None:
    out = tmp_path / "out"
    code, _, err = verkan("statements", "export", "--out", out, *options)
    assert code == 2
    assert options[0] in err
    assert not out.exists()


def test_db_upgrade_can_be_run_twice(verkan: _Typed) -> None:
    assert verkan("db", "upgrade")[:2] == (0, "the database is up to date\n")


def test_db_check_counts_and_finds_nothing_wrong(verkan: _Typed, file: Path) -> None:
    verkan("statements", "import", file)
    code, out, _ = verkan("db", "check", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["counts"]["statement"] == 3
    assert told["faults"] == []
    assert "everything holds together" in verkan("db", "check")[1]


def test_db_check_finds_what_is_missing(verkan: _Typed, database: Database) -> None:
    write(database, body())
    write(database, body())
    with database.write() as conn:
        conn.execute(sa.delete(statement_body).where(statement_body.c.seq == 1))
        finding = goes_to(conn)
        conn.execute(sa.update(finding).where(finding.c.seq == 2).values(seq=9))
    code, out, err = verkan("db", "check")
    assert code == 1
    assert "rows of statement without their statement_body (seq): 1" in err
    assert f"rows of {finding.name} without their statement (seq)" in err
    assert "holds together" not in out
