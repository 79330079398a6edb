"""`auto`: the design that the keys tell, and where they leave it open, the data; always with the reason."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analytics.checks.grading import FEW_CLUSTERS
from analytics.designs.sides import sides
from analytics.designs.spec import Given, Spec
from analytics.designs.time import read_periods
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
    first = _first_period(spec, unit, on)
    starts = unit.map(first)
    if len(first) < FEW_CLUSTERS and first.nunique() <= 1:
        return "single_unit", spec, f"{len(first)} of the units are treated, from one period on"
    given = {key: value for key, value in spec.given.items() if key != "treatment"}
    why = f"{len(first)} units are treated, from {first.nunique()} different periods on"
    rows = pd.concat([spec.table, starts.rename(_FIRST)], axis=1)
    return "panel", Given(given=given | {"start": _FIRST}, base=spec.base, rows=rows), why


def _first_period(spec: Spec, unit: pd.Series, on: np.ndarray) -> pd.Series:
    """Return, for each unit that is ever treated, the period it is in first, as the table has it.

    Raises `BadInput` when a unit stops being treated.
    """
    time = spec.column("time")
    rows = pd.DataFrame({"unit": unit, "time": time, "on": on})
    rows["period"] = read_periods(time, "time")[0]
    treated = rows[rows["on"]].sort_values("period", kind="stable").drop_duplicates("unit")
    first = treated.set_index("unit")
    later = rows["period"] >= rows["unit"].map(first["period"])
    stopped = rows[later & ~rows["on"]]
    if len(stopped):
        raise BadInput(
            f"{stopped['unit'].iloc[0]!r} stops being treated",
            where=f"treatment: data row {stopped.index[0] + 1}",
            hint="who was trained stays so: 1 in every later period",
        )
    return first["time"]
