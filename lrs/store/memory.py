"""What one process remembers of a database, so that it need not ask again for what cannot change.

Only what was committed is remembered, and only facts that hold for ever: the number of a term, the
number of an authority. What is forgotten costs a question and nothing else.
"""

from __future__ import annotations

from lrs.recent import Recent

MOST_TERMS, MOST_DEFINITIONS = 80_000, 30_000


class Memory:
    """What a process remembers of one database."""

    def __init__(self) -> None:
        #: (tenant, kind, value) → number of the term
        self.terms: Recent[tuple[int, int, str], int] = Recent(MOST_TERMS)
        #: (tenant, digest) → number of the authority
        self.authorities: Recent[tuple[int, bytes], int] = Recent(1_500)
        #: number of an activity → mark of the definition that was merged last
        self.definitions: Recent[int, int] = Recent(MOST_DEFINITIONS)
