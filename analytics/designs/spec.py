"""A spec, checked: every fault names the key it is in."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

from analytics.designs.column import Column, Named
from analytics.designs.table import Table, read_table
from analytics.estimators.grid import FloatArray
from analytics.estimators.question import KINDS, Better, Level, Question
from lrs.errors import BadInput

COMMON_KEYS = frozenset(
    {"design", "data", "separator", "outcome", "kpi", "exposure", "path", "level"}
    | {"flags", "placebo", "id", "title", "source", "note"}
)
KNOWN_BESIDE = ("concurrent_change", "window_not_closed", "plan_changed_after_start")
"""Flags that no table shows: the asker knows."""
_SHOWN = 30


@dataclass(frozen=True)
class Spec:
    """What is asked of one table."""

    given: Mapping[str, Any]
    base: Path
    reading: Reading
    found: tuple[str, ...] = ()
    """Flags that were found before, by the placebo outcomes."""

    @classmethod
    def of(cls, given: Mapping[str, Any], base: Path) -> Spec:
        """Return the spec as it was given; what is made of it reads the same table."""
        return cls(given, base, Reading(frozenset(_texts(given))))

    def over(self, rows: Table, **more: Any) -> Spec:
        """Return the same asked of rows that are in memory, with some keys more."""
        return Given({**self.given, **more}, self.base, self.reading, self.found, rows=rows)

    @property
    def flags(self) -> list[str]:
        """Return the flags that the asker knows of, and those found before."""
        known = self.texts("flags")
        for flag in known:
            if flag not in KNOWN_BESIDE:
                hint = f"one of {', '.join(KNOWN_BESIDE)}; the others follow from the data"
                raise BadInput(f"{flag!r} is no flag to be given", where="flags", hint=hint)
        return [*known, *self.found]

    @cached_property
    def path(self) -> Path:
        """Return the data file; relative to the spec's own folder."""
        return self.base / self.text("data")

    @property
    def table(self) -> Table:
        """Return the table: of its columns, those that the spec speaks of."""
        return self.reading.of(self.path, self.optional("separator"))

    def only(self, keys: frozenset[str]) -> None:
        """Refuse a key that nothing reads: it is mostly a misspelt one."""
        for key in self.given:
            if key not in keys:
                near = difflib.get_close_matches(key, sorted(keys), n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(keys))}"
                raise BadInput(f"this design has no key {key!r}", where=key, hint=hint)

    def text(self, key: str) -> str:
        """Return a text that must be there."""
        value = self.optional(key)
        if value is None:
            raise BadInput(f"the spec lacks {key!r}", where=key)
        return value

    def optional(self, key: str) -> str | None:
        """Return a text, or None."""
        value = self.given.get(key)
        if value is None:
            return None
        if not isinstance(value, str) or not value:
            raise BadInput(f"{key!r} must be a text", where=key)
        return value

    def choice(self, key: str, allowed: tuple[str, ...], default: str) -> str:
        """Return one of the allowed words."""
        value = self.given.get(key, default)
        if value not in allowed:
            raise BadInput(f"{key!r} must be one of {', '.join(allowed)}, not {value!r}", where=key)
        return str(value)

    def flag(self, key: str) -> bool:
        """Return a yes or no, no when it is not there."""
        value = self.given.get(key, False)
        if not isinstance(value, bool):
            raise BadInput(f"{key!r} must be true or false", where=key)
        return value

    def texts(self, key: str) -> list[str]:
        """Return a list of texts, empty when it is not there."""
        value = self.given.get(key, [])
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            raise BadInput(f"{key!r} must be a list of texts", where=key)
        return value

    def column(self, key: str) -> Column:
        """Return the column that a key names; it must be there."""
        return self.named(self.text(key), key)

    def named(self, name: str, key: str) -> Column:
        """Return a column by its name."""
        table = self.table
        if name not in table.columns:
            known = {column.lower(): column for column in table.names}
            near = difflib.get_close_matches(name.lower(), known, n=1)
            hint = f"did you mean {known[near[0]]!r}?" if near else f"columns: {_some(table.names)}"
            raise BadInput(f"the data has no column {name!r}", where=key, hint=hint)
        return table.columns[name]

    def names(self, key: str) -> Named:
        """Return a column of names, each row's."""
        return self.column(key).named(key)

    def numbers(self, key: str) -> FloatArray:
        """Return a column of numbers, nan where there is none."""
        return self.column(key).numbers(key)

    @cached_property
    def kpi(self) -> Mapping[str, Any]:
        """Return what the outcome is."""
        return kpi_of(self.given.get("kpi"), "kpi")

    def question(self, **more: Any) -> Question:
        """Return the question, with what the design adds."""
        return question_of(
            self.kpi,
            outcome_name=self.optional("outcome") or "",
            path_name=self.optional("path") or "",
            level=self.choice("level", get_args(Level), "unit"),
            **more,
        )


@dataclass(frozen=True, kw_only=True)
class Given(Spec):
    """The spec of a table in memory: some of the file's rows, or none, or with a column more."""

    rows: Table

    @property
    def table(self) -> Table:
        """Return those rows."""
        return self.rows


class Reading:
    """The file of one evaluation: read once, whoever asks, and of it only some columns."""

    def __init__(self, wanted: Collection[str]) -> None:
        self._wanted = wanted
        self._table: Table | None = None

    def of(self, path: Path, separator: str | None) -> Table:
        """Return the table."""
        if self._table is None:
            self._table = read_table(path, separator, self._wanted)
        return self._table


def _texts(value: Any) -> Iterator[str]:
    """Yield all texts that stand somewhere in a spec: a column is among them if it is asked for."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def _some(names: Sequence[str]) -> str:
    """Return names to choose from, as many as can be read at a glance."""
    more = len(names) - _SHOWN
    shown = ", ".join(names[:_SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown


def kpi_of(value: Any, where: str) -> Mapping[str, Any]:
    """Return a checked ``kpi``: its kind, and which way is good."""
    if not isinstance(value, Mapping):
        raise BadInput("the spec lacks 'kpi': {kind, better}", where=where)
    if value.get("kind") not in KINDS:
        raise BadInput(f"kpi.kind must be one of {', '.join(KINDS)}", where=f"{where}.kind")
    if value.get("better") not in get_args(Better):
        raise BadInput("kpi.better must be 'up' or 'down'", where=f"{where}.better")
    for key in value:
        if key not in ("kind", "better", "unit", "name", "scale"):
            raise BadInput(f"kpi has no key {key!r}", where=f"{where}.{key}")
    if value.get("scale") is not None and (value["scale"] != "nps" or value["kind"] != "ordinal"):
        raise BadInput(
            'kpi.scale is "nps", for answers from 0 to 10 of the kind "ordinal"',
            where=f"{where}.scale",
        )
    for key in ("unit", "name"):
        if not isinstance(value.get(key), str | None):
            raise BadInput(f"kpi.{key} must be a text", where=f"{where}.{key}")
    return value


def question_of(kpi: Mapping[str, Any], *, outcome_name: str, **more: Any) -> Question:
    """Return the question about one outcome."""
    return Question(
        kind=kpi["kind"],
        better=kpi["better"],
        unit=kpi.get("unit") or ("NPS" if kpi.get("scale") == "nps" else None),
        outcome_name=(kpi.get("name") or "").strip() or outcome_name,
        **more,
    )
