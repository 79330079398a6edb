"""Backup, restore and check of a store, each beside the database alone.

Raw is, for what reads, every row of every table fetched once and dropped; for a restore, the same
rows inserted. Memory is to be the same however much is stored.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import sqlalchemy as sa
from figures import Figure
from files import _Ran, _raw_import_s, _run
from places import Place

from lrs.settings import Settings
from lrs.store.database import Database


def measure_backups(place: Place, settings: Settings, number: int) -> Iterator[Figure]:
    """Back up a store of that many statements, put it back into another, and check that."""
    file = place.folder / "one.backup"
    raw = _read_all_s(settings)
    yield from _figures(place, "backup", number, _run(settings, "db", "backup", str(file)), raw)
    yield Figure(
        place.kind, "size of the backup", file.stat().st_size / number, "bytes a statement"
    )
    target = place.new()
    ran = _run(target, "db", "restore", str(file))
    yield from _figures(place, "restore", number, ran, _raw_import_s(place, settings, number))
    yield from _figures(place, "check", number, _run(target, "db", "check"), raw)
    yield from _figures(place, "full check", number, _run(target, "db", "check", "--full"), raw)
    file.unlink()


def _figures(place: Place, name: str, number: int, ran: _Ran, raw: float) -> Iterator[Figure]:
    beside = f"{ran.cpu:.1f} s CPU"
    whole = f"{name} of {number:,}"
    yield Figure(place.kind, whole, ran.seconds, "s", raw, raw / ran.seconds, None, beside)
    yield Figure(place.kind, f"memory of the {name}", ran.memory_mb, "MB", beside="largest")


def _read_all_s(settings: Settings) -> float:
    database = Database(settings)
    began = time.perf_counter()
    with database.read() as conn:
        for name in sa.inspect(conn).get_table_names():
            query = sa.text(f"SELECT * FROM {name}")
            with conn.execution_options(yield_per=1_000).execute(query) as rows:
                for _ in rows.partitions():
                    pass
    seconds = time.perf_counter() - began
    database.close()
    return seconds
