"""Draws by lot which team starts when, evenly over size and earlier results. Pure, from a seed.

The method is re-randomisation (Morgan & Rubin 2012): teams are dealt to the waves at random until a
deal is among the most even tenth. How even a deal is, is the Mahalanobis distance of the waves'
means in the teams' size and earlier outcomes, added up over the waves. The bound follows from the
teams alone, with a fixed seed, so every deal within it is as likely as any other; a test that deals
again within the same bound is therefore exact (`deals`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analytics.estimators.panel import NEVER
from analytics.months import month_ix, month_name
from lrs.errors import BadInput

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

ACCEPTED = 0.10
"""The share of all deals that are even enough to be drawn."""

METHOD = "re-randomised, the most even tenth of all deals"
LEAST_TEAMS = 4
_MEASURED = 4_000
_BATCH = 2_000
_MEASURING_SEED = 20_260_103


@dataclass(frozen=True, slots=True)
class Wave:
    """So many teams start in a month."""

    month: int
    teams: int


_WAVE = re.compile(r"(\d{4}-(?:0[1-9]|1[0-2]))=([1-9]\d{0,5})", re.ASCII)


def wave_of(text: str) -> Wave:
    """Return the wave that `2027-01=10` names; raises `BadInput`."""
    found = _WAVE.fullmatch(text)
    if found is None:
        raise BadInput(f"{text!r} is no wave", where="wave", hint="MONTH=TEAMS: 2027-01=10")
    return Wave(month_ix(found[1]), int(found[2]))


@dataclass(frozen=True, slots=True)
class Team:
    """A team as it was when the draw was made; ``before`` are its earlier outcomes."""

    key: str
    size: int
    before: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Draw:
    """Which team starts in which month; `NEVER` for those that stand beside to the end."""

    seed: int
    teams: tuple[Team, ...]
    waves: tuple[Wave, ...]
    starts: tuple[int, ...]
    balanced_over: tuple[str, ...] = ("size",)

    def as_json(self) -> dict[str, Any]:
        """Return the draw as it is kept."""
        return {
            "waves": [[month_name(wave.month), wave.teams] for wave in self.waves],
            "balanced_over": list(self.balanced_over),
            "teams": [
                [team.key, team.size, list(team.before), _written(start)]
                for team, start in zip(self.teams, self.starts, strict=True)
            ],
        }

    @classmethod
    def from_json(cls, seed: int, kept: Mapping[str, Any]) -> Draw:
        """Return the draw that was kept."""
        return cls(
            seed=seed,
            teams=tuple(Team(key, size, tuple(before)) for key, size, before, _ in kept["teams"]),
            waves=tuple(Wave(month_ix(month), teams) for month, teams in kept["waves"]),
            starts=tuple(_read(start) for *_, start in kept["teams"]),
            balanced_over=tuple(kept["balanced_over"]),
        )


def _written(start: int) -> str | None:
    return None if start == NEVER else month_name(start)


def _read(start: str | None) -> int:
    return NEVER if start is None else month_ix(start)


def draw_starts(
    teams: Sequence[Team], waves: Sequence[Wave], seed: int, balanced_over: Sequence[str]
) -> Draw:
    """Return the draw of that seed; the same teams and waves give the same draw on any machine."""
    ordered = tuple(sorted(teams, key=lambda team: team.key))
    in_time = tuple(sorted(waves, key=lambda wave: wave.month))
    _check(ordered, in_time)
    drawn = Draw(seed, ordered, in_time, (NEVER,) * len(ordered), tuple(balanced_over))
    deal = next(_even_deals(drawn, np.random.default_rng(seed)))
    starts = tuple(int(start) for start in _months(drawn)[deal])
    return Draw(seed, ordered, in_time, starts, tuple(balanced_over))


def deals(draw: Draw, count: int, seed: int) -> IntArray:
    """Return so many other draws that were as likely as this one: deals × teams, starting months."""
    random = np.random.default_rng(seed)
    source = _even_deals(draw, random)
    return np.asarray(_months(draw)[np.array([next(source) for _ in range(count)])])


def imbalance(draw: Draw) -> dict[str, float]:
    """Return how unlike the draw's waves are, beside the usual deal without balancing: 1 is usual."""
    known = {month: at for at, month in enumerate(_months(draw).tolist())}
    own = np.array([[known[start] for start in draw.starts]])
    usual = np.median(_distances(draw, _random_deals(draw, _measuring(), _MEASURED)))
    found = float(_distances(draw, own)[0])
    return {"of_usual": found / float(usual) if usual > 0 else 0.0}


