"""Sources of people and outcomes. A package names one by an entry point in ``verkan.sources``.

What costs an import is a string ``"package.module:name"``, as in `lrs.plugins`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points


@dataclass(frozen=True, slots=True)
class Source:
    """A system that data comes from.

    ``name`` stands beside every row that came from it. ``reads`` says for each kind of thing which
    function brings it in; it takes the database, the number of the tenant and where to read.
    """

    name: str
    about: str
    reads: Mapping[str, str] = field(default_factory=dict)


def installed() -> list[Source]:
    """Return every source there is, by name."""
    found: list[Source] = [entry.load() for entry in entry_points(group="verkan.sources")]
    return sorted(found, key=lambda source: source.name)
