"""One unit, or a few that start together, beside a mix of the others that moved as it did before.

Synthetic difference-in-differences after Arkhangelsky, Athey, Hirshberg, Imbens and Wager (2021):
weights on the other units make them run parallel to the trained before the start, weights on the
earlier periods make these like the later ones. Synthetic control weighs units only and wants the
same level; the plain difference weighs nothing. Errors are those of placebos: the same sums with
units in the trained one's place that nothing happened to.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from scipy.optimize import nnls

from analytics.estimators.estimate import Estimate
from analytics.estimators.grid import FloatArray, IntArray
from analytics.estimators.permutation import SEED

_MOST_PLACEBOS = 200
"""Sets of donors that are drawn where there are too many to take each once."""
_EACH = 1_000
"""Sets of which each is taken."""
_FITTED = 1e-16
"""Share of a later distance below which the earlier one is rounding."""
_TINY = 1e-6
"""Ridge on time and on a control's weights, in standard deviations: it only breaks ties."""
_ROUNDING = 1e-9
"""Share by which two effects that are the same may differ."""


@dataclass(frozen=True)
class Block:
    """Outcomes, units × periods, nothing missing: the first rows are the donors, never trained.

    ``donors`` of them; the rows after that are the trained. ``before`` periods come before the start.
    """

    outcome: FloatArray
    donors: int
    before: int
    size: FloatArray | None = None
    """What each unit's figures are of, on average: cases, people asked. None: all alike."""

    def wider(self, chosen: tuple[int, ...]) -> float:
        """Return how many times as far chance may move the trained as it moves some donors.

        The figure of a small unit jumps about more than those of the large ones that take its place.
        """
        if self.size is None:
            return 1.0
        theirs, own = self.size[list(chosen)].mean(), self.size[self.donors :].mean()
        return max(1.0, math.sqrt(float(theirs / own)))

    @property
    def trained(self) -> int:
        """Return how many units were trained."""
        return len(self.outcome) - self.donors

    @cached_property
    def noise(self) -> float:
        """Return the spread of the donors' changes from one period to the next, before the start."""
        changes = np.diff(self.outcome[: self.donors, : self.before], axis=1)
        return float(np.std(changes, ddof=1)) if changes.size > 1 else 0.0

    @cached_property
    def target(self) -> FloatArray:
        """Return the trained units' mean, period by period."""
        return np.asarray(self.outcome[self.donors :].mean(axis=0))

    def too_early(self) -> Block | None:
        """Return the time before the start alone, with a start that was none in its middle."""
        half = self.before // 2
        if half < 3:
            return None
        return Block(self.outcome[:, : self.before], self.donors, self.before - half, self.size)

    def placebo(self, chosen: tuple[int, ...]) -> Block:
        """Return the block of donors alone, with some of them in the trained ones' place."""
        rest = [row for row in range(self.donors) if row not in chosen]
        return Block(self.outcome[[*rest, *chosen]], len(rest), self.before)


@dataclass(frozen=True)
class Path:
    """How far the trained are from their comparison, period by period; 0 is where they began."""

    gaps: FloatArray
    before: int
    units: FloatArray
    """Each donor's weight."""

    @property
    def effect(self) -> float:
        """Return the mean distance after the start."""
        return float(self.gaps[self.before :].mean())


Method = Callable[[Block], Path]


def plain(block: Block) -> Path:
    """Weigh all donors and all earlier periods alike."""
    units = np.full(block.donors, 1 / block.donors)
    return _path(block, units, np.full(block.before, 1 / block.before))


def synthetic_control(block: Block) -> Path:
    """Weigh the donors so that they are at the trained ones' level before the start."""
    earlier = block.outcome[: block.donors, : block.before].T
    units = _on_simplex(earlier, block.target[: block.before], _TINY * block.noise)
    gaps = block.target - units @ block.outcome[: block.donors]
    return Path(gaps, block.before, units)


def synthetic_did(block: Block) -> Path:
    """Weigh the donors so that they run parallel to the trained, and the periods likewise."""
    after = block.outcome.shape[1] - block.before
    ridge = (block.trained * after) ** 0.25 * block.noise
    earlier = block.outcome[: block.donors, : block.before].T
    units = _on_simplex(_level(earlier), _level(block.target[: block.before]), ridge)
    later = block.outcome[: block.donors, block.before :].mean(axis=1)
    periods = _on_simplex(_level(earlier.T), _level(later), _TINY * block.noise)
    return _path(block, units, periods)


