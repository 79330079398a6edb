"""Has storing fail when the rows of some statements are in, and not committed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from lrs.store import rows, writing
from lrs.store.database import Database
from lrs.store.rows import Ready


def fail_after_inserting(
    patch: pytest.MonkeyPatch, database: Database, look: Callable[[set[str]], None]
) -> None:
    """Have ``look``, which is told the ids of what is inserted and not committed yet, raise something."""

    def inserted(batches: Sequence[Ready]) -> None:
        look({str(one.id) for each in batches for one in each.statements()})

    def insert(*given: Any, **named: Any) -> None:
        rows.insert_new(*given, **{**named, "ends": False})
        inserted(given[3])

    patch.setattr(writing, "insert_new", insert)
    if database.is_sqlite:
        return
    from lrs.store import in_one_piece  # needs the driver of PostgreSQL

    send, store = in_one_piece.send, in_one_piece.OnePiece.store

    def store_it(piece: in_one_piece.OnePiece, conn: sa.Connection) -> bool:
        stored = store(piece, conn)
        inserted(piece.batches)
        return stored

    patch.setattr(in_one_piece, "send", lambda conn, sent, **_: send(conn, sent))
    patch.setattr(in_one_piece.OnePiece, "store", store_it)
