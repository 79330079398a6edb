"""Power and draw on the screen, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from analytics.plans.drawing import imbalance
from analytics.plans.drawn import Lot
from analytics.plans.power import LEAST_MONTHS, LEAST_TEAMS
from analytics.plans.store import KeptDraw
from analytics.telling.numbers import decimals_for, number


def power_lines(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what could be seen of each outcome."""
    return [line for one in found for line in _of_outcome(one)]


def _of_outcome(one: Mapping[str, Any]) -> Iterator[str]:
    history = one["history"]
    if history is None:
        yield (
            f"{one['name']}: no power can be told; it takes {LEAST_TEAMS} teams "
            f"and {LEAST_MONTHS} months before the start"
        )
        return
    yield (
        f"{one['name']}: {history['teams']} teams of about {history['team_size']:.0f}, "
        f"{history['months']} months before; level {_plain(history['level'])}, alike within teams "
        f"{history['icc']:.2f}, from month to month {history['serial']:.2f}"
    )
    if one["too_few"]:
        yield "  this roll-out has too few teams, or events, for any effect, however large, to be told from chance"
    if one["planned"]:
        yield f"  this roll-out would show an effect of {_size(one['planned'], one)} or more"
    for months, rows in groupby(
        sorted(one["table"], key=lambda r: (r["months"], r["teams"])), lambda r: r["months"]
    ):
        told = ", ".join(f"{row['teams']} teams a side {_size(row, one)}" for row in rows)
        yield f"  {months} months after: {told}"
    if one["needed"]:
        yield (
            f"  to find that effect by a single look: {one['needed']['clusters_per_group']} "
            "teams a side"
        )


def _size(row: Mapping[str, Any], one: Mapping[str, Any]) -> str:
    if row["percent"] is not None:
        return f"{row['percent']:.0f} %" if row["percent"] >= 10 else f"{row['percent']:.1f} %"
    return f"{_plain(row['effect'])} {one['unit'] or ''}".rstrip()


def _plain(value: float) -> str:
    return number(value, "en", decimals_for(value))


def draw_lines(made: KeptDraw, lots: Sequence[Lot], fresh: bool) -> list[str]:
    """Return the draw: how it was made, then a line a wave with its teams."""
    even = imbalance(made.draw)["of_usual"]
    lines = [
        f"{'drawn' if fresh else 'drawn before'} with seed {made.draw.seed}; even in "
        f"{', '.join(made.draw.balanced_over)} (unlike by {100 * even:.0f} % of a usual draw)"
    ]
    for start, group in groupby(lots, lambda lot: lot.start):
        teams = [lot.name for lot in group]
        lines.append(f"{start or 'later'}  {len(teams)} teams: {', '.join(teams)}")
    return lines
