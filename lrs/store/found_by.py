"""What the statements of a batch are found by, put in order before it is their turn.

The rows of ``ref`` are most of what is written. All of them but the numbers of the statements is
known as soon as the terms have theirs; so they are sorted while others hold the turn, as columns,
and get their numbers at the end. What a batch names often is one row (`lrs.store.runs`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import Any

from lrs.store import runs
from lrs.store.bulk import one_after_another
from lrs.store.gathered import Gathered, Lines

_Row = tuple[int, int, int, int, int, str | None]
"""A term, a scope, the place of a statement, its verb, the roles, and the run that it begins.

Of a run the verb is what `runs.row_of` makes of all of them.
"""
_Line = tuple[int, int, Sequence[int], Sequence[int], Sequence[int]]
"""A term, a scope, the places of the statements that name it so, their verbs, and the roles."""
_NAMES = ("term_id", "scope", "seq", "verb_id", "roles", "run")


class FoundBy:
    """The rows of a batch without their numbers, in the order of their index."""

    def __init__(self, gathered: Gathered, terms: Sequence[int]) -> None:
        """``terms`` are the numbers of the names, in their order."""
        self._size = gathered.size
        alone = len({*terms}) == len(terms)
        self._lines = gathered.lines if alone else _numbered_once(gathered.lines, terms)
        self._terms = terms
        self._verbs = [terms[verb] for verb in gathered.verbs]
        self.columns: Mapping[str, Sequence[Any]] = self._columns(None)
        """By their names; in place of the number of a statement stands its place."""

    def values(self, tenant_id: int, first_seq: int, fresh: Sequence[int]) -> list[Any]:
        """Return the values of the rows, one after another, in the order of `runs.COLUMNS`.

        ``fresh`` are the places of those statements that are stored, numbered from ``first_seq``.
        """
        columns = self.columns
        if len(fresh) < self._size:
            columns = self._columns({place: n for n, place in enumerate(fresh)})
        seqs = [first_seq + place for place in columns["seq"]]
        return one_after_another(len(seqs), {**columns, "seq": seqs}, runs.COLUMNS, tenant_id)

    def _columns(self, placed: Mapping[int, int] | None) -> Mapping[str, Sequence[Any]]:
        """Return all rows, or those of some statements, which have other places then."""
        often = chain.from_iterable(map(_rows, self._often(placed)))
        rows = sorted(chain(self._once(placed), often))
        columns = zip(*rows, strict=True) if rows else repeat(())
        return dict(zip(_NAMES, columns, strict=False))

    def _once(self, placed: Mapping[int, int] | None) -> Iterable[_Row]:
        names, scopes, places, roles = self._lines.once
        terms = map(self._terms.__getitem__, names)
        verbs = map(self._verbs.__getitem__, places)
        rows = zip(terms, scopes, places, verbs, roles, repeat(None), strict=False)
        if placed is None:
            return rows
        return ((*row[:2], placed[row[2]], *row[3:]) for row in rows if row[2] in placed)

    def _often(self, placed: Mapping[int, int] | None) -> Iterator[_Line]:
        terms, verbs = self._terms, self._verbs
        for name, scope, at, roles in self._lines.often:
            if placed is None:
                yield terms[name], scope, at, [verbs[place] for place in at], roles
                continue
            each = zip(at, roles, strict=True)
            kept = [(placed[place], verbs[place], role) for place, role in each if place in placed]
            if kept:
                places, of_verbs, having = map(list, zip(*kept, strict=True))
                yield terms[name], scope, places, of_verbs, having


def _numbered_once(lines: Lines, terms: Sequence[int]) -> Lines:
    """Return the lines with those of names that have the same number together, as registrations may.

    Two rows of a number that stand for many must not overlap.
    """
    first: dict[int, int] = {}
    found: dict[tuple[int, int], dict[int, int]] = {}
    once = (
        (name, scope, [place], [role]) for name, scope, place, role in zip(*lines.once, strict=True)
    )
    for name, scope, places, roles in (*once, *lines.often):
        together = found.setdefault((first.setdefault(terms[name], name), scope), {})
        for place, role in zip(places, roles, strict=True):
            together[place] = together.get(place, 0) | role
    return Lines(
        ([], [], [], []),
        [
            (name, scope, sorted(at), [at[place] for place in sorted(at)])
            for (name, scope), at in found.items()
        ],
    )


def _rows(line: _Line) -> Iterator[_Row]:
    term, scope, places, verbs, roles = line
    for each in runs.pieces(places):
        yield term, scope, *runs.row_of(places[each], verbs[each], roles[each])
