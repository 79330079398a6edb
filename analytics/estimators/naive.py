"""The numbers that are usually shown, so that a report can strike them through.

Before/after takes everything else that changed for the training's doing; the cross-section takes who
was chosen; two-way fixed effects compares late starters with the already trained.
"""

from __future__ import annotations

import numpy as np

from analytics.estimators.fits import twfe
from analytics.estimators.grid import BoolArray, FloatArray, Grid


def before_after(grid: Grid) -> FloatArray | None:
    """Return the weights of the trained units' mean after less their mean before."""
    own = np.zeros(len(grid.cohorts), bool)
    own[grid.starts] = True
    after, before = grid.treated & own[:, None], grid.untreated & own[:, None]
    return _contrast(grid, after, before)


def cross_section(grid: Grid) -> FloatArray | None:
    """Return the weights of trained less never trained, in the periods after the first start."""
    if not len(grid.starts):
        return None
    since = grid.periods >= grid.cohorts[grid.starts].min()
    others = grid.untreated & grid.never[:, None] & since
    return _contrast(grid, grid.treated, others if others.any() else grid.untreated & since)


def naive(grid: Grid) -> dict[str, FloatArray | None]:
    """Return the weights of all three."""
    return {
        "before_after": before_after(grid),
        "cross_section": cross_section(grid),
        "twfe": twfe(grid),
    }


def _contrast(grid: Grid, one: BoolArray, other: BoolArray) -> FloatArray | None:
    if not one.any() or not other.any():
        return None
    first = np.where(one, grid.den, 0.0) / grid.den[one].sum()
    return np.asarray(first - np.where(other, grid.den, 0.0) / grid.den[other].sum())
