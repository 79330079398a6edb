"""A backup holds everything as of one moment, and comes back whole or not at all."""

from __future__ import annotations

import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filled_tables import dump, fill
from serving import Served
from store_making import TENANT, body, pages, voiding, write

from lrs.access.keys import make_key
from lrs.access.ring import find_key
from lrs.cli import main
from lrs.errors import BadInput, Conflict
from lrs.settings import Settings, load
from lrs.store import migrate
from lrs.store.archive import Archive
from lrs.store.backup import back_up
from lrs.store.checking import check_store
from lrs.store.database import Database
from lrs.store.reading import every_statement
from lrs.store.restoring import Restored, restore
from lrs.store.waiting import put_in_order
from lrs.store.whole_file import written_whole

Open = Callable[..., Database]


@pytest.fixture
def open_on(make_settings: Callable[..., Settings]) -> Iterator[Open]:
    """Return ``f(kind)``: another fresh database of that kind."""
    opened: list[Database] = []

    def opening(kind: str, **given: Any) -> Database:
        opened.append(Database(make_settings(kind, **given)))
        return opened[-1]

    yield opening
    for one in opened:
        one.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "one.backup"


def put_back(database: Database, file: Path, *, force: bool = False) -> Restored:
    archive = Archive(file)
    try:
        archive.check(lambda _done, _of: None)
        return restore(database, archive, force=force, progress=lambda _done, _of: None)
    finally:
        archive.close()


