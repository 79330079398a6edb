"""What waits for the same turn is done together, in one go.

A tenant's turn to write goes to one at a time, and each turn costs a commit that reaches the disk
and a dozen questions to the database, whether it stores one statement or hundreds. So who finds the
turn taken in this process lies down in the line; when the turn is given back, the first in line does
the work of all who wait behind, and each gets its own outcome. Nobody waits for others to come:
alone, one goes at once.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

T = TypeVar("T")
R = TypeVar("R")

Outcome: TypeAlias = R | BaseException
"""What a piece of work came to: its result, or what it raised."""


class _Place(Generic[T, R]):
    """A place in the line."""

    __slots__ = ("_gate", "outcome", "work")

    def __init__(self, work: T) -> None:
        self.work = work
        self.outcome: list[Outcome[R]] = []
        self._gate = threading.Lock()
        self._gate.acquire()

    def wait(self) -> None:
        """Wait until it is done, or first in line."""
        self._gate.acquire()

    def wake(self) -> None:
        self._gate.release()


class Together:
    """The lines of those who wait, one for each turn there is."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: dict[Hashable, deque[_Place[Any, Any]]] = {}

    def run(
        self,
        turn: Hashable,
        work: T,
        do: Callable[[Sequence[T]], Sequence[Outcome[R]]],
        fits: Callable[[Sequence[T], T], bool],
    ) -> R:
        """Have ``work`` done, alone or with others, and return its result or raise what it raised.

        ``do`` does several pieces in their order and returns an outcome for each; it may be called
        in any of the threads that wait. ``fits`` tells whether one more goes along with some.
        """
        place: _Place[T, R] = _Place(work)
        if not self._is_first(turn, place):
            place.wait()
        if not place.outcome:
            self._lead(turn, place, do, fits)
        (outcome,) = place.outcome
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def waiting(self, turn: Hashable) -> int:
        """Return how many wait in the line of a turn, besides those whose work is being done."""
        with self._lock:
            return len(self._lines.get(turn, ()))

    def _is_first(self, turn: Hashable, place: _Place[T, R]) -> bool:
        with self._lock:
            line = self._lines.get(turn)
            if line is None:
                self._lines[turn] = deque()
                return True
            line.append(place)
            return False

    def _lead(
        self,
        turn: Hashable,
        first: _Place[T, R],
        do: Callable[[Sequence[T]], Sequence[Outcome[R]]],
        fits: Callable[[Sequence[T], T], bool],
    ) -> None:
        group = [first]
        try:
            self._gather(turn, group, fits)
            outcomes = do([place.work for place in group])
        except BaseException as exc:  # raised again in each thread whose work it was
            outcomes = [exc] * len(group)
        for place, outcome in zip(group, outcomes, strict=True):
            place.outcome.append(outcome)
        self._hand_on(turn)
        for place in group[1:]:
            place.wake()

    def _gather(
        self,
        turn: Hashable,
        group: list[_Place[T, R]],
        fits: Callable[[Sequence[T], T], bool],
    ) -> None:
        """Take along those next in line, in their order, as far as they fit."""
        with self._lock:
            line = self._lines[turn]
            while line and fits([place.work for place in group], line[0].work):
                group.append(line.popleft())

    def _hand_on(self, turn: Hashable) -> None:
        """Let the next in line lead; without one, the line is gone."""
        with self._lock:
            line = self._lines[turn]
            if line:
                line.popleft().wake()
            else:
                del self._lines[turn]
