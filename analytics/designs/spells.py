"""Rows that are spells from one day to another: read, and refused where they cannot be so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from analytics.designs.column import LARGEST, Named
from analytics.designs.covariates import covariates_of
from analytics.designs.sides import happened
from analytics.designs.spec import Spec
from analytics.estimators.columns import follows_from, telling, which_tell
from analytics.estimators.grid import BoolArray, FloatArray, IntArray
from analytics.estimators.hazard import Spells
from lrs.errors import BadInput


class Read(NamedTuple):
    """The rows that have everything, the share of those that do not, and the covariates' names."""

    spells: Spells
    dropped: float
    names: list[str]


@dataclass(frozen=True)
class _Rows:
    """Spells as they stand in the table; ``row`` is where, counted from 1."""

    row: IntArray
    unit: IntArray
    names: Sequence[str]
    """Of the units."""
    entry: FloatArray
    exit: FloatArray
    event: FloatArray
    exposure: FloatArray
    covariates: FloatArray
    cluster: IntArray | None

    def only(self, which: BoolArray) -> _Rows:
        """Return some of them."""
        return _Rows(
            row=self.row[which],
            unit=self.unit[which],
            names=self.names,
            entry=self.entry[which],
            exit=self.exit[which],
            event=self.event[which],
            exposure=self.exposure[which],
            covariates=self.covariates[which],
            cluster=None if self.cluster is None else self.cluster[which],
        )

    def follow(self, who: IntArray) -> IntArray:
        """Return the places of those with one of the same before them, each behind it, in order of time.

        They come in pairs: the first line is of those before.
        """
        order = np.lexsort((self.entry, who))
        again = who[order][1:] == who[order][:-1]
        return np.stack([order[:-1][again], order[1:][again]])


def spells_of(spec: Spec, key: str, trained: FloatArray) -> Read:
    """Return the rows, checked; ``key`` names the column that ``trained`` was read from."""
    found, names = _rows(spec, key, trained)
    needed = (found.entry, found.exit, found.event, found.exposure, found.covariates)
    known = np.asarray(~np.isnan(np.column_stack(needed)).any(axis=1))
    rows = found.only(known)
    if not len(rows.row):
        raise BadInput("no row has all its columns", where="data")
    met_again = None if spec.optional("unit") else _met_again(rows, drawn=key == "treatment")
    if met_again is not None:
        rows = replace(rows, unit=met_again)
    _refuse(rows, rows.exit <= rows.entry, "exit", "is not after its entry")
    _check_overlap(rows)
    if spec.optional("unit"):
        _check_event(rows)
    told = which_tell(rows.covariates)
    covariates = telling(rows.covariates[:, told])
    if follows_from(rows.exposure, covariates):
        raise BadInput(
            f"the covariates tell the {key}: what is whose effect cannot be told",
            where="covariates",
            hint="leave out the one that says who was trained",
        )
    spells = Spells(
        unit=_counted(rows.unit),
        entry=rows.entry,
        exit=rows.exit,
        event=rows.event,
        exposure=rows.exposure,
        covariates=covariates,
        cluster=None if rows.cluster is None else _counted(rows.cluster),
    )
    return Read(spells, float(1 - known.mean()), [names[n] for n in told])


def _rows(spec: Spec, key: str, trained: FloatArray) -> tuple[_Rows, list[str]]:
    """Return all rows, and the covariates' names."""
    covariates, names = covariates_of(spec, "event", "exit", key)
    size = len(covariates)
    each = Named(np.arange(size), [])
    unit = spec.names("unit") if spec.optional("unit") else each
    rows = _Rows(
        row=np.arange(1, size + 1),
        unit=unit.code,
        names=unit.names,
        entry=spec.numbers("entry") if spec.optional("entry") else np.zeros(size),
        exit=spec.numbers("exit"),
        event=happened(spec.column("event"), "event"),
        exposure=trained,
        covariates=covariates,
        cluster=spec.names("cluster").code if spec.optional("cluster") else None,
    )
    return rows, names


def _counted(codes: IntArray) -> IntArray:
    """Return the same numbered from 0 without a gap."""
    return np.unique(codes, return_inverse=True)[1].astype(np.int64)


def status(spec: Spec) -> FloatArray:
    """Return who was trained when, as a yes and no; ones and twos only are no and yes."""
    column = spec.column("exposure")
    try:
        found = column.numbers("exposure")
    except BadInput:
        return happened(column, "exposure")
    told = set(np.unique(found[~np.isnan(found)]))
    if told == {1.0, 2.0}:
        return found - 1
    odd = np.flatnonzero(~np.isnan(found) & ~np.isin(found, (0, 1)))
    if len(odd):
        raise BadInput(
            f"the exposure is {column.cell(int(odd[0]))!r}, neither 0 nor 1",
            where=f"exposure: data row {odd[0] + 1}",
            hint="it is 1 while trained and 0 before; how many hours it took is no status",
        )
    return found


def is_a_time(value: object) -> bool:
    """Return whether a value of the spec can be a time, on the scale of entry and exit."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) <= LARGEST  # which nan is not


def _refuse(rows: _Rows, bad: BoolArray, key: str, why: str) -> None:
    if bad.any():
        raise BadInput(f"the {key} {why}", where=f"{key}: data row {rows.row[bad][0]}")


def _met_again(rows: _Rows, *, drawn: bool) -> IntArray | None:
    """Return the clusters if their rows follow one another, so that each is one who is met again.

    Who was ``drawn`` stays on a side: a cluster on both is several.
    """
    if rows.cluster is None:
        return None
    before, after = rows.follow(rows.cluster)
    if drawn and (rows.exposure[before] != rows.exposure[after]).any():
        return None
    overlap = (rows.entry[after] < rows.exit[before]).any()
    return rows.cluster if len(after) and not overlap else None


def _check_overlap(rows: _Rows) -> None:
    """A unit is in one place at a time."""
    before, after = rows.follow(rows.unit)
    overlap = after[rows.entry[after] < rows.exit[before]]
    if len(overlap):
        bad = overlap[0]
        raise BadInput(
            f"two spells of {_name(rows, bad)!r} overlap",
            where=f"entry: data row {rows.row[bad]}",
            hint="a spell begins where the one before it ended, or later",
        )


def _check_event(rows: _Rows) -> None:
    """Nothing of a unit follows its event: who comes again is named otherwise."""
    before, after = rows.follow(rows.unit)
    again = after[rows.event[before] == 1]
    if len(again):
        bad = again[0]
        raise BadInput(
            f"{_name(rows, bad)!r} has a spell after its event",
            where=f"event: data row {rows.row[bad]}",
            hint="only the last spell of a unit can end with the event; for one that can happen "
            "again, name the column 'cluster' in place of 'unit'",
        )


def _name(rows: _Rows, at: int) -> str:
    return rows.names[int(rows.unit[at])]