def all_rows(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    with database.read() as conn:
        return dump(conn)


@pytest.mark.parametrize("whence", ["sqlite", "postgresql"])
@pytest.mark.parametrize("whither", ["sqlite", "postgresql"])
def test_every_row_of_every_table_comes_back_on_either_database(
    open_on: Open, file: Path, whence: str, whither: str
) -> None:
    source, target = open_on(whence), open_on(whither)
    write(source, body(id=None), *(one := [body()]), voiding(one[0]["id"]))
    with source.write() as conn:
        fill(conn, migrate.load_tables())
    was = all_rows(source)
    manifest = back_up(source, file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert manifest.rows == sum(map(len, was.values())) - len(was["alembic_version"])
    put_back(target, file)
    with source.write() as conn:
        put_in_order(conn)  # as the restored rows are
    was = all_rows(source)
    assert all_rows(target) == was
    assert migrate.is_current(target)


def test_what_is_made_after_a_restore_is_numbered_past_it(
    open_on: Open, file: Path, settings: Settings
) -> None:
    source, target = open_on("sqlite"), Database(settings)
    write(source, body(actor={"mbox": "mailto:old@example.org"}))
    make_key(source, source.settings, name="old")
    back_up(source, file)
    put_back(target, file)
    write(target, body(actor={"mbox": "mailto:new@example.org"}))
    make_key(target, target.settings, name="new")
    assert len(pages(target)) == 2
    assert check_store(target).faults == []
    target.close()


def test_backup_of_a_store_that_is_written_to_holds_one_moment(
    database: Database, open_on: Open, file: Path
) -> None:
    write(database, *(body() for _ in range(50)))
    written, over, seen = threading.Event(), threading.Event(), threading.Event()

    def go_on() -> None:
        while not over.is_set():
            write(database, body(), body())
            written.set()

    def let_write(_done: int) -> None:
        if not seen.is_set():
            written.clear()
            assert written.wait(60), "a backup under way keeps nobody from writing"
            seen.set()

    writer = threading.Thread(target=go_on)
    writer.start()
    assert written.wait(60)
    try:
        back_up(database, file, progress=let_write)
    finally:
        over.set()
        writer.join()
    target = open_on("sqlite")
    put_back(target, file)
    assert check_store(target).faults == []
    stored = [one.answer for one in every_statement(database, TENANT)]
    kept = [one.answer for one in every_statement(target, TENANT)]
    assert 50 < len(kept) < len(stored)
    assert kept == stored[: len(kept)]


def test_keys_work_on_another_machine_when_the_secret_is_in_the_backup(
    database: Database, open_on: Open, file: Path
) -> None:
    made = make_key(database, database.settings, name="moodle")
    assert back_up(database, file).secret.kept == "included"
    target = open_on("sqlite")
    assert put_back(target, file).keys_work is True
    assert find_key(target, target.settings, made.key, made.secret)
    secret = target.settings.home_folder / "secret"
    assert secret.stat().st_mode & 0o777 == 0o600


def test_without_the_secret_it_is_said_that_no_key_works(open_on: Open, file: Path) -> None:
    source, target = open_on("sqlite"), open_on("sqlite")
    made = make_key(source, source.settings, name="moodle")
    assert back_up(source, file, with_secret=False).secret.kept == "left out"
    assert "secret" not in zipfile.ZipFile(file).namelist()
    assert put_back(target, file).keys_work is False
    assert find_key(target, target.settings, made.key, made.secret) is None


def test_a_secret_of_the_settings_stays_in_the_settings(open_on: Open, file: Path) -> None:
    source, target = (
        open_on("sqlite", secret="of the ring"),
        open_on("sqlite", secret="of the ring"),
    )
    make_key(source, source.settings, name="moodle")
    assert back_up(source, file).secret.kept == "set by the settings"
    assert "of the ring" not in file.read_bytes().decode("latin-1")
    assert put_back(target, file).keys_work is True


def test_what_is_stored_is_replaced_only_by_force(
    database: Database, open_on: Open, file: Path
) -> None:
    source = open_on("sqlite")
    write(source, body())
    back_up(source, file)
    write(database, body(), body())
    was = pages(database)
    with pytest.raises(Conflict, match="stored already"):
        put_back(database, file)
    assert pages(database) == was
    put_back(database, file, force=True)
    assert pages(database) == pages(source)


def test_another_secret_is_replaced_only_by_force(open_on: Open, file: Path) -> None:
    source, target = open_on("sqlite"), open_on("sqlite")
    ours, theirs = source.settings.secret_bytes(), target.settings.secret_bytes()
    back_up(source, file)
    with pytest.raises(Conflict, match="another secret"):
        put_back(target, file)
    assert target.settings.secret_bytes() == theirs
    put_back(target, file, force=True)
    assert target.settings.secret_bytes() == ours


def _cut(whole: bytes) -> bytes:
    return whole[: len(whole) // 2]


def _changed(whole: bytes) -> bytes:
    place = whole.index(b"tables/calendar") + 2_000
    return whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]


@pytest.mark.parametrize("spoil", [_cut, _changed, lambda _: b"", lambda _: b"PK letter"])
def test_a_file_that_is_not_whole_changes_nothing(
    open_on: Open, file: Path, spoil: Callable[[bytes], bytes]
) -> None:
    source, target = open_on("sqlite"), open_on("sqlite")
    write(source, body())
    write(target, body())
    was = pages(target)
    back_up(source, file)
    file.write_bytes(spoil(file.read_bytes()))
    with pytest.raises(BadInput):
        put_back(target, file, force=True)
    assert pages(target) == was


def _rewritten(file: Path, **changed: Any) -> None:
    """Change the manifest, as another version would have written it."""
    with zipfile.ZipFile(file) as old:
        held = {name: old.read(name) for name in old.namelist()}
    told = json.loads(held["manifest.json"]) | changed
    held["manifest.json"] = json.dumps(told).encode()
    with zipfile.ZipFile(file, "w") as new:
        for name, content in held.items():
            new.writestr(name, content)


def test_a_manifest_that_tells_another_hash_is_refused(open_on: Open, file: Path) -> None:
    source = open_on("sqlite")
    manifest = back_up(source, file)
    parts = [
        {"name": one.name, "bytes": one.bytes, "sha256": "0" * 64, "rows": one.rows}
        for one in manifest.parts
    ]
    _rewritten(file, parts=parts)
    with pytest.raises(BadInput, match="not what was written"):
        put_back(source, file, force=True)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"format_version": 2}, "a form unknown here"),
        ({"heads": ["lrs_9999"]}, "does not know"),
        ({"format": "letter"}, "manifest"),
    ],
)
def test_what_a_newer_version_made_is_refused(
    open_on: Open, file: Path, changed: dict[str, Any], told: str
) -> None:
    source, target = open_on("sqlite"), open_on("sqlite")
    back_up(source, file)
    _rewritten(file, **changed)
    with pytest.raises(BadInput, match=told):
        put_back(target, file)


