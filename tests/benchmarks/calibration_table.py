"""The page of a calibration: the goals, met or not, and a row for each scenario and outcome."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from lrs import __version__

Row = dict[str, Any]

CHANCE_DECIDES = ("team_random", "team_random, drawn here", "person_random", "team_level")
DEMO = "demo: "
DIPS = ("team_dip", "person_dip")
FLAGS = {
    "regression_to_the_mean": "dip",
    "pretrend": "trend",
    "estimators_disagree": "disagree",
    "not_robust_to_trend": "not robust",
}
UNMET, CHANCE = "**not met**", "off by no more than chance"
FULL = 400
FEW = 20  # intervals below which a coverage says nothing

HEAD = """# How often Verkan is right

Made by `make calibrate`: companies are drawn whose truth is known, and the answers held against it.
The simulator's companies have 600 people in 40 teams over 24 months; who is trained, and when, is chosen in
each way below, with no effect and with one (0.45 standard deviations at work, a fifth fewer errors …). The
demo's own generator gives the rest. *Claim* is a verdict of better or worse at grade A or B.

Version {version}, engine `{engine}`, seeds {first} to {last}: {draws} draws a scenario{short}. With so many
draws a share of 95 % is known to ± {error:.1f} points, one of 5 % likewise. A goal missed by less than that, for the
number of answers behind it, is *off by no more than chance*. Single outcomes are listed where they are off by more.

## Goals

| goal | wanted | found | |
| --- | --- | --- | --- |
"""

TABLE_HEAD = """
## Every scenario

*Covers*: the 95 % interval holds the truth. *Claims*: at grade A or B; where there is no effect all of them
are false. *Wrong way*: claims of the opposite of the truth. *p < .05*: what would be claimed without grades.
Then how often each warning fires. Where single people are chosen, *turnover* is told by `duration`, which has
no dip to look for and never more than grade C; everything else is a `panel`. With *everyone* sent at once there is
a series of 24 months with a step, at grade C at best. It takes the effect for whole from the first month on, and the
simulator's grows over three; and there people leave the sooner the newer they are, which in a company that begins with
newcomers only is a course of its own.

