"""What the statements of a batch are found by, put in order before it is their turn.

The rows of ``ref`` are most of what is written. All of them but the numbers of the statements is
known as soon as the terms have theirs; so they are gathered and sorted while others hold the turn,
as columns, and get their numbers at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from typing import Any

from lrs.store.authorities import Authority
from lrs.store.terms import Numbers
from lrs.xapi.phrases import Phrase
from lrs.xapi.statement import Statement
from lrs.xapi.terms import Role, TermKind

REF_COLUMNS = ("term_id", "scope", "seq", "verb_id", "tenant_id", "roles")

_AUTHORITY = int(Role.AUTHORITY)
_VERB = int(TermKind.VERB)
# A row is one whole number, so that sorting is quick: the term, a bit for the scope, the place.
_PLACES = 1 << 24
_RELATED = _PLACES
_TERM = _PLACES * 2


class FoundBy:
    """The rows of a batch without their numbers, in the order of their index."""

    def __init__(self, vouched: Sequence[tuple[Statement, Authority]], numbers: Numbers) -> None:
        """``vouched`` are statements with who vouches for each; ``numbers`` those of all names."""
        self._size = len(vouched)
        found = _roles(vouched, numbers)
        rows = sorted(found)
        verbs = [numbers[_VERB, one.verb] for one, _ in vouched]
        self._places = [row % _PLACES for row in rows]
        self._terms = [row // _TERM for row in rows]
        self._scopes = [row // _RELATED % 2 for row in rows]
        self._verbs = [verbs[place] for place in self._places]
        self._roles = [found[row] for row in rows]

    def values(self, tenant_id: int, first_seq: int, fresh: Sequence[int]) -> list[int]:
        """Return the values of the rows, one after another, in the order of `REF_COLUMNS`.

        ``fresh`` are the places of those statements that are stored, numbered from ``first_seq``.
        """
        columns = [self._terms, self._scopes, self._places, self._verbs, self._roles]
        if len(fresh) == self._size:
            seqs = [first_seq + place for place in self._places]
        else:
            numbered = {place: first_seq + n for n, place in enumerate(fresh)}
            kept = [place in numbered for place in self._places]
            columns = [list(compress(column, kept)) for column in columns]
            seqs = [numbered[place] for place in columns[2]]
        terms, scopes, _, verbs, roles = columns
        width = len(REF_COLUMNS)
        values = [tenant_id] * (width * len(seqs))
        for at, column in enumerate((terms, scopes, seqs, verbs, None, roles)):
            if column is not None:
                values[at::width] = column
        return values


def _roles(vouched: Sequence[tuple[Statement, Authority]], numbers: Numbers) -> dict[int, int]:
    """Return the roles of each row; a term that is named directly is not found as related too."""
    rows: dict[int, int] = {}
    numbered: dict[Phrase[Any], list[tuple[int, int]]] = {}
    for place, (one, vouching) in enumerate(vouched):
        for phrase in one.phrases:
            named = numbered.get(phrase)
            if named is None:
                named = numbered[phrase] = [
                    (numbers[name] * _TERM + scope * _RELATED, roles)
                    for name, scope, roles in phrase.named
                ]
            for begin, roles in named:
                row = begin + place
                rows[row] = rows.get(row, 0) | roles
        for name in vouching.names:
            row = numbers[name] * _TERM + _RELATED + place
            rows[row] = rows.get(row, 0) | _AUTHORITY
    for row in [row for row in rows if row & _RELATED and row - _RELATED in rows]:
        rows[row - _RELATED] |= rows.pop(row)
    return rows
