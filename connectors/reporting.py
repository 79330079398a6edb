"""What an import tells: what it read, what came of it, and what was refused and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

SHOWN = 20
"""Refusals an answer carries; every one is kept in ``sync_issue``."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """How many learners' actors are known to be somebody."""

    actors: int = 0
    linked: int = 0
    unresolved: int = 0
    conflicts: int = 0


@dataclass(slots=True)
class ImportReport:
    """The outcome of one import. ``read`` is the sum of new, changed, unchanged and refused.

    ``kinds`` counts the rows written (or, in a dry run, that would be) by what they are, such as
    ``person``, ``membership`` or a metric; ``examples`` are the first changes in words.
    """

    file: str
    entity: str
    dry_run: bool = False
    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    warnings: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    issues: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)
    actors: Resolved | None = None

    @property
    def nothing_taken(self) -> bool:
        """Return whether every record of the file was refused."""
        return self.read > 0 and self.refused == self.read

    def as_json(self) -> dict[str, Any]:
        """Return the report for machines."""
        found = asdict(self)
        found["kinds"] = dict(sorted(self.kinds.items()))
        found["issues"] = [{"place": place, "message": text} for place, text in self.issues]
        return found
