"""Who does what in the built-in server: small plain writes side by side, all else in threads.

Threads that each take one request wake each other for every step of it, and where much is posted
that costs more than the steps. So the thread that reads requests and writes answers looks at small plain
writes (`lrs.http.plain_writes`) itself, as long as nothing has to be waited for: it holds them to
their rules, and on PostgreSQL has them stored while it goes on (`lrs.http.unwaited`).

What has to wait lies in lines: to have its key looked up, to have made what nobody named before, to be
stored. Each tenant has its own, one thread at a time works on a line, and takes all that lies there at
once. So while some are being stored others are made ready, and what has come meanwhile shares a commit.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar

from waitress.task import ThreadedTaskDispatcher

from lrs.access.ring import Key
from lrs.errors import VerkanError
from lrs.http import consistency
from lrs.http.connection import Connection
from lrs.http.plain_writes import (
    Answer,
    Asked,
    PlainWrite,
    PlainWrites,
    Template,
    left,
    left_stored,
)
from lrs.http.unwaited import Unwaiting, Ways
from lrs.log import in_one_piece
from lrs.store.preparing import WORTH_PACKING
from lrs.store.rows import Incoming
from lrs.store.together import Outcome
from lrs.store.writing import Batch, Written, all_new, complete, prepare, store_prepared

if TYPE_CHECKING:
    from lrs.store.turns import Turn

T = TypeVar("T")
W = TypeVar("W", bound="_HasWaiting")
_AT_A_TIME_S = 0.01
"""For how long the thread that reads and writes does something else."""
_WORTH_STORING = 200
"""Statements; so many are handed on while others are still being looked at."""


class _Asking(NamedTuple):
    """A connection whose request may be plain, and what that says beside its body."""

    connection: Connection
    said: Asked
    key: Key | None
    """Whose it is, where that needs no asking."""


class _Waiting(NamedTuple):
    """A connection whose request is plain, and how that is to be answered."""

    connection: Connection
    write: PlainWrite
    template: Template


class _Ready(NamedTuple):
    """The same, and what is to be stored of it."""

    waiting: _Waiting
    incoming: list[Incoming]
    batch: Batch | None
    """All of it prepared by itself; None: it is small, and that is still to be done."""

    @property
    def key_id(self) -> int:
        """The key that brought it."""
        return self.waiting.write.key.id


class _Prepared(NamedTuple):
    """The same, prepared to be stored by a thread that may wait."""

    waiting: _Waiting
    batch: Batch


class _HasWaiting(Protocol):
    @property
    def waiting(self) -> _Waiting: ...


class Threads(Protocol):
    """What gives work a thread."""

    @property
    def queue(self) -> Sized:
        """What waits for a thread."""

    def call(self, task: Any) -> None:
        """Have a thread call ``service`` of something."""


class Line(Generic[T]):
    """What lies in a line, and is done by one thread at a time, all that is there at once."""

    def __init__(
        self, threads: Threads, do: Callable[[Sequence[T]], None], drop: Callable[[T], None]
    ) -> None:
        """``do`` raises nothing; ``drop`` is told of what will not be done."""
        self._threads, self._do, self._drop = threads, do, drop
        self._lock = threading.Lock()
        self._lying: list[T] = []
        self._has_thread = False

    def put(self, more: Sequence[T]) -> None:
        """Lay something at the end."""
        if not more:
            return
        with self._lock:
            self._lying += more
            had_thread, self._has_thread = self._has_thread, True
        if not had_thread:
            self._threads.call(self)

    def service(self) -> None:
        """Do what lies here, and what is laid here meanwhile unless the thread is wanted elsewhere."""
        while lying := self._taken():
            try:
                self._do(lying)
            except BaseException:
                self._threads.call(self)  # so that those behind are done all the same
                raise
            if self._threads.queue:
                self._threads.call(self)
                return

    def cancel(self) -> None:
        """Do nothing more."""
        for one in self._taken():
            self._drop(one)

    def _taken(self) -> list[T]:
        """Take all that lies here; when that is nothing, the next to be laid here needs a thread."""
        with self._lock:
            taken, self._lying = self._lying, []
            self._has_thread = bool(taken)
            return taken


class Waking:
    """Wakes the thread that reads and writes; once behind all answers that are given together.

    Woken at the first of several it would only take the interpreter from whoever gives the next.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._here = threading.local()

    def __call__(self) -> None:
        if not getattr(self._here, "is_held", False):
            self._wake()

    @contextmanager
    def once(self, *, at_the_end: bool = True) -> Iterator[None]:
        """Hold it back in this thread, until the end; the thread that reads and writes is awake."""
        self._here.is_held = True
        try:
            yield
        finally:
            self._here.is_held = False
            if at_the_end:
                self._wake()


