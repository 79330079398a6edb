"""What one process remembers of a database, so that it need not ask again for what cannot change.

Only what was committed is remembered, and only facts that hold for ever: the number of a term, the
number of an authority. What is forgotten costs a question and nothing else.
"""

from __future__ import annotations

from lrs.recent import Recent
from lrs.xapi.terms import TermKind

_REGISTRATION = int(TermKind.REGISTRATION)


class Memory:
    """What a process remembers of one database."""

    def __init__(self) -> None:
        #: (tenant, kind, value) → number of the term
        self.terms: Recent[tuple[int, int, str], int] = Recent(80_000)
        #: The same of registrations: there is no end of new ones, and few are met again for long.
        #: Among the other terms they would push out those that come again for ever.
        self.registrations: Recent[tuple[int, int, str], int] = Recent(20_000)
        #: (tenant, digest) → number of the authority
        self.authorities: Recent[tuple[int, bytes], int] = Recent(1_500)
        #: number of an activity → mark of the definition that was merged last
        self.definitions: Recent[int, int] = Recent(30_000)

    def terms_of(self, kind: int) -> Recent[tuple[int, int, str], int]:
        """Return where terms of a kind are remembered."""
        return self.registrations if kind == _REGISTRATION else self.terms
