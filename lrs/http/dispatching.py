"""Who does what in the built-in server: plain writes side by side, all else in a thread of its own.

Threads that each take one request wake each other for every step of it, and where much is posted
that costs more than the steps. So small plain writes (`lrs.http.plain_writes`) lie in two lines: in
the first they are held to their rules, in the second, of which each tenant has its own, they are
stored and answered. One thread at a time works on a line, and takes all that lies there at once. So
while some are being stored others are made ready, and what has come meanwhile shares a commit.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from contextlib import contextmanager
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from waitress.task import ThreadedTaskDispatcher

from lrs.errors import VerkanError
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
from lrs.log import in_one_piece
from lrs.store.together import Outcome
from lrs.store.writing import Batch, Written, prepare_together, store_prepared

T = TypeVar("T")
_WORTH_STORING = 200
"""Statements; so many are handed on while others are still being looked at."""


class _Asking(NamedTuple):
    """A connection whose request may be plain, and what that says beside its body."""

    connection: Connection
    said: Asked


class _Waiting(NamedTuple):
    """A connection whose request is plain, and how that is to be answered."""

    connection: Connection
    write: PlainWrite
    template: Template


class _Ready(NamedTuple):
    """The same, ready to be stored."""

    waiting: _Waiting
    batch: Batch


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
    def once(self) -> Iterator[None]:
        """Hold it back in this thread, until the end."""
        self._here.is_held = True
        try:
            yield
        finally:
            self._here.is_held = False
            self._wake()


class Dispatcher(ThreadedTaskDispatcher):
    """Hands requests to threads."""

    queue: Any

    def __init__(self, plain: PlainWrites) -> None:
        super().__init__()
        self._plain = plain
        self._waking = Waking(lambda: None)
        self._looking: Line[_Asking] = Line(
            self, self._look, lambda asking: asking.connection.cancel()
        )
        self._storing: dict[int, Line[_Ready]] = {}

    def waking(self, wake: Callable[[], None]) -> Waking:
        """Return what is to be called in the place of ``wake``."""
        self._waking = Waking(wake)
        return self._waking

    def add_task(self, task: Any) -> None:
        """Take a connection whose next request is whole."""
        said = task.said_plainly() if isinstance(task, Connection) else None
        if said is None:
            self.call(task)
        else:
            self._looking.put([_Asking(task, said)])

    def call(self, task: Any) -> None:
        """Have a thread do something."""
        super().add_task(task)

    def _look(self, lying: Sequence[_Asking]) -> None:
        by_tenant: dict[int, list[_Waiting]] = defaultdict(list)
        statements = 0
        fault: VerkanError | None = None
        for asking in lying:
            try:
                if fault is not None:
                    raise fault  # what the database says of itself holds for those behind, too
                waiting = self._looked_at(asking)
            except Exception as exc:
                self._leave(asking.connection, left(exc))
                fault = exc if isinstance(exc, VerkanError) and exc.status >= 500 else None
                continue
            if waiting is None:
                continue
            by_tenant[waiting.write.key.tenant_id].append(waiting)
            statements += len(waiting.write.statements)
            if statements >= _WORTH_STORING:
                self._hand_on(by_tenant)
                statements = 0
        self._hand_on(by_tenant)

    def _looked_at(self, asking: _Asking) -> _Waiting | None:
        """Return one request looked at; None: the application has it."""
        connection = asking.connection
        write = self._plain.looked_at(asking.said, connection.body)
        if write is None:
            self._leave(connection, left(None))
            return None
        template = self._plain.template(write)
        if template is None:
            self._leave(connection, {})
            return None
        return _Waiting(connection, write, template)

    def _hand_on(self, by_tenant: dict[int, list[_Waiting]]) -> None:
        for tenant_id, waiting in by_tenant.items():
            sent = [(each.write.incoming(), each.write.key.id) for each in waiting]
            try:
                batches = prepare_together(self._plain.verkan.database, tenant_id, sent)
            except Exception as exc:
                for each in waiting:
                    self._leave(each.connection, left(exc))
                continue
            self._line_of(tenant_id).put(list(map(_Ready, waiting, batches)))
        by_tenant.clear()

    def _line_of(self, tenant_id: int) -> Line[_Ready]:
        line = self._storing.get(tenant_id)
        if line is None:
            line = self._storing[tenant_id] = Line(
                self,
                lambda ready: self._store(tenant_id, ready),
                lambda ready: ready.waiting.connection.cancel(),
            )
        return line

    def _store(self, tenant_id: int, ready: Sequence[_Ready]) -> None:
        database = self._plain.verkan.database
        outcomes = store_prepared(database, tenant_id, [each.batch for each in ready])
        with in_one_piece():
            answers = [
                self._answer(waiting, outcome)
                for (waiting, _), outcome in zip(ready, outcomes, strict=True)
            ]
        with self._waking.once():
            for (waiting, _), answer in zip(ready, answers, strict=True):
                if isinstance(answer, Answer):
                    waiting.connection.give(answer)
                else:
                    self._leave(waiting.connection, answer)

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
