"""Stores statements on PostgreSQL while the thread that asked goes on with something else.

The exchange of a piece (`lrs.store.in_one_piece`) is put out, and its answer is read when it is there.
So one thread does all that a post needs, and none wakes another for it: on PostgreSQL what two
threads cost each other was a fourth of what a post of one statement took.
"""

from __future__ import annotations

import select
from contextlib import suppress
from typing import NamedTuple

import psycopg

from lrs.errors import VerkanError
from lrs.store.database import Database
from lrs.store.faults import turn_not_given
from lrs.store.in_one_piece import OnePiece
from lrs.store.pipeline import Waits, send_unwaited
from lrs.store.turns import Turn


class Ended(NamedTuple):
    """What a piece came to."""

    turn: Turn | None
    """The turn it was stored in; None: nothing of it is stored."""
    fault: VerkanError | None = None
    """What is wrong, if that is known already."""


class Unwaited:
    """A connection over which one piece at a time is stored.

    Whatever it raises, the connection is of no use any more, and whether the piece is stored is not
    known: storing it once more, the long way, finds out.
    """

    def __init__(self, database: Database) -> None:
        """Connect, which may take a while."""
        self._patience_s = database.settings.busy_timeout_s
        self._connection = database.engine.raw_connection()
        self._under_way: tuple[OnePiece, Waits] | None = None
        self._waits_for = select.POLLIN
        self._ready = select.poll()
        self._ready.register(self.fileno(), select.POLLIN)

    def fileno(self) -> int:
        """Return the file to wait for."""
        number: int = self._connection.driver_connection.fileno()  # type: ignore[union-attr]
        return number

    @property
    def waits_to_write(self) -> bool:
        """Whether it goes on as well when the file can be written to."""
        return bool(self._waits_for & select.POLLOUT)

    def begin(self, piece: OnePiece) -> Ended | None:
        """Put out what stores a piece, as `go_on` does; the one before has come to its end."""
        self._under_way = piece, send_unwaited(self._connection, piece.sent())
        return self.go_on()

    def is_ready(self) -> bool:
        """Return whether something is there to go on with."""
        return bool(self._ready.poll(0))

    def go_on(self) -> Ended | None:
        """Do what can be done without waiting; None: that is not all."""
        if self._under_way is None:
            return None
        piece, waits = self._under_way
        try:
            self._wait_for(next(waits))
        except StopIteration as end:
            self._under_way = None
            self._wait_for(select.POLLIN)
            return Ended(piece.stored(end.value))
        except psycopg.errors.LockNotAvailable:
            self._under_way = None
            self._wait_for(select.POLLIN)
            return Ended(None, turn_not_given(self._patience_s))
        return None

    def _wait_for(self, what: int) -> None:
        if what != self._waits_for:
            self._waits_for = what
            self._ready.modify(self.fileno(), what)

    def close(self) -> None:
        """Break the connection off."""
        self._under_way = None
        with suppress(Exception):  # it may be broken already
            self._connection.invalidate()