def _check(teams: Sequence[Team], waves: Sequence[Wave]) -> None:
    if len(teams) < LEAST_TEAMS:
        raise BadInput(
            f"there are {len(teams)} teams to draw from, and a draw needs {LEAST_TEAMS}",
            where="teams",
            hint="import people with their teams first: `verkan people import`",
        )
    if not waves or any(wave.teams < 1 for wave in waves):
        raise BadInput("a draw needs at least one wave of one team", where="wave")
    if len({wave.month for wave in waves}) < len(waves):
        raise BadInput("two waves start in the same month", where="wave")
    drawn = sum(wave.teams for wave in waves)
    if drawn > len(teams):
        raise BadInput(
            f"the waves take {drawn} teams, and there are {len(teams)}",
            where="wave",
            hint="a team starts once; leave some to compare with",
        )
    if drawn == len(teams) and len(waves) < 2:
        raise BadInput(
            "everybody would start at once, and nobody be left to compare with",
            where="wave",
            hint="leave some teams out, or start them in a later wave",
        )


def _months(draw: Draw) -> IntArray:
    """Return the month of each lot; the last lot is to stand beside."""
    return np.array([wave.month for wave in draw.waves] + [NEVER], dtype=np.int64)


def _lots(draw: Draw) -> IntArray:
    sizes = [wave.teams for wave in draw.waves]
    sizes.append(len(draw.teams) - sum(sizes))
    return np.repeat(np.arange(len(sizes)), sizes)


def _random_deals(draw: Draw, random: np.random.Generator, count: int) -> IntArray:
    return np.asarray(random.permuted(np.tile(_lots(draw), (count, 1)), axis=1))


def _measuring() -> np.random.Generator:
    return np.random.default_rng(_MEASURING_SEED)


def _even_deals(draw: Draw, random: np.random.Generator) -> Iterator[IntArray]:
    """Yield deals that are even enough, for ever."""
    measured = _distances(draw, _random_deals(draw, _measuring(), _MEASURED))
    bound = float(np.quantile(measured, ACCEPTED)) * (1 + 1e-9) + 1e-9
    while True:
        dealt = _random_deals(draw, random, _BATCH)
        yield from dealt[_distances(draw, dealt) <= bound]


def _distances(draw: Draw, dealt: IntArray) -> FloatArray:
    """Return the sum over lots of n·|mean|² in whitened covariates, of every deal."""
    covariates = _whitened(draw)
    lots = _lots(draw)
    total = np.zeros(len(dealt))
    for lot in np.unique(lots):
        sums = (dealt == lot).astype(np.float64) @ covariates
        total += (sums**2).sum(axis=1) / float((lots == lot).sum())
    return total


def _whitened(draw: Draw) -> FloatArray:
    """Return size and earlier outcomes with mean 0, spread 1 and nothing in common."""
    columns = [[math.log(max(team.size, 1)) for team in draw.teams]]
    columns += [
        [math.nan if (known := team.before[at]) is None else known for team in draw.teams]
        for at in range(len(draw.balanced_over) - 1)
    ]
    table = np.array(columns, dtype=np.float64).T
    table = np.where(np.isnan(table), _means(table), table)
    centred = table - table.mean(axis=0)
    spread = centred.std(axis=0)
    kept = centred[:, spread > 1e-12] / spread[spread > 1e-12]
    if not kept.size:
        return np.empty((len(table), 0))
    values, vectors = np.linalg.eigh(kept.T @ kept / len(kept))
    sound = values > 1e-9
    return np.asarray(kept @ (vectors[:, sound] / np.sqrt(values[sound])))


def _means(table: FloatArray) -> FloatArray:
    """Return each column's mean over the teams that have it."""
    known = ~np.isnan(table)
    counts = np.maximum(known.sum(axis=0), 1)
    return np.asarray(np.where(known, table, 0.0).sum(axis=0) / counts)
