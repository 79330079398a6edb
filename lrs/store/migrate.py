"""Brings a database to the schema of this version. Each plug-in's migrations are a branch of theirs."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from lrs import plugins
from lrs.errors import BadSettings
from lrs.store.database import Database

# Two processes that start on a new database at once must not both make its tables.
_UPGRADE_LOCK = 0x7665726B


def load_tables() -> sa.MetaData:
    """Return the metadata with every plug-in's tables in it."""
    from lrs.store.schema import metadata

    for module in plugins.each("tables"):
        import_module(module)
    return metadata


def config(connection: sa.Connection | None = None) -> Config:
    """Return Alembic's configuration: the versions of every plug-in, no file."""
    found = Config()
    found.set_main_option("script_location", str(Path(str(files("lrs.store.migrations")))))
    folders = [str(Path(str(files(package)))) for package in plugins.each("migrations")]
    found.set_main_option("path_separator", "newline")
    found.set_main_option("version_locations", "\n".join(folders))
    found.attributes["connection"] = connection
    return found


def is_current(database: Database) -> bool:
    """Return whether the database has the schema of this version."""
    with database.read() as conn:
        return are_newest(revisions_of(conn))


def are_newest(revisions: Iterable[str]) -> bool:
    """Return whether these are the revisions of this version, one a plug-in."""
    return set(revisions) == set(ScriptDirectory.from_config(config()).get_heads())


def is_new(database: Database) -> bool:
    """Return whether the database holds no table of ours yet."""
    with database.read() as conn:
        return not sa.inspect(conn).has_table("alembic_version")


def upgrade(database: Database) -> None:
    """Bring the database to the newest schema; nothing happens when it has it already."""
    with database.write() as conn:
        upgrade_within(conn)


def upgrade_within(conn: sa.Connection, revisions: Iterable[str] = ("heads",)) -> None:
    """Bring the database to these revisions, as a part of a transaction."""
    load_tables()
    if conn.dialect.name != "sqlite":
        conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
    strange = unknown(revisions_of(conn))
    if strange:
        raise _newer(strange)
    for revision in revisions:
        command.upgrade(config(conn), revision)


def _newer(strange: Iterable[str]) -> BadSettings:
    return BadSettings(
        "the database was made by a newer version of Verkan, or with a plug-in that is not here",
        where=", ".join(strange),
        hint="install that version, or restore a backup of this one",
    )


def revisions_of(conn: sa.Connection) -> list[str]:
    """Return the revisions that the database is at, one a plug-in."""
    return sorted(MigrationContext.configure(conn).get_current_heads())


def differences(conn: sa.Connection) -> list[str]:
    """Return where the tables there are not those that this version declares."""
    from alembic.autogenerate import compare_metadata

    declared = load_tables()
    options = {"include_object": lambda _1, name, kind, _2, _3: _is_ours(declared, name, kind)}
    found = compare_metadata(MigrationContext.configure(conn, opts=options), declared)
    return [f"the schema is not this version's: {_as_words(one)}" for one in found]


def _is_ours(declared: sa.MetaData, name: str | None, kind: str) -> bool:
    return kind != "table" or name in declared.tables


def _as_words(difference: Any) -> str:
    kind, *what = difference[0] if isinstance(difference, list) else difference
    return f"{kind} {' '.join(str(getattr(one, 'name', one)) for one in what)}"


def unknown(revisions: Iterable[str]) -> list[str]:
    """Return those of the revisions that no installed part knows."""
    known = {each.revision for each in ScriptDirectory.from_config(config()).walk_revisions()}
    return sorted(set(revisions) - known)


def open_database(arguments: dict[str, Any] | None = None) -> Database:
    """Return the database that settings and arguments name, ready to use.

    A database without tables is made; one of an earlier version is refused, since an upgrade is
    the administrator's decision (`verkan db upgrade`).
    """
    from lrs.settings import load

    database = Database(load(arguments))
    try:
        if is_new(database):
            upgrade(database)
        elif not is_current(database):
            raise _of_another_version(database)
    except BaseException:
        database.close()
        raise
    return database


def _of_another_version(database: Database) -> BadSettings:
    with database.read() as conn:
        strange = unknown(revisions_of(conn))
    if strange:
        return _newer(strange)
    return BadSettings(
        "the database was made by another version of Verkan",
        where=database.engine.url.render_as_string(hide_password=True),
        hint="make a backup, then run `verkan db upgrade`",
    )
