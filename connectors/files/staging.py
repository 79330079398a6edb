"""Brings the rows of one key together, however large the file and whatever its order.

The rows wait in a temporary table on disk that SQLite sorts, so memory stays flat; and since the
whole file is read before anything is written, a file that breaks off half-way changes nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import groupby, islice
from operator import itemgetter
from typing import NamedTuple

import orjson


class Staged(NamedTuple):
    """A row that waits: its line, its fields, and what is wrong with it, if anything."""

    line: int
    fields: list[str]
    fault: str | None


class Group(NamedTuple):
    """The rows of one key, by line, and the bytes they were made of."""

    key: str
    rows: list[Staged]
    raw: bytes


_BATCH = 2000


def unreadable(line: int) -> str:
    """Return the key of a row whose own cannot be read: groups of such rows stay small."""
    return f"\ue000 line {line // _BATCH * _BATCH}"


class Staging:
    """Rows by key, on disk."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self.rows = 0

    def put(self, rows: Iterable[tuple[str, Staged]]) -> None:
        """Take the rows in, each under its key."""
        waiting = ((key, row.line, row.fault, orjson.dumps(row.fields)) for key, row in rows)
        while batch := list(islice(waiting, _BATCH)):
            self._conn.executemany("INSERT INTO waiting VALUES (?, ?, ?, ?)", batch)
            self.rows += len(batch)

    def groups(self) -> Iterator[Group]:
        """Yield the rows by key, and those of one key by line."""
        found = self._conn.execute(
            "SELECT key, line, fault, fields FROM waiting ORDER BY key, line"
        )
        for key, rows in groupby(found, key=itemgetter(0)):
            raw: list[bytes] = []
            staged: list[Staged] = []
            for _, line, fault, fields in rows:
                staged.append(Staged(line, orjson.loads(fields), fault))
                raw.append(fields)
            yield Group(key, staged, b"\n".join(raw))

    def chunks(self, rows: int) -> Iterator[list[Group]]:
        """Yield groups in lists of about so many rows."""
        chunk: list[Group] = []
        held = 0
        for group in self.groups():
            chunk.append(group)
            held += len(group.rows)
            if held >= rows:
                yield chunk
                chunk, held = [], 0
        if chunk:
            yield chunk


@contextmanager
def staging() -> Iterator[Staging]:
    """Yield an empty staging; its disk space is given back at the end."""
    with closing(sqlite3.connect("", isolation_level=None)) as conn:  # "": a temporary file
        conn.execute("PRAGMA journal_mode = OFF")
        conn.execute("PRAGMA synchronous = OFF")
        conn.execute("PRAGMA temp_store = FILE")
        conn.execute("BEGIN")
        conn.execute("CREATE TABLE waiting (key TEXT, line INTEGER, fault TEXT, fields BLOB)")
        yield Staging(conn)