def _path(block: Block, units: FloatArray, periods: FloatArray) -> Path:
    gaps = block.target - units @ block.outcome[: block.donors]
    return Path(gaps - float(periods @ gaps[: block.before]), block.before, units)


def _level(values: FloatArray) -> FloatArray:
    """Take each column's mean away: a constant may lie between the two."""
    return np.asarray(values - values.mean(axis=0))


def _on_simplex(columns: FloatArray, target: FloatArray, ridge: float) -> FloatArray:
    """Return the weights, none negative and one in sum, that bring the columns nearest to a target.

    ``ridge`` draws the weights towards each other: its square, times the rows, is their price.
    Least squares without negatives; the sum is held by a row that outweighs all others.
    """
    rows, width = columns.shape
    scale = float(np.abs(columns).max()) or 1.0
    held = 1e4 * scale * np.sqrt(rows)
    price = max(ridge, 1e-9 * scale) * np.sqrt(rows)
    system = np.vstack([columns, price * np.eye(width), np.full((1, width), held)])
    aim = np.concatenate([target, np.zeros(width), [held]])
    found, _ = nnls(system, aim, maxiter=50 * width)
    return np.asarray(found / found.sum())


@dataclass(frozen=True)
class Placebos:
    """What one method finds where nothing happened."""

    effects: FloatArray
    gaps: FloatArray
    """Placebos × periods."""

    @property
    def spread(self) -> float:
        """Return the standard deviation of the effects."""
        return float(np.std(self.effects)) if len(self.effects) > 1 else 0.0

    def estimate(self, path: Path) -> Estimate:
        """Return the effect with the placebos' spread as its error."""
        return Estimate(path.effect, self.spread, float(max(len(self.effects) - 1, 1)))

    def at(self, path: Path, period: int) -> Estimate:
        """Return the distance in one period with its error."""
        spread = float(np.std(self.gaps[:, period])) if len(self.gaps) > 1 else 0.0
        return Estimate(float(path.gaps[period]), spread, float(max(len(self.gaps) - 1, 1)))

    def rank_p(self, path: Path) -> float:
        """Return the share of placebos, the real one among them, with an effect as large."""
        as_large = np.abs(self.effects) >= abs(path.effect) * (1 - _ROUNDING)
        return float((1 + as_large.sum()) / (1 + len(self.effects)))

    def fit_rank(self, path: Path) -> dict[str, float | int] | None:
        """Return the rank of how much farther apart the two ran after the start than before it.

        After Abadie, Diamond and Hainmueller (2010): a placebo that never fitted counts for little.
        """
        told = [_grown(gaps, path.before) for gaps in (path.gaps, *self.gaps)]
        if len(told) < 2 or not all(np.isfinite(told)):
            return None
        rank = int((np.array(told) >= told[0] * (1 - 1e-9)).sum())
        return {"ratio": told[0], "rank": rank, "of": len(told), "p": rank / len(told)}


def _grown(gaps: FloatArray, before: int) -> float:
    earlier, later = float(np.mean(gaps[:before] ** 2)), float(np.mean(gaps[before:] ** 2))
    return later / earlier if earlier > _FITTED * later else np.inf


def placebos(block: Block, method: Method) -> Placebos:
    """Put donors in the place of the trained: each alone when one was trained, else sets of as many."""
    chosen = _choices(block)
    made = [method(block.placebo(rows)) for rows in chosen]
    wider = np.array([block.wider(rows) for rows in chosen])
    gaps = np.array([path.gaps for path in made]).reshape(len(made), block.outcome.shape[1])
    return Placebos(np.array([path.effect for path in made]) * wider, gaps * wider[:, None])


def _choices(block: Block) -> list[tuple[int, ...]]:
    if block.trained == 1:
        return [(row,) for row in range(block.donors)] if block.donors > 1 else []
    if block.donors <= block.trained:
        return []
    # In an order of their own, so that what units are called changes no draw.
    rows: IntArray = np.lexsort(block.outcome[: block.donors].T)
    if math.comb(block.donors, block.trained) <= _EACH:
        return list(combinations(rows.tolist(), block.trained))
    draw = np.random.default_rng(SEED)
    picks = (draw.choice(rows, block.trained, replace=False) for _ in range(_MOST_PLACEBOS))
    return [tuple(sorted(pick.tolist())) for pick in picks]
