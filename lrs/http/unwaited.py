"""Has PostgreSQL store plain writes while the thread that reads and writes goes on.

One piece at a time is under way, and what is made ready meanwhile goes with the next. Whatever cannot
go this way goes another as if it had not been here (`Ways.otherwise`): the store finds out what stands
in the way, or what became of it. What is small is prepared together with all that it goes with, for
much of that work is the same for one as for several.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from lrs.errors import VerkanError
from lrs.store.database import Database
from lrs.store.rows import Incoming
from lrs.store.writing import Batch, as_one_piece, of_some_size, prepare

if TYPE_CHECKING:
    from lrs.store.in_one_piece import OnePiece
    from lrs.store.turns import Turn
    from lrs.store.unwaited import Ended, Unwaited

_AFTER_A_FAULT_S = 1.0
_WORTH_A_TURN = 50
"""Statements; more of them at once cost no less each."""


class ToStore(Protocol):
    """What is to be stored."""

    @property
    def incoming(self) -> Sequence[Incoming]:
        """Its statements."""

    @property
    def key_id(self) -> int:
        """The key that brought it."""

    @property
    def batch(self) -> Batch | None:
        """All of it prepared by itself; None: it is so small that it is better prepared with others."""


T = TypeVar("T", bound=ToStore)


@dataclass(frozen=True)
class Ways(Generic[T]):
    """Who takes over what was here."""

    stored: Callable[[int, Sequence[T], Turn], None]
    """Told the tenant, what is stored, and the turn it was stored in."""
    refused: Callable[[Sequence[T], VerkanError], None]
    """Told what is not stored, and why."""
    otherwise: Callable[[int, Sequence[T]], None]
    """Told the tenant, and what is to be stored in another way."""
    in_a_thread: Callable[[Callable[[], None]], None]
    """Has a thread do something."""
    behind: Callable[[], int]
    """How many are still to come, as far as one knows."""


class Unwaiting(Generic[T]):
    """A connection to the database among those of the server. All but connecting is in one thread."""

    accepting = False
    """As the server asks of each of its connections."""

    def __init__(self, database: Database, connections: dict[int, Any], ways: Ways[T]) -> None:
        """``connections`` are the server's, by their files."""
        self._database = database
        self._connections = connections
        self._ways = ways
        self._wire: Unwaited | None = None
        self._number = -1
        self._tenant_id = 0
        self._waiting: list[T] = []
        self._under_way: Sequence[T] = ()
        self._made = threading.Lock()
        self._new: Unwaited | None = None
        self._not_before = 0.0

    def takes(self, tenant_id: int) -> bool:
        """Return whether what is put here now is stored here, as far as one knows."""
        if self._wire is None and not self._is_connected():
            return False
        # Whoever waits for the turn of one tenant keeps no other waiting.
        if (self._under_way or self._waiting) and tenant_id != self._tenant_id:
            return False
        return tenant_id not in self._database.hindered

    def put(self, tenant_id: int, one: T) -> None:
        """Have something stored that is taken here (`takes`)."""
        self._tenant_id = tenant_id
        self._waiting.append(one)
        self.begin()

    def look(self) -> None:
        """Go on if the database has answered, where much else is done between two looks at all files."""
        if self._under_way and self._wire is not None and self._wire.is_ready():
            self._go_on()

    def begin(self) -> None:
        """Put out what waits, if that can be and is worth it; to be called when fewer are `behind`, too."""
        while self._waiting and not self._under_way and self._is_worth_it():
            group = next(of_some_size(self._waiting))
            self._waiting = self._waiting[len(group) :]
            wire, piece = self._wire, None
            with suppress(Exception):  # of what no rule foresaw in one of them
                piece = self._as_piece(group)
            if piece is None or wire is None:
                self._ways.otherwise(self._tenant_id, group)
                continue
            self._under_way = group
            self._go_on(partial(wire.begin, piece))

    def _is_worth_it(self) -> bool:
        """Return whether so much is ready that it need not wait for more of what came with it.

        To store two at once takes little longer than one. So half of those that send go together, and
        the other half is made ready meanwhile.
        """
        if len(self._waiting) >= self._ways.behind():
            return True
        return sum(len(each.incoming) for each in self._waiting) >= _WORTH_A_TURN

    def _as_piece(self, group: Sequence[T]) -> OnePiece | None:
        """Return a group as what is stored in one exchange; None: that is known not to go."""
        batches: list[Batch] = []
        for (is_small, key_id), part in groupby(
            group, lambda each: (each.batch is None, each.key_id)
        ):
            some = list(part)
            if is_small:
                incoming = [one for each in some for one in each.incoming]
                batches.append(prepare(self._database, self._tenant_id, incoming, key_id))
            else:
                batches += [each.batch for each in some if each.batch is not None]
        numbered = [each.prepared.numbered for each in batches if each.prepared.numbered]
        if len(numbered) < len(batches):
            return None
        return as_one_piece(self._database, self._tenant_id, batches, numbered)

    def _go_on(self, how: Callable[[], Ended | None] | None = None) -> None:
        if self._wire is None:
            return
        try:
            ended = self._wire.go_on() if how is None else how()
        except Exception:  # of the connection
            self._give_up()
        else:
            self._end(ended)

    def _end(self, ended: Ended | None) -> None:
        if ended is None:
            return
        tenant_id, group = self._tenant_id, self._under_way
        self._under_way = ()
        self.begin()  # first, so that the database has something to do
        if ended.turn is not None:
            self._ways.stored(tenant_id, group, ended.turn)
        elif ended.fault is not None:
            self._ways.refused(group, ended.fault)
        else:
            self._ways.otherwise(tenant_id, group)

    def _is_connected(self) -> bool:
        """Take the connection that was made, or have one made."""
        with self._made:
            wire, self._new = self._new, None
        if wire is not None:
            self._wire, self._number = wire, wire.fileno()
            self._connections[self._number] = self
            return True
        if monotonic() >= self._not_before:
            self._not_before = float("inf")
            self._ways.in_a_thread(self._connect)
        return False

    def _connect(self) -> None:
        from lrs.store.unwaited import Unwaited  # needs the driver, which need not be installed

        # Who stores in another way meanwhile tells what is wrong with the database.
        with suppress(Exception):
            made = Unwaited(self._database)
            with self._made:
                self._new = made
        self._not_before = monotonic() + _AFTER_A_FAULT_S

    def _give_up(self) -> None:
        """Have all that is here stored otherwise, and connect anew."""
        group, self._under_way, self._waiting = [*self._under_way, *self._waiting], (), []
        self.close()
        self._not_before = monotonic() + _AFTER_A_FAULT_S
        if group:
            self._ways.otherwise(self._tenant_id, group)

    def close(self) -> None:
        """Break the connection off."""
        with self._made:
            new, self._new = self._new, None
        for wire in (self._wire, new):
            if wire is not None:
                wire.close()
        if self._wire is not None:
            self._connections.pop(self._number, None)
            self._wire = None

    # What the server asks of each of its connections, and tells it.

    def readable(self) -> bool:
        """Return True: a server tells an idle connection of its end, too."""
        return True

    def writable(self) -> bool:
        """Return whether there is something to write."""
        return self._wire is not None and self._wire.waits_to_write

    def handle_read_event(self) -> None:
        """Go on."""
        if self._under_way:
            self._go_on()
        else:
            self._give_up()  # what is told unasked is the end

    def handle_write_event(self) -> None:
        """Go on."""
        if self._under_way:
            self._go_on()

    def handle_expt_event(self) -> None:
        """Give up."""
        self._give_up()

    handle_close = handle_error = handle_expt_event
