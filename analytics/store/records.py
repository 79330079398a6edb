"""Observations of people by month as bare numbers; and packed, a line a person, as they are kept.

A line has a bit for each month with an observation, from the lowest on, and of these months, one after
another, what was observed as 64-bit numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from analytics.estimators.grid import BoolArray, FloatArray, IntArray

_NUMBER = np.dtype("<f8")
_AT_ONCE = 8_192
Line = tuple[int, int, bytes, bytes | None]
"""Number of the person, months, num and den; no den: 1 each."""


class Records(NamedTuple):
    """Observations, one a person and month: columns of equal length; without ``den``, 1 each."""

    person: IntArray
    period: IntArray
    num: FloatArray
    den: FloatArray | None

    def between(self, first: int, last: int) -> Records:
        """Return those of some months."""
        return self.where((self.period >= first) & (self.period <= last))

    def where(self, which: BoolArray) -> Records:
        """Return some of them."""
        person, period, num, den = self
        left = None if den is None else den[which]
        return Records(person[which], period[which], num[which], left)


class Lines(NamedTuple):
    """What some people have, each named once: a line a person, a column a month from the ``first`` on."""

    person: IntArray
    first: int
    there: BoolArray
    num: FloatArray
    """0 where there is nothing."""
    den: FloatArray | None

    def between(self, first: int, last: int) -> Lines:
        """Return the months of these that lie between two."""
        begin, end = max(first - self.first, 0), max(last - self.first + 1, 0)
        months = slice(begin, end)
        den = None if self.den is None else self.den[:, months]
        return Lines(
            self.person, self.first + begin, self.there[:, months], self.num[:, months], den
        )

    def records(self) -> Records:
        """Return the same one by one."""
        line, month = np.nonzero(self.there)
        den = None if self.den is None else self.den[line, month]
        return Records(self.person[line], month + self.first, self.num[line, month], den)


def unpacked(lines: Sequence[Sequence[Any]], first: int, width: int) -> Lines:
    """Return what lines hold of so many months, the first of which is that of the lowest bit."""
    # Column by column: to turn all of it at once makes as many iterators as there are lines.
    person, months, num, den = ([line[n] for line in lines] for n in range(4))
    there = _has(np.array(months, np.int64), width)
    per = None if den[0] is None else _laid_out(den, there)
    return Lines(np.array(person, np.int64), first, there, _laid_out(num, there), per)


def _laid_out(parts: Iterable[bytes], there: BoolArray) -> FloatArray:
    numbers = np.frombuffer(b"".join(parts), _NUMBER)
    if there.all():
        return numbers.astype(np.float64, copy=False).reshape(there.shape)
    found = np.zeros(there.shape)
    found[there] = numbers
    return found


def _has(months: IntArray, width: int) -> BoolArray:
    every = (1 << width) - 1
    if (months & every == every).all():
        return np.ones((len(months), width), bool)
    return np.asarray(months[:, None] >> np.arange(width) & 1, bool)


class Packing:
    """Some people, numbered from ``base`` on, whose records come as they come and leave as lines."""

    def __init__(self, base: int, people: int, first: int, width: int) -> None:
        self._base = base
        self._first = first
        self.there = np.zeros((people, width), bool)
        self._num = np.zeros((people, width), _NUMBER)
        self._den: FloatArray | None = None

    def take(self, records: Records) -> None:
        """Take records of these people and months."""
        cell = records.person - self._base, records.period - self._first
        self.there[cell] = True
        self._num[cell] = records.num
        if records.den is not None:
            if self._den is None:
                self._den = np.zeros(self._num.shape, _NUMBER)
            self._den[cell] = records.den

    def between(self, first: int, last: int) -> int:
        """Return how many observations there are in some months."""
        return int(np.count_nonzero(self.there[:, self._months(first, last)]))

    def empty(self, first: int, last: int) -> None:
        """Take back what there is in some months."""
        self.there[:, self._months(first, last)] = False

    def _months(self, first: int, last: int) -> slice:
        return slice(first - self._first, last - self._first + 1)

    def at(self, line: IntArray, month: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return num and den of people and months, both counted from 0; 0 and 1 where there is none."""
        num = np.where(self.there[line, month], self._num[line, month], 0.0)
        return num, np.ones(len(num)) if self._den is None else self._den[line, month]

    def forget(self) -> None:
        """Give back the room."""
        self.there, self._num, self._den = self.there[:0].copy(), self._num[:0].copy(), None

    def lines(self) -> Iterator[Line]:
        """Yield the line of everybody with a record, by their numbers."""
        for at in range(0, len(self._num), _AT_ONCE):
            yield from self._some(slice(at, at + _AT_ONCE))

    def _some(self, people: slice) -> Iterator[Line]:
        there = self.there[people]
        known = np.flatnonzero(there.any(axis=1))
        months = (there.astype(np.int64) << np.arange(there.shape[1])).sum(axis=1)
        num = self._num[people][there].tobytes()
        den = None if self._den is None else self._den[people][there].tobytes()
        ends = _NUMBER.itemsize * there.sum(axis=1)[known].cumsum()
        begin = 0
        for line, end in zip(known.tolist(), ends.tolist(), strict=True):
            person = self._base + people.start + line
            own = None if den is None else den[begin:end]
            yield person, int(months[line]), num[begin:end], own
            begin = end