class _Call(NamedTuple):
    """Something for a thread to do."""

    service: Callable[[], None]

    def cancel(self) -> None:
        """Do nothing."""


class Dispatcher(ThreadedTaskDispatcher):
    """Hands requests to threads, and does itself what needs none (`work`)."""

    queue: Any

    def __init__(self, plain: PlainWrites) -> None:
        super().__init__()
        self._plain = plain
        self._database = plain.verkan.database
        self._waking = Waking(lambda: None)
        self._reader: int | None = None
        self._asking: deque[_Asking] = deque()
        self._looking: Line[_Asking] = Line(
            self, self._look, lambda asking: asking.connection.cancel()
        )
        self._making: dict[int, Line[_Ready]] = {}
        self._storing: dict[int, Line[_Prepared]] = {}
        self._unwaiting: Unwaiting[_Ready] | None = None

    def join(self, connections: dict[int, Any], wake: Callable[[], None]) -> Waking:
        """Work among the connections of a server; return what is to be called in the place of ``wake``."""
        self._waking = Waking(wake)
        if not self._database.is_sqlite:
            ways = Ways(
                self._stored,
                self._refused,
                self._store_by_threads,
                lambda do: self.call(_Call(do)),
                lambda: len(self._asking),
            )
            self._unwaiting = Unwaiting(self._database, connections, ways)
        return self._waking

    def add_task(self, task: Any) -> None:
        """Take a connection whose next request is whole."""
        said = task.said_plainly() if isinstance(task, Connection) else None
        if said is None:
            self.call(task)
            return
        key = self._plain.remembered_key(said) if threading.get_ident() == self._reader else None
        asking = _Asking(task, said, key)
        if key is None:
            self._looking.put([asking])
        else:
            self._asking.append(asking)

    def call(self, task: Any) -> None:
        """Have a thread do something."""
        super().add_task(task)

    def work(self) -> bool:
        """Look at small plain writes in the thread that reads and writes; return whether some are left.

        Only what waits for nothing is done here, and no longer than others can be kept waiting.
        """
        self._reader = threading.get_ident()
        self._look(self._for_a_while())
        if self._unwaiting is not None:
            self._unwaiting.begin()  # what waited for those behind it, which have gone another way
        return bool(self._asking)

    def _for_a_while(self) -> Iterator[_Asking]:
        until = perf_counter() + _AT_A_TIME_S
        while self._asking:
            yield self._asking.popleft()
            if self._unwaiting is not None:
                self._unwaiting.look()
            if perf_counter() > until:
                return

    def _look(self, lying: Iterable[_Asking]) -> None:
        by_tenant: dict[int, list[_Ready]] = defaultdict(list)
        statements = 0
        fault: VerkanError | None = None
        for asking in lying:
            try:
                if fault is not None:
                    raise fault  # what the database says of itself holds for those behind, too
                ready = self._looked_at(asking)
            except Exception as exc:
                self._leave(asking.connection, left(exc))
                fault = exc if isinstance(exc, VerkanError) and exc.status >= 500 else None
                continue
            if ready is None:
                continue
            tenant_id = ready.waiting.write.key.tenant_id
            if asking.key is not None and self._goes_unwaited(tenant_id, ready):
                continue
            by_tenant[tenant_id].append(ready)
            statements += len(ready.incoming)
            if statements >= _WORTH_STORING:
                self._hand_on(by_tenant)
                statements = 0
        self._hand_on(by_tenant)

    def _looked_at(self, asking: _Asking) -> _Ready | None:
        """Return one request looked at; None: the application has it."""
        connection = asking.connection
        write = self._plain.looked_at(asking.said, connection.body, asking.key)
        if write is None:
            self._leave(connection, left(None))
            return None
        template = self._plain.template(write)
        if template is None:
            self._leave(connection, {})
            return None
        waiting, incoming = _Waiting(connection, write, template), write.incoming()
        if asking.key is not None and self._unwaiting is not None:
            if len(incoming) < WORTH_PACKING:
                return _Ready(waiting, incoming, None)
            self._unwaiting.look()  # half of the work is done
        batch = prepare(self._database, write.key.tenant_id, incoming, write.key.id)
        return _Ready(waiting, incoming, batch)

    def _goes_unwaited(self, tenant_id: int, ready: _Ready) -> bool:
        """Have it stored while this thread goes on, if that can be; return whether it can."""
        if self._unwaiting is None or not self._unwaiting.takes(tenant_id):
            return False
        if ready.batch is not None and not ready.batch.is_whole:
            return False
        self._unwaiting.put(tenant_id, ready)
        return True

    def _hand_on(self, by_tenant: dict[int, list[_Ready]]) -> None:
        may_wait = threading.get_ident() != self._reader
        for tenant_id, ready in by_tenant.items():
            if may_wait:
                self._complete(tenant_id, ready)
            else:
                self._store_by_threads(tenant_id, ready)
        by_tenant.clear()

    def _store_by_threads(self, tenant_id: int, ready: Sequence[_Ready]) -> None:
        prepared = [
            _Prepared(each.waiting, each.batch)
            for each in ready
            if each.batch is not None and (each.batch.is_whole or self._database.is_sqlite)
        ]
        if len(prepared) == len(ready):
            self._storing_of(tenant_id).put(prepared)
        else:
            self._making_of(tenant_id).put(ready)

    def _complete(self, tenant_id: int, ready: Sequence[_Ready]) -> None:
        """Have made what is lacking, which may take a while, and all of it stored."""
        prepared: list[_Prepared] = []
        for waiting, incoming, batch in ready:
            try:
                batch = batch or prepare(self._database, tenant_id, incoming, waiting.write.key.id)
            except Exception as exc:
                self._leave(waiting.connection, left(exc))
                continue
            prepared.append(_Prepared(waiting, batch))
        try:
            batches = complete(self._database, tenant_id, [each.batch for each in prepared])
        except Exception as exc:
            for each in prepared:
                self._leave(each.waiting.connection, left(exc))
            return
        waiting_ones = (each.waiting for each in prepared)
        self._storing_of(tenant_id).put(list(map(_Prepared, waiting_ones, batches)))

    def _making_of(self, tenant_id: int) -> Line[_Ready]:
        return self._one_of(self._making, tenant_id, self._complete)

    def _storing_of(self, tenant_id: int) -> Line[_Prepared]:
        return self._one_of(self._storing, tenant_id, self._store)

    def _one_of(
        self,
        lines: dict[int, Line[W]],
        tenant_id: int,
        do: Callable[[int, Sequence[W]], None],
    ) -> Line[W]:
        line = lines.get(tenant_id)
        if line is None:
            line = lines[tenant_id] = Line(
                self, partial(do, tenant_id), lambda one: one.waiting.connection.cancel()
            )
        return line

    def _store(self, tenant_id: int, prepared: Sequence[_Prepared]) -> None:
        outcomes = store_prepared(self._database, tenant_id, [each.batch for each in prepared])
        self._tell([each.waiting for each in prepared], outcomes, wakes=True)

    def _stored(self, tenant_id: int, ready: Sequence[_Ready], turn: Turn) -> None:
        """Answer what was stored while the thread that reads and writes went on."""
        size = sum(len(each.incoming) for each in ready)
        consistency.note(self._plain.verkan, tenant_id, turn.stored_at + size - 1)
        outcomes = [all_new(each.incoming) for each in ready]
        self._tell([each.waiting for each in ready], outcomes, wakes=False)

    def _refused(self, ready: Sequence[_Ready], fault: VerkanError) -> None:
        self._tell([each.waiting for each in ready], [fault] * len(ready), wakes=False)

    def _tell(
        self,
        waiting: Sequence[_Waiting],
        outcomes: Sequence[Outcome[list[Written]]],
        *,
        wakes: bool,
    ) -> None:
        with in_one_piece():
            answers = [
                self._answer(each, outcome) for each, outcome in zip(waiting, outcomes, strict=True)
            ]
        with self._waking.once(at_the_end=wakes):
            for each, answer in zip(waiting, answers, strict=True):
                if isinstance(answer, Answer):
                    each.connection.give(answer)
                else:
                    self._leave(each.connection, answer)

    def _answer(
        self, waiting: _Waiting, outcome: Outcome[list[Written]]
    ) -> Answer | Mapping[str, Any]:
        """Return the answer, or what the application is told that is to answer instead."""
        if isinstance(outcome, BaseException):
            return left(outcome)
        try:
            return self._plain.answer(waiting.write, waiting.template, outcome)
        except Exception as exc:
            return left_stored(exc)

    def _leave(self, connection: Connection, told: Mapping[str, Any]) -> None:
        """Leave a request to the application, which is told something beside it."""
        connection.passed_on = told
        self.call(connection)
