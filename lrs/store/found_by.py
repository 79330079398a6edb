"""What the statements of a batch are found by, put in order before it is their turn.

The rows of ``ref`` are most of what is written. All of them but the numbers of the statements is
known as soon as the terms have theirs; so they are sorted while others hold the turn, as columns,
and get their numbers at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, compress

from lrs.store.gathered import Gathered

REF_COLUMNS = ("term_id", "scope", "seq", "verb_id", "tenant_id", "roles")


class FoundBy:
    """The rows of a batch without their numbers, in the order of their index."""

    def __init__(self, gathered: Gathered, terms: Sequence[int]) -> None:
        """``terms`` are the numbers of the names, in their order."""
        lines = gathered.lines
        self._size = gathered.size
        self._terms: list[int] = []
        self._scopes: list[int] = []
        self._places: list[int] = []
        self._roles: list[int] = []
        ends = list(accumulate(lines.lengths))
        numbered = [terms[name] for name in lines.names]
        for term, scope, rows, end in sorted(
            zip(numbered, lines.scopes, lines.lengths, ends, strict=True)
        ):
            self._terms += [term] * rows
            self._scopes += [scope] * rows
            self._places += lines.places[end - rows : end]
            self._roles += lines.roles[end - rows : end]
        verbs = [terms[verb] for verb in gathered.verbs]
        self._verbs = [verbs[place] for place in self._places]

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
