"""What holds of a person, from a day to a day: half-open pieces of history, as pure values.

A piece is a kind (``membership``, ``job``, …), its values, the day it begins, the first day it no
longer holds (None: still), and the basis of its dates (`connectors.md`, "Canonical model"). A
history is a set of pieces. Pieces of the same kind and values that touch are one piece.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from connectors.model.days import BEGINNING

SOURCE, OBSERVED, ASSUMED = "source", "observed", "assumed"
_WEAKNESS = {SOURCE: 0, OBSERVED: 1, ASSUMED: 2}

_ENDLESS = 2**31


class Piece(NamedTuple):
    """One thing that held of a person for a time."""

    kind: str
    values: tuple[Any, ...]
    start: int
    end: int | None
    basis: str = SOURCE

    def holds_on(self, day: int) -> bool:
        """Return whether it held on that day."""
        return self.start <= day and (self.end is None or day < self.end)


History = frozenset[Piece]


def as_of(history: Iterable[Piece], day: int) -> set[tuple[str, tuple[Any, ...]]]:
    """Return what held on a day."""
    return {(piece.kind, piece.values) for piece in history if piece.holds_on(day)}


def overlap(start: int, end: int | None, other_start: int, other_end: int | None) -> bool:
    """Return whether two half-open spans share a day."""
    return start < _last(other_end) and other_start < _last(end)


def joined(pieces: Iterable[Piece]) -> History:
    """Return the pieces with those that touch or overlap, of the same kind and values, as one."""
    alike: defaultdict[tuple[str, tuple[Any, ...]], list[Piece]] = defaultdict(list)
    for piece in pieces:
        alike[piece.kind, _same(piece)].append(piece)
    found: list[Piece] = []
    for group in alike.values():
        if len(group) == 1:
            found.append(group[0])
        else:
            found.extend(_joined(group))
    return frozenset(found)


def _joined(group: list[Piece]) -> Iterable[Piece]:
    group.sort(key=lambda piece: (piece.start, _last(piece.end)))
    held = group[0]
    for piece in group[1:]:
        if piece.start > _last(held.end):
            yield held
            held = piece
        elif _last(piece.end) >= _last(held.end):
            held = piece._replace(start=held.start, basis=_basis(held, piece))
    yield held


def _basis(first: Piece, last: Piece) -> str:
    """Return how the dates of two pieces made one are known: the weaker of its start and its end.

    The day they met on is no date any more, and a piece that still holds has no end to know.
    """
    if last.end is None:
        return first.basis
    return max(first.basis, last.basis, key=lambda basis: _WEAKNESS[basis])


def _same(piece: Piece) -> tuple[Any, ...]:
    """Return the values by which pieces are one; the reason of an end does not keep them apart."""
    return piece.values[:2] if piece.kind == "employment" else piece.values


def _last(end: int | None) -> int:
    return _ENDLESS if end is None else end


def continued(known: Iterable[Piece], told: Iterable[Piece], day: int) -> History:
    """Return the history in which, from that day on, what is told counts, and before it what was
    known. This is how a file that tells only of today leaves the past standing.
    """
    before = [cut for piece in known if (cut := _until(_unsettled(piece), day)) is not None]
    since = [cut for piece in told if (cut := _since(piece, day)) is not None]
    return joined([*before, *since])


def _until(piece: Piece, day: int) -> Piece | None:
    if piece.start >= day:
        return None
    if piece.end is not None and piece.end <= day:
        return piece
    return piece._replace(end=day, values=_without_reason(piece))


def _since(piece: Piece, day: int) -> Piece | None:
    if piece.end is not None and piece.end <= day:
        return None
    return piece if piece.start >= day else piece._replace(start=day, basis=OBSERVED)


def _unsettled(piece: Piece) -> Piece:
    """Take back what `settled` assumed, since what comes may say better."""
    if piece.kind == "employment" and piece.basis == ASSUMED:
        return piece._replace(values=_without_reason(piece), basis=SOURCE)
    return piece


def _without_reason(piece: Piece) -> tuple[Any, ...]:
    return (*piece.values[:2], None, None) if piece.kind == "employment" else piece.values


def topic(piece: Piece) -> str:
    """Return what a piece is about: what a file may tell of, or have no column for."""
    if piece.kind == "identifier":
        return f"identifier {str(piece.values[0]).removesuffix('_spelling')}"
    if piece.kind == "attribute":
        return f"attribute {piece.values[0]}"
    return piece.kind


def beside(told: History, known: Iterable[Piece], topics: Collection[str]) -> History:
    """Return what is told, and what is known of topics that the file does not tell of.

    A file without a column for teams does not say that nobody has one. But who leaves, leaves the
    team too: what was known ends with the last employment.
    """
    work = [piece for piece in told if piece.kind == "employment"]
    end = (
        None
        if any(p.end is None for p in work)
        else max((_last(p.end) for p in work), default=None)
    )
    untold = [piece for piece in known if topic(piece) not in topics]
    kept = [piece if end is None else _until(piece, end) for piece in untold]
    made = joined([*told, *(piece for piece in kept if piece is not None)])
    if HOURS in topics:
        return made
    return with_hours(made, [piece for piece in known if piece.kind == "employment"])


HOURS = "hours"
"""The topic of share of full time and hours a week, which stand in the employment."""


def with_hours(history: Iterable[Piece], known: Iterable[Piece]) -> History:
    """Return the history with the hours of its employments as they were known on the same days."""
    pieces = list(history)
    made = [piece for piece in pieces if piece.kind != "employment"]
    edges = {day for piece in known for day in (piece.start, piece.end) if day is not None}
    for piece in pieces:
        if piece.kind == "employment":
            made.extend(_with_hours(part, known) for part in _parts(piece, edges))
    return joined(made)


def _parts(piece: Piece, edges: Iterable[int]) -> Iterator[Piece]:
    """Yield the piece in parts that change at none of the edges; only the last keeps its reason."""
    inside = sorted(day for day in edges if piece.start < day < _last(piece.end))
    for start, end in pairwise((piece.start, *inside, piece.end)):
        last = end == piece.end
        assert start is not None  # noqa: S101 - only the last day can be open
        yield piece._replace(
            start=start, end=end, values=piece.values if last else _without_reason(piece)
        )


def _with_hours(piece: Piece, known: Iterable[Piece]) -> Piece:
    for other in known:
        if other.holds_on(piece.start):
            return piece._replace(values=(*other.values[:2], *piece.values[2:]))
    return piece


def settled(history: Iterable[Piece]) -> History:
    """Return the history with its employments told apart: when first hired, and which ends are real.

    The values of an employment are share of full time, hours, first day ever, reason of the end. An
    employment that the next one continues has not ended. One that ended without a word why has the
    reason ``unknown``, and when not even a day of leaving was given, its dates are assumed.
    """
    pieces = list(history)
    work = sorted((p for p in pieces if p.kind == "employment"), key=lambda p: p.start)
    if not work:
        return frozenset(pieces)
    others = [piece for piece in pieces if piece.kind != "employment"]
    first = work[0].start
    done = [
        _employment(piece, first, follows=piece.end == after.start)
        for piece, after in pairwise(work)
    ]
    return frozenset([*others, *done, _employment(work[-1], first, follows=False)])


LEFT = "left"
"""In an employment not yet settled: the source named the day of leaving, and no reason."""


def _employment(piece: Piece, first: int, *, follows: bool) -> Piece:
    fte, hours, _, reason = piece.values
    if piece.end is None or follows:
        return piece._replace(values=(fte, hours, first, None))
    basis = ASSUMED if reason is None and piece.basis == SOURCE else piece.basis
    return piece._replace(values=(fte, hours, first, _told(reason)), basis=basis)


def _told(reason: str | None) -> str:
    return "unknown" if reason in (None, LEFT) else str(reason)


def first_day(history: Iterable[Piece]) -> int | None:
    """Return the first day anything held; what holds for all time does not count."""
    return min((piece.start for piece in history if piece.start != BEGINNING), default=None)
