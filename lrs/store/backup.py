"""Writes everything that is stored to one file, while the server runs: `verkan db backup`.

All tables of all plug-ins are read in one transaction that sees one moment of the data, whatever is
written meanwhile. The file is the same from SQLite and from PostgreSQL, and can be restored into
either: so it is also how to move from one to the other.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from lrs import __version__
from lrs.errors import BadInput
from lrs.settings import Settings
from lrs.store import migrate
from lrs.store.archive import VERSION, ArchiveWriter, Manifest, Rows, Secret
from lrs.store.database import Database
from lrs.store.one_moment import one_moment
from lrs.store.table_rows import table_rows
from lrs.store.whole_file import written_whole

HEADS = "alembic_version"


def back_up(
    database: Database,
    out: Path,
    *,
    with_secret: bool = True,
    progress: Callable[[int], None] | None = None,
) -> Manifest:
    """Write a backup and return its manifest; the file has its name when it is whole."""
    if migrate.is_new(database):
        raise BadInput("there is nothing to back up", where=place(database))
    with (
        written_whole(out, private=True) as file,
        ArchiveWriter(file) as writer,
        one_moment(database) as conn,
    ):
        left_out = _write_tables(database, conn, writer, progress or _nobody)
        secret = _kept_secret(database.settings) if with_secret else None
        if secret is not None:
            writer.secret(secret)
        manifest = Manifest(
            format="verkan backup",
            format_version=VERSION,
            verkan=__version__,
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            database=conn.dialect.name,
            heads=tuple(migrate.revisions_of(conn)),
            secret=_told(database.settings, included=secret is not None),
            parts=tuple(writer.parts),
            left_out=tuple(left_out),
        )
        writer.end(manifest)
    return manifest


def _write_tables(
    database: Database,
    conn: sa.Connection,
    writer: ArchiveWriter,
    progress: Callable[[int], None],
) -> list[str]:
    """Write the rows of every table; return the names of those left out."""
    tables, left_out = _tables(database, conn)
    done = 0

    def chunks(table: sa.Table) -> Iterator[Rows]:
        nonlocal done
        for chunk in table_rows(conn, table):
            yield [tuple(row) for row in chunk]
            done += len(chunk)
            progress(done)

    for table in tables:
        writer.table(table.name, table.columns.keys(), chunks(table))
    return left_out


def _tables(database: Database, conn: sa.Connection) -> tuple[list[sa.Table], list[str]]:
    """Return the tables to back up, as they are there, and the names of those that are not ours.

    At another schema than today's nobody can tell which are ours: then it is all of them.
    """
    there = set(sa.inspect(conn).get_table_names()) - {HEADS}
    declared = migrate.load_tables().tables.keys()
    ours = there & declared if migrate.is_current(database) else there
    found = sa.MetaData()
    found.reflect(conn, only=sorted(ours))
    return found.sorted_tables, sorted(there - ours)


def _kept_secret(settings: Settings) -> bytes | None:
    """Return the secret that lies in the home folder, if it is the one in use."""
    path = settings.home_folder / "secret"
    return path.read_bytes() if not settings.secret and path.is_file() else None


def _told(settings: Settings, *, included: bool) -> Secret:
    in_use = settings.secret.encode() or _kept_secret(settings)
    if not in_use:
        return Secret("none")
    salt = secrets.token_bytes(16)
    if settings.secret:
        return Secret("set by the settings", salt.hex(), sign_of(in_use, salt))
    return Secret("included" if included else "left out", salt.hex(), sign_of(in_use, salt))


def sign_of(secret: bytes, salt: bytes) -> str:
    """Return by what a secret is known again; slow, since a secret may be a word someone chose."""
    return hashlib.scrypt(secret.strip(), salt=salt, n=1 << 14, r=8, p=1, dklen=16).hex()


def place(database: Database) -> str:
    """Return where a database is, for a reader of messages."""
    return database.engine.url.render_as_string(hide_password=True)


def _nobody(_done: int) -> None:
    pass
