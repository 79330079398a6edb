"""Rows that are spells from one day to another: read, and refused where they cannot be so."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from analytics.designs.covariates import covariates_of
from analytics.designs.sides import happened
from analytics.designs.spec import Spec
from analytics.designs.table import numbers
from analytics.estimators.columns import follows_from, telling, which_tell
from analytics.estimators.grid import FloatArray
from analytics.estimators.hazard import Spells
from lrs.errors import BadInput


class Read(NamedTuple):
    """The rows that have everything, the share of those that do not, and the covariates' names."""

    spells: Spells
    dropped: float
    names: list[str]


def spells_of(spec: Spec, key: str, trained: FloatArray) -> Read:
    """Return the rows, checked; ``key`` names the column that ``trained`` was read from."""
    columns, names = covariates_of(spec, "event", "exit", key)
    rows = len(columns)
    table = pd.DataFrame(
        {
            "entry": spec.numbers("entry") if spec.optional("entry") else np.zeros(rows),
            "exit": spec.numbers("exit"),
            "event": happened(spec.column("event"), "event"),
            "exposure": trained,
        }
        | {f"x{n}": column for n, column in enumerate(columns.T)}
    )
    table["row"] = np.arange(1, rows + 1)
    table["unit"] = spec.names("unit").to_numpy() if spec.optional("unit") else table["row"]
    if spec.optional("cluster"):
        table["cluster"] = spec.names("cluster").to_numpy()
    known = table.notna().all(axis=1)
    table = table[known]
    if table.empty:
        raise BadInput("no row has all its columns", where="data")
    if not spec.optional("unit") and _follow_each_other(table, drawn=key == "treatment"):
        table = table.assign(unit=table["cluster"])
    _refuse(table, table["exit"] <= table["entry"], "exit", "is not after its entry")
    _refuse(table, table["exposure"] < 0, key, "is below zero")
    _check_overlap(table)
    if spec.optional("unit"):
        _check_event(table)
    covariates = table[[f"x{n}" for n in range(columns.shape[1])]].to_numpy(float)
    told = which_tell(covariates)
    covariates = telling(covariates[:, told])
    if follows_from(table["exposure"].to_numpy(float), covariates):
        raise BadInput(
            f"the covariates tell the {key}: what is whose effect cannot be told",
            where="covariates",
            hint="leave out the one that says who was trained",
        )
    spells = Spells(
        unit=pd.factorize(table["unit"], sort=True)[0].astype(np.int64),
        entry=table["entry"].to_numpy(float),
        exit=table["exit"].to_numpy(float),
        event=table["event"].to_numpy(float),
        exposure=table["exposure"].to_numpy(float),
        covariates=covariates,
        cluster=pd.factorize(table["cluster"], sort=True)[0] if "cluster" in table else None,
    )
    return Read(spells, float(1 - known.mean()), [names[n] for n in told])


def status(spec: Spec) -> FloatArray:
    """Return the exposure: a number, or a yes and no; ones and twos only are no and yes."""
    column = spec.column("exposure")
    try:
        found = numbers(column, "exposure")
    except BadInput:
        return happened(column, "exposure")
    told = set(np.unique(found[~np.isnan(found)]))
    return found - 1 if told == {1.0, 2.0} else found


def _refuse(table: pd.DataFrame, bad: pd.Series, key: str, why: str) -> None:
    if bad.any():
        raise BadInput(f"the {key} {why}", where=f"{key}: data row {table['row'][bad].iloc[0]}")


def _follow_each_other(table: pd.DataFrame, *, drawn: bool) -> bool:
    """Return whether the rows of a cluster follow one another, so that each is one who is met again.

    Who was ``drawn`` stays on a side: a cluster on both is several.
    """
    if "cluster" not in table or not table["cluster"].duplicated().any():
        return False
    if drawn and (table.groupby("cluster")["exposure"].nunique() > 1).any():
        return False
    _, overlap = _ordered(table, "cluster")
    return not overlap.any()


def _ordered(table: pd.DataFrame, key: str) -> tuple[pd.DataFrame, pd.Series]:
    """Return the rows of each one in their order, and which begin before the last has ended."""
    ordered = table.sort_values([key, "entry"], kind="stable")
    same = ordered[key].eq(ordered[key].shift())
    return ordered, same & (ordered["entry"] < ordered["exit"].shift())


def _check_overlap(table: pd.DataFrame) -> None:
    """A unit is in one place at a time."""
    ordered, overlap = _ordered(table, "unit")
    if overlap.any():
        bad = ordered[overlap].iloc[0]
        raise BadInput(
            f"two spells of {bad['unit']!r} overlap",
            where=f"entry: data row {bad['row']}",
            hint="a spell begins where the one before it ended, or later",
        )


def _check_event(table: pd.DataFrame) -> None:
    """Nothing of a unit follows its event: who comes again is named otherwise."""
    ordered, _ = _ordered(table, "unit")
    after = ordered["unit"].eq(ordered["unit"].shift()) & (ordered["event"].shift() == 1)
    if after.any():
        bad = ordered[after].iloc[0]
        raise BadInput(
            f"{bad['unit']!r} has a spell after its event",
            where=f"event: data row {bad['row']}",
            hint="only the last spell of a unit can end with the event; for one that can happen "
            "again, name the column 'cluster' in place of 'unit'",
        )
