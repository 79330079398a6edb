"""Time to an event where lots were drawn: a hazard that is level within each piece of time.

Events of a piece follow Poisson's law over the time that people were there in it (Holford 1980), so
that the ratio of hazards is that of a log-linear model with a level for each piece. Where whole
clusters were drawn, errors are those of clusters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from analytics.estimators.counting import how_many
from analytics.estimators.estimate import Estimate
from analytics.estimators.grid import FloatArray, IntArray
from analytics.estimators.hazard import Spells
from analytics.estimators.rates import regression

_EVENTS_A_PIECE = 10
_MOST_PIECES = 10


@dataclass(frozen=True)
class Cells:
    """Each spell's time in each piece, and whether it ended there with the event."""

    row: IntArray
    piece: IntArray
    time: FloatArray
    event: FloatArray

    @property
    def pieces(self) -> int:
        """Return how many pieces there are."""
        return int(self.piece.max()) + 1


@dataclass(frozen=True)
class Piecewise:
    """The logarithm of the ratio of hazards, and whether it is the same from piece to piece."""

    estimate: Estimate
    proportional_p: float | None
    pieces: int


def usual_cuts(spells: Spells) -> FloatArray:
    """Return where the pieces meet: about ten events in each, ten pieces at most."""
    ended = np.sort(spells.exit[spells.event == 1])
    pieces = min(len(ended) // _EVENTS_A_PIECE, _MOST_PIECES)
    if pieces < 2:
        return np.empty(0)
    inner = np.unique(ended[[len(ended) * n // pieces - 1 for n in range(1, pieces)]])
    return np.asarray(inner[inner < ended[-1]])


def cells_of(spells: Spells, cuts: FloatArray) -> Cells:
    """Cut the spells where the pieces meet; a piece without a single event tells nothing of a ratio."""
    edges = np.concatenate([[-np.inf], cuts, [np.inf]])
    parts = [_in_piece(spells, low, high) for low, high in pairwise(edges)]
    told = [part for part in parts if part[2].any()]
    piece = np.repeat(np.arange(len(told)), [len(part[0]) for part in told])
    row, time, event = (np.concatenate([part[n] for part in told]) for n in range(3))
    return Cells(row.astype(np.int64), piece.astype(np.int64), time, event)


def _in_piece(spells: Spells, low: float, high: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    time = np.minimum(spells.exit, high) - np.maximum(spells.entry, low)
    there = np.flatnonzero(time > 0)
    ended = (spells.exit > low) & (spells.exit <= high) & (spells.event == 1)
    return there.astype(np.float64), time[there], ended[there].astype(np.float64)


def expected(spells: Spells, cuts: FloatArray) -> FloatArray:
    """Return the events each spell would have had if all had the hazards of all."""
    cells = cells_of(spells, cuts)
    events = np.bincount(cells.piece, weights=cells.event)
    rate = events / np.bincount(cells.piece, weights=cells.time)
    usual = np.zeros(len(spells.exit))
    np.add.at(usual, cells.row, cells.time * rate[cells.piece])
    return usual


def piecewise(spells: Spells, cuts: FloatArray) -> Piecewise | None:
    """Fit the model; None when a side has no event, so that no ratio can be told."""
    sides = [spells.exposure == side for side in np.unique(spells.exposure)]
    if len(sides) < 2 or not all(spells.event[own].any() for own in sides):
        return None
    if spells.cluster is not None and min(how_many(spells.cluster[own]) for own in sides) < 2:
        return None  # a side that is one cluster has no error
    cells = cells_of(spells, cuts)
    columns = np.column_stack([spells.exposure, spells.covariates])[cells.row]
    estimate = _fitted(spells, cells, columns)
    if estimate is None:
        return None
    return Piecewise(estimate, _proportional(spells, cells, columns), cells.pieces)


def _proportional(spells: Spells, cells: Cells, columns: FloatArray) -> float | None:
    """Return the chance of a ratio that grows or falls from piece to piece as much as here."""
    if cells.pieces < 3:
        return None
    later = cells.piece - cells.piece.mean()
    drifting = _fitted(spells, cells, np.column_stack([columns[:, 0] * later, columns]))
    return None if drifting is None else drifting.p


def _fitted(spells: Spells, cells: Cells, columns: FloatArray) -> Estimate | None:
    """Return the first column's coefficient; None when the likelihood has no top."""
    design = np.column_stack([np.eye(cells.pieces)[cells.piece], columns])
    at = cells.pieces
    events = np.bincount(cells.piece, weights=cells.event)
    beta = np.zeros(design.shape[1])
    beta[:at] = np.log(events / np.bincount(cells.piece, weights=cells.time))
    fitted = regression(cells.event, cells.time, design, beta, told=at)
    if fitted is None:
        return None
    beta, mean, inverse = fitted
    score = design * (cells.event - mean)[:, None]
    se, df = math.sqrt(max(float(inverse[at, at]), 0.0)), math.inf
    if spells.cluster is not None:
        se, df = _clustered(score @ inverse[at], spells.cluster[cells.row])
    found = math.isfinite(float(beta[at])) and 0 < se < 10
    return Estimate(float(beta[at]), se, df) if found else None


def _clustered(part: FloatArray, cluster: IntArray) -> tuple[float, float]:
    """Return the error over the sums of clusters' parts, and its degrees of freedom."""
    codes, row = np.unique(cluster, return_inverse=True)
    summed = np.bincount(row, weights=part)
    free = max(len(codes) - 1, 1)
    return math.sqrt(len(codes) / free * float(summed @ summed)), float(free)