def test_a_restore_that_fails_half_way_leaves_what_was_there(
    database: Database, open_on: Open, file: Path
) -> None:
    """The rows of two statements under one id: the file is whole, and cannot be stored."""
    source = open_on("sqlite")
    write(source, body(), body())
    with source.write() as conn:
        conn.exec_driver_sql("DROP TABLE statement_body")
        conn.exec_driver_sql("CREATE TABLE statement_body (tenant_id INT, seq INT, body BLOB)")
        conn.exec_driver_sql("INSERT INTO statement_body VALUES (1, 1, x'00'), (1, 1, x'01')")
    back_up(source, file)
    write(database, body())
    was = pages(database)
    with pytest.raises(BadInput, match="cannot be stored here"):
        put_back(database, file, force=True)
    assert pages(database) == was


def test_a_database_that_a_server_has_open_is_left_alone(
    served: Served, open_on: Open, file: Path
) -> None:
    source, target = open_on("sqlite"), Database(served.settings)
    back_up(source, file)
    with pytest.raises(Conflict, match="has the database open"):
        put_back(target, file, force=True)
    target.close()
    assert served.stop() == 0
    put_back(target, file, force=True)
    target.close()


def test_tables_of_others_are_named_and_left_out(open_on: Open, file: Path) -> None:
    source = open_on("postgresql")
    with source.write() as conn:
        conn.exec_driver_sql("CREATE TABLE somebodys (x INT)")
    assert back_up(source, file).left_out == ("somebodys",)


def test_a_file_that_fails_leaves_the_one_before(tmp_path: Path) -> None:
    out = tmp_path / "kept"
    out.write_text("before")

    def fail() -> None:
        with written_whole(out) as file:
            file.write(b"after, in part")
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert out.read_text() == "before"
    assert list(tmp_path.iterdir()) == [out]


@pytest.fixture
def verkan(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Return ``f(settings, *words)``: what the command says on that database."""

    def type_(settings: Settings, *words: str | Path) -> tuple[int, str, str]:
        options = ["--home", settings.home]
        if settings.database_url:
            options += ["--database-url", settings.database_url]
        with pytest.raises(SystemExit) as ended:
            main([*options, *map(str, words)])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return type_


def test_the_commands_say_what_they_did(
    verkan: Callable[..., tuple[int, str, str]], database: Database, tmp_path: Path
) -> None:
    write(database, body(), body())
    code, out, _ = verkan(database.settings, "db", "backup", tmp_path, "--json")
    told = json.loads(out)
    made = Path(told["path"])
    assert (code, told["tables"]["statement"], told["secret"]) == (0, 2, "none")
    assert made.name.startswith("verkan-2")
    assert told["bytes"] == made.stat().st_size
    new = load({"home": str(tmp_path / "new")})
    code, out, _ = verkan(new, "db", "restore", made, "--dry-run")
    assert (code, out.split(":")[0]) == (0, "the backup is whole")
    code, out, _ = verkan(new, "db", "restore", made, "--json")
    assert (code, json.loads(out)["restored"]) == (0, True)
    code, _, err = verkan(new, "db", "restore", made)
    assert code == 2
    assert "--force" in err
    restored = Database(new)
    assert len(pages(restored)) == 2
    restored.close()


def test_a_backup_of_nothing_is_refused(
    verkan: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    code, _, err = verkan(load({"home": str(tmp_path / "new")}), "db", "backup", tmp_path / "b")
    assert code == 2
    assert "nothing to back up" in err
    assert not (tmp_path / "b").exists()


def test_a_folder_that_is_not_there_is_told(
    verkan: Callable[..., tuple[int, str, str]], database: Database, tmp_path: Path
) -> None:
    code, _, err = verkan(database.settings, "db", "backup", tmp_path / "no" / "b")
    assert code == 2
    assert "No such file" in err
