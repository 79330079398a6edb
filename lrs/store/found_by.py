"""What the statements of a batch are found by, put in order before it is their turn.

The rows of ``ref`` are most of what is written. All of them but the numbers of the statements is
known as soon as the terms have theirs; so they are sorted while others hold the turn, as columns,
and get their numbers at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, compress

from lrs.store.bulk import one_after_another
from lrs.store.gathered import Gathered

REF_COLUMNS = ("term_id", "scope", "seq", "verb_id", "tenant_id", "roles")


class FoundBy:
    """The rows of a batch without their numbers, in the order of their index."""

    def __init__(self, gathered: Gathered, terms: Sequence[int]) -> None:
        """``terms`` are the numbers of the names, in their order."""
        lines = gathered.lines
        self._size = gathered.size
        ends = list(accumulate(lines.lengths))
        numbered = [terms[name] for name in lines.names]
        ids: list[int] = []
        scopes: list[int] = []
        places: list[int] = []
        roles: list[int] = []
        for term, scope, rows, end in sorted(
            zip(numbered, lines.scopes, lines.lengths, ends, strict=True)
        ):
            ids += [term] * rows
            scopes += [scope] * rows
            places += lines.places[end - rows : end]
            roles += lines.roles[end - rows : end]
        verbs = [terms[verb] for verb in gathered.verbs]
        self.columns = {
            "term_id": ids,
            "scope": scopes,
            "seq": places,
            "verb_id": [verbs[place] for place in places],
            "roles": roles,
        }
        """By their names; in place of the number of a statement stands its place."""

    def values(self, tenant_id: int, first_seq: int, fresh: Sequence[int]) -> list[int]:
        """Return the values of the rows, one after another, in the order of `REF_COLUMNS`.

        ``fresh`` are the places of those statements that are stored, numbered from ``first_seq``.
        """
        columns: dict[str, list[int]] = self.columns
        if len(fresh) == self._size:
            seqs = [first_seq + place for place in columns["seq"]]
        else:
            numbered = {place: first_seq + n for n, place in enumerate(fresh)}
            kept = [place in numbered for place in columns["seq"]]
            columns = {name: list(compress(column, kept)) for name, column in columns.items()}
            seqs = [numbered[place] for place in columns["seq"]]
        return one_after_another(len(seqs), columns | {"seq": seqs}, REF_COLUMNS, tenant_id)
