"""Whether the database itself is sound: its pages, its indexes, and what lies dead in its files.

Each database has a way of its own to tell. The quick one is always asked; the slow one, which reads
every index against its table, with ``full``.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from lrs.store.database import Database

_DEAD_SHARE, _DEAD_ROWS = 0.3, 10_000
_FREE_SHARE, _FREE_BYTES = 0.3, 10_000_000

_INDEXES = sa.text(
    "SELECT c.oid, c.relname, i.indisvalid AND i.indisready FROM pg_index i "
    "JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam "
    "WHERE c.relnamespace = current_schema()::regnamespace AND a.amname = 'btree'"
)
_DEAD = sa.text(
    "SELECT relname, n_dead_tup, n_live_tup FROM pg_stat_user_tables "
    "WHERE schemaname = current_schema() AND n_dead_tup > :rows "
    "AND n_dead_tup > :share * n_live_tup"
)
_TORN = sa.text(
    "SELECT coalesce(checksum_failures, 0) FROM pg_stat_database WHERE datname = current_database()"
)
_CAN_READ_INDEXES = sa.text("SELECT count(*) FROM pg_extension WHERE extname = 'amcheck'")
_READ_INDEX = sa.text("SELECT bt_index_check(CAST(:oid AS regclass), true)")


def check_indexes(database: Database, faults: list[str], notes: list[str], *, full: bool) -> None:
    """Add what is wrong with the database to ``faults``, and what is worth knowing to ``notes``."""
    if database.is_sqlite:
        with database.read() as conn:
            faults += _sqlite_faults(conn, full=full)
            notes += _sqlite_notes(conn)
    else:
        _check_postgresql(database, faults, notes, full=full)


def _check_postgresql(
    database: Database, faults: list[str], notes: list[str], *, full: bool
) -> None:
    with database.read() as conn:
        indexes = conn.execute(_INDEXES).all()
        faults += (
            f"PostgreSQL: the index {name} is not valid" for _, name, ok in indexes if not ok
        )
        torn = conn.execute(_TORN).scalar_one()
        if torn:
            faults.append(f"PostgreSQL: pages whose checksum is wrong: {torn}")
        notes += _postgresql_notes(conn)
        can_read = bool(conn.execute(_CAN_READ_INDEXES).scalar_one())
    if full and can_read:
        faults += _read_indexes(database, [(oid, name) for oid, name, _ in indexes])
    elif full:
        notes.append(
            "indexes were not read against their tables: for that, a superuser says once "
            "CREATE EXTENSION amcheck"
        )


def _sqlite_faults(conn: sa.Connection, *, full: bool) -> Iterator[str]:
    pragma = "integrity_check" if full else "quick_check"
    try:
        for (line,) in conn.exec_driver_sql(f"PRAGMA {pragma}"):
            if line != "ok":
                yield f"SQLite: {line}"
        for row in conn.exec_driver_sql("PRAGMA foreign_key_check"):
            yield f"SQLite: a row of {row[0]} belongs to no row of {row[2]}"
    except sa.exc.DatabaseError as exc:
        yield f"SQLite: {exc.orig}"


def _sqlite_notes(conn: sa.Connection) -> Iterator[str]:
    def asked(pragma: str) -> int:
        return int(conn.exec_driver_sql(f"PRAGMA {pragma}").scalar_one())

    size, free = asked("page_size"), asked("freelist_count")
    if free * size > _FREE_BYTES and free > _FREE_SHARE * asked("page_count"):
        yield f"{free * size // 1_000_000} MB of the file are empty; VACUUM gives them back"


def _postgresql_notes(conn: sa.Connection) -> Iterator[str]:
    for name, dead, living in conn.execute(_DEAD, {"rows": _DEAD_ROWS, "share": _DEAD_SHARE}):
        yield f"{dead} dead rows beside {living} living in {name}: is autovacuum running?"


def _read_indexes(database: Database, indexes: list[tuple[int, str]]) -> Iterator[str]:
    """Let PostgreSQL read each index against its table; one that fails ends its transaction."""
    for oid, name in indexes:
        try:
            with database.read() as conn:
                conn.execute(_READ_INDEX, {"oid": oid})
        except sa.exc.DBAPIError as exc:
            yield f"PostgreSQL: the index {name}: {str(exc.orig).splitlines()[0]}"
