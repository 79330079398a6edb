"""`auto`: the design that the keys tell, and where they leave it open, the data; always with the reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analytics.checks.grading import FEW_CLUSTERS
from analytics.designs.column import Named, WordColumn
from analytics.designs.sides import sides
from analytics.designs.spec import Spec
from analytics.designs.time import read_periods
from analytics.estimators.grid import BoolArray, IntArray
from lrs.errors import BadInput

_TELLING: tuple[tuple[str, frozenset[str]], ...] = (
    ("single_unit", frozenset({"unit", "time", "treated_unit", "start"})),
    ("panel", frozenset({"unit", "time", "start"})),
    ("duration", frozenset({"exit", "event"})),
    ("interrupted_series", frozenset({"time", "step"})),
)
"""The keys that tell a design, the most of them first."""

_DEALT = "the spec asks for a permutation of a draw"
_FIRST = "(first period treated)"


def chosen(spec: Spec) -> tuple[str, Spec, str]:
    """Return the design, the spec that it reads, and why."""
    keys = spec.given.keys()
    dealt = spec.given.get("inference") == "exact_permutation"
    if dealt and {"exit", "event", "treatment"} <= keys:
        return "randomised", spec, _DEALT
    for name, telling in _TELLING:
        if telling <= keys:
            return name, spec, f"the spec names {', '.join(sorted(telling))}"
    if {"unit", "time", "treatment"} <= keys:
        return _by_starts(spec)
    if dealt:
        return "randomised", spec, _DEALT
    if "treatment" in keys:
        why = "there is no time, and nothing says that lots were drawn"
        return "observational", spec, why
    raise BadInput(
        "the design cannot be told from the keys",
        where="design",
        hint="name it, or the columns that it needs",
    )


def _by_starts(spec: Spec) -> tuple[str, Spec, str]:
    """Tell a few that start together, which have a design of their own, from a roll-out."""
    unit, on = spec.names("unit"), sides(spec.column("treatment")) == 1
    first = _first_row(spec, unit, on)
    time = spec.column("time")
    start = np.where(first < 0, -1, time.code[first])
    treated, starts = int((first >= 0).sum()), len({time.words[at] for at in start[first >= 0]})
    if treated < FEW_CLUSTERS and starts <= 1:
        return "single_unit", spec, f"{treated} of the units are treated, from one period on"
    why = f"{treated} units are treated, from {starts} different periods on"
    asked = replace(spec, given={k: v for k, v in spec.given.items() if k != "treatment"})
    rows = spec.table.beside(WordColumn(_FIRST, start[unit.code], time.words))
    return "panel", asked.over(rows, start=_FIRST), why


def _first_row(spec: Spec, unit: Named, on: BoolArray) -> IntArray:
    """Return, for each unit, the row of the period in which it is treated first; -1: it never is.

    Raises `BadInput` when a unit stops being treated.
    """
    period = read_periods(spec.column("time"), "time")[0]
    treated = np.flatnonzero(on)
    latest_first = treated[np.argsort(period[treated], kind="stable")][::-1]
    first = np.full(len(unit.names), -1, np.int64)
    first[unit.code[latest_first]] = latest_first  # the last to be put down is the first of them
    own = first[unit.code]
    stopped = np.flatnonzero((own >= 0) & (period >= period[own]) & ~on)
    if len(stopped):
        row = int(stopped[0])
        raise BadInput(
            f"{unit.of(row)!r} stops being treated",
            where=f"treatment: data row {row + 1}",
            hint="who was trained stays so: 1 in every later period",
        )
    return first
