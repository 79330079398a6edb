"""Which column of a table is which of ours. Names are compared without regard to case or spaces."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from connectors.files.table import Table
from lrs.errors import BadInput


@dataclass(frozen=True, slots=True)
class Columns:
    """Where our columns stand in a table, and which others it has."""

    ours: tuple[tuple[str, int], ...]
    extras: tuple[tuple[str, int], ...]

    def given(self, fields: Sequence[str]) -> dict[str, str]:
        """Return our columns of a row that are not empty."""
        return {name: fields[place] for name, place in self.ours if fields[place]}

    def others(self, fields: Sequence[str]) -> dict[str, str]:
        """Return the row's further columns that are not empty."""
        return {name: fields[place] for name, place in self.extras if fields[place]}

    def has(self, name: str) -> bool:
        """Return whether the table has that column of ours."""
        return any(name == ours for ours, _ in self.ours)


def plain(name: str) -> str:
    """Return a column's name as it is compared."""
    return re.sub(r"[\s\-]+", "_", name.strip()).casefold()


def columns_of(table: Table, known: Iterable[str], mapped: Mapping[str, str]) -> Columns:
    """Return where our columns stand; raises `BadInput` when a mapping names what is not there."""
    names = tuple(known)
    places = {plain(name): place for place, name in enumerate(table.header) if name}
    ours: dict[str, int] = {}
    for name, theirs in mapped.items():
        if name not in names:
            raise BadInput(
                f"the mapping names a column {name!r} that Verkan does not have",
                where="mapping, columns",
                hint=f"ours = theirs; ours are: {', '.join(names)}",
            )
        ours[name] = place_of(table, theirs, f"mapping, columns.{name}")
    taken = set(ours.values())
    for name in names:
        place = places.get(name)
        if name not in ours and place is not None and place not in taken:
            ours[name] = place
    extras = [
        (name, place)
        for place, name in enumerate(table.header)
        if name and place not in set(ours.values())
    ]
    return Columns(tuple(ours.items()), tuple(extras))


def place_of(table: Table, name: str, where: str) -> int:
    """Return where the table has the column; raises `BadInput` with the columns there are."""
    for place, found in enumerate(table.header):
        if plain(found) == plain(name):
            return place
    raise BadInput(
        f"{table.name} has no column {name!r}",
        where=where,
        hint=f"it has: {', '.join(filter(None, table.header))}",
    )


def missing(table: Table, names: Iterable[str]) -> BadInput:
    """Return the error for a table without columns it needs."""
    lacking = ", ".join(names)
    found = ", ".join(filter(None, table.header))
    return BadInput(
        f"the file has no column {lacking}",
        where=f"{table.name}:1",
        hint=f"found: {found}. Columns of other names: --mapping FILE.toml with [columns]",
    )