| chosen by | effect | outcome | draws | covers | claims | wrong way | p < .05 | {flags} |
| --- | --- | --- | --: | --: | --: | --: | --: | {lines} |
"""


def page(rows: list[Row], *, seed: int, engine: str) -> str:
    """Return the page."""
    groups = _groups(rows)
    sizes = [len(group) for group in groups.values()]
    text = HEAD.format(
        version=__version__,
        engine=engine,
        first=seed,
        last=max(row["seed"] for row in rows),
        draws=min(sizes),
        short="" if min(sizes) >= FULL else f", of the {FULL} that `make calibrate` makes",
        error=100 * 1.96 * math.sqrt(0.95 * 0.05 / min(sizes)),
    )
    text += "".join(_line(goal) for goal in _goals(rows, groups))
    flags = " | ".join(FLAGS.values())
    text += TABLE_HEAD.format(flags=flags, lines=" | ".join(["--:"] * len(FLAGS)))
    return text + "".join(_line(_told(*key, group)) for key, group in groups.items())


def _groups(rows: Iterable[Row]) -> dict[tuple[str, str, str], list[Row]]:
    groups = defaultdict(list)
    for row in rows:
        groups[row["assign"], "none" if _is_null(row) else "real", row["outcome"]].append(row)
    order = {assign: at for at, assign in enumerate(dict.fromkeys(row["assign"] for row in rows))}
    return dict(sorted(groups.items(), key=lambda item: (order[item[0][0]], item[0][1])))


def _is_null(row: Row) -> bool:
    return bool(row["effect"] == 0 or row["truth"] == row["none"])


def _is_of_spells(row: Row) -> bool:
    """Return whether it is of the time until people leave: nothing dips there, and C is the best."""
    return bool(row["outcome"] == "turnover" and row["assign"].startswith("person_"))


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _told(assign: str, effect: str, outcome: str, rows: list[Row]) -> list[str]:
    shares = [
        _share(rows, lambda row: row["covers"]),
        _share(rows, _claims),
        _share(rows, _wrong_way) if effect == "real" else "",
        _share(rows, lambda row: row["p"] is not None and row["p"] < 0.05),
        *(_share(rows, lambda row, flag=flag: flag in row["flags"]) for flag in FLAGS),
    ]
    return [assign, effect, outcome, str(len(rows)), *shares]


def _claims(row: Row) -> bool:
    return row["verdict"] in ("improved", "worsened") and row["grade"] in ("A", "B")


def _wrong_way(row: Row) -> bool:
    if not _claims(row) or row["truth"] is None:
        return False
    return bool((row["value"] > row["none"]) != (row["truth"] > row["none"]))


def _of(rows: Iterable[Row], says: Callable[[Row], bool | None]) -> tuple[float, int]:
    """Return the share of those that have an answer, and how many they are."""
    said = [bool(one) for one in map(says, rows) if one is not None]
    return (sum(said) / len(said) if said else math.nan), len(said)


def _share(rows: Iterable[Row], says: Callable[[Row], bool | None]) -> str:
    share, n = _of(rows, says)
    return f"{100 * share:.1f} %" if n >= FEW else ""


def _goals(rows: list[Row], groups: dict[tuple[str, str, str], list[Row]]) -> Iterable[list[str]]:
    for assign in dict.fromkeys(row["assign"] for row in rows):
        own = [row for row in rows if row["assign"] == assign]
        if assign in CHANCE_DECIDES or assign.startswith(DEMO):
            share, n = _of(own, lambda row: row["covers"])
            name = f"95 % interval covers, {assign}, all outcomes"
            yield _goal(name, "93–97 %", share, n, 0.93, 0.97)
    for key, own in groups.items():
        share, n = _of(own, lambda row: row["covers"])
        of_goal = key[0] in CHANCE_DECIDES or key[0].startswith(DEMO)
        goal = _goal(
            f"95 % interval covers, {key[0]}, {key[2]}, effect {key[1]}",
            "93–97 %",
            share,
            n,
            0.93,
            0.97,
        )
        if of_goal and n >= FEW and goal[-1] == UNMET:
            yield goal
    for assign in dict.fromkeys(row["assign"] for row in rows):
        own = [row for row in rows if row["assign"] == assign and _is_null(row)]
        if own:
            worst = max(
                _of(group, _claims)[0]
                for key, group in groups.items()
                if key[:2] == (assign, "none")
            )
            share, n = _of(own, _claims)
            name = f"false claims, {assign}, all outcomes (worst one: {100 * worst:.1f} %)"
            yield _goal(name, "≤ 5 %", share, n, 0.0, 0.05)
    for assign in DIPS:
        own = [row for row in rows if row["assign"] == assign and not _is_of_spells(row)]
        share, n = _of(own, lambda row: "regression_to_the_mean" in row["flags"])
        yield _goal(f"dip flagged, {assign}", "≥ 99 %", share, n, 0.99, 1.0)
    for assign in ("team_random", "team_random, drawn here", "person_random"):
        share, n = _of(groups.get((assign, "real", "productivity"), ()), _claims)
        name = f"claims, {assign}, productivity, 0.45 sd"
        yield _goal(name, "≥ 80 %", share, n, 0.80, 1.0)


def _goal(name: str, wanted: str, share: float, n: int, least: float, most: float) -> list[str]:
    bound = min(max(share, least), most)
    by_chance = abs(share - bound) <= 1.96 * math.sqrt(bound * (1 - bound) / max(n, 1))
    verdict = "met" if share == bound else CHANCE if by_chance else UNMET
    return [name, wanted, f"{100 * share:.1f} % of {n:,}", verdict]
