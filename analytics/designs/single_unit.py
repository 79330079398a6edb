"""One team or site of many, or a few that start together: one row a unit and period."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analytics.checks import grading, unmeasured
from analytics.designs.column import again
from analytics.designs.measures import Measures, measures
from analytics.designs.panel import two_rows
from analytics.designs.sides import sides
from analytics.designs.spec import Spec
from analytics.designs.time import Clock, read_periods
from analytics.estimators import synthetic
from analytics.estimators.effect import Effect
from analytics.estimators.estimate import Estimate
from analytics.estimators.inverting import agreeing
from analytics.estimators.synthetic import Block, Path, Placebos
from analytics.record import record_of
from lrs.errors import BadInput

KEYS = frozenset({"unit", "time", "treatment", "treated_unit", "start"})
_FEWEST_PERIODS = 3
"""Periods before the start from which a likeness can be found at all."""


def answer(spec: Spec, provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer."""
    question = spec.question()
    own = measures(spec, spec.kpi, spec.text("outcome"), spec.optional("exposure"))
    block, flags = _block(spec, own)
    methods = {
        "synthetic_did": synthetic.synthetic_did,
        "synthetic_control": synthetic.synthetic_control,
        "did": synthetic.plain,
    }
    paths = {name: method(block) for name, method in methods.items()}
    beside = {name: synthetic.placebos(block, method) for name, method in methods.items()}
    path, others = paths["synthetic_did"], beside["synthetic_did"]
    estimate = others.estimate(path)
    flags += _flags(block, estimate)
    placebo_p = others.rank_p(path)
    p = max(estimate.p, placebo_p)
    without = float((block.target - path.gaps)[block.before :].mean())
    effect = Effect(
        agreeing(estimate, p),  # few placebos rank less surely than their spread would have it
        ratio=False,
        without=without if question.tells_percent(without, float(np.std(block.outcome))) else None,
        method="synthetic difference-in-differences; error from placebos",
    )
    return record_of(
        question,
        design="single_unit",
        effect=effect,
        flags=grading.in_order([*own.flags, *flags]),
        p=p,
        best="B",
        counts=_counts(block),
        provenance=provenance,
        parts={
            "estimates": {n: beside[n].estimate(paths[n]).as_json() for n in methods},
            "event_study": _event_study(block, path, others),
            "naive": _naive(block),
            "checks": {
                "fit": _fit(block, paths),
                "placebo": {
                    "rank": beside["synthetic_control"].fit_rank(paths["synthetic_control"]),
                    "date": _false_start(block),
                },
                "e_value": unmeasured.of_effect(effect, share=None, spread=_spread(block)),
            },
            "inference": {
                "p": p,
                "placebo_p": placebo_p,
                "least_p": 1 / (len(others.effects) + 1),
                "assignments": len(others.effects) + 1,
                "clusters": len(block.outcome),
                "method": "placebos",
            },
        },
    )


def _block(spec: Spec, own: Measures) -> tuple[Block, list[str]]:
    """Return the outcomes as units × periods, and a flag when units had to be left out."""
    period, clock = read_periods(spec.column("time"), "time")
    unit = spec.names("unit")
    twice = again(unit.code, period)
    if len(twice):
        raise two_rows(unit.of(int(twice[0])), int(twice[0]) + 1)
    rows = pd.DataFrame({"unit": np.array(unit.names, object)[unit.code], "period": period})
    rows["on"] = _on(spec, rows, clock)
    trained, start = _trained(rows)
    rows["value"] = np.where(own.known, own.num / np.where(own.den > 0, own.den, 1.0), np.nan)
    wide = rows.pivot(index="unit", columns="period", values="value").sort_index()
    size = rows.assign(den=own.den).groupby("unit")["den"].mean() if own.counted else None
    return _whole(wide, trained, start, size)


def _on(spec: Spec, rows: pd.DataFrame, clock: Clock) -> np.ndarray:
    """Return 1 where a unit is trained: by its own column, or from the start of the one named."""
    if spec.optional("treatment") is not None:
        for key in sorted({"treated_unit", "start"} & spec.given.keys()):
            raise BadInput(
                f"'treatment' says who was trained, and so does {key!r}",
                where=key,
                hint="a column of 0 and 1 ('treatment'), or 'treated_unit' and 'start'",
            )
        return sides(spec.column("treatment")).astype(np.float64)
    named, start = spec.given.get("treated_unit"), spec.given.get("start")
    if named is None or start is None:
        raise BadInput(
            "the spec names nobody who was trained",
            where="treatment",
            hint="a column of 0 and 1 ('treatment'), or 'treated_unit' and 'start'",
        )
    if not (rows["unit"] == str(named)).any():
        raise BadInput(f"there is no unit {named!r}", where="treated_unit")
    first = clock.read(str(start).strip())
    if first is None:
        raise BadInput(f"{start!r} is not a {clock.period_name}", where="start")
    if first > rows["period"].max():
        raise BadInput("the start lies after the last period", where="start")
    return ((rows["unit"] == str(named)) & (rows["period"] >= first)).to_numpy(float)


def _trained(rows: pd.DataFrame) -> tuple[list[str], int]:
    """Return the trained units and the period they start in: one for all, and once for good."""
    starts = rows[rows["on"] == 1].groupby("unit")["period"].min()
    if starts.empty:
        raise BadInput("nobody is trained: there is nothing to measure yet", where="treatment")
    if starts.nunique() > 1:
        raise BadInput(
            "the trained start in different periods",
            where="treatment",
            hint='the design for that is "panel", with the start of each',
        )
    start = int(starts.iloc[0])
    stops = rows[rows["unit"].isin(starts.index) & (rows["period"] >= start) & (rows["on"] == 0)]
    if len(stops):
        raise BadInput(
            f"{stops['unit'].iloc[0]!r} stops being trained",
            where="treatment",
            hint="who was trained stays so: 1 in every later period",
        )
    if len(starts) == rows["unit"].nunique():
        raise BadInput(
            "everyone is trained: there is nobody to compare with",
            where="treatment",
            hint='the design for that is "interrupted_series"',
        )
    return [str(unit) for unit in starts.index], start


def _whole(
    wide: pd.DataFrame, trained: list[str], start: int, size: pd.Series | None
) -> tuple[Block, list[str]]:
    periods = wide.columns.to_numpy(np.int64)
    before = int((periods < start).sum())
    if before < _FEWEST_PERIODS:
        raise BadInput(
            f"{before} periods lie before the start; this design needs {_FEWEST_PERIODS}",
            where="time",
        )
    gaps = wide.isna().any(axis=1)
    if gaps[trained].any():
        raise BadInput(
            "the trained unit lacks its outcome in some period",
            where="outcome",
            hint="fill the gap, or leave that period out for all",
        )
    donors = [unit for unit in wide.index if unit not in trained and not gaps[unit]]
    if len(donors) < 2:
        raise BadInput(
            "fewer than two other units have every period", where="unit", hint="add more units"
        )
    units = [*donors, *trained]
    of = None if size is None else size[units].to_numpy(float)
    block = Block(wide.loc[units].to_numpy(float), len(donors), before, of)
    uneven = len(np.unique(np.diff(periods))) > 1
    return block, ["missing_periods"] if gaps.any() or uneven else []


def _flags(block: Block, estimate: Estimate) -> list[str]:
    found = ["single_treated_unit"] if block.trained == 1 else []
    if 1 < block.trained < grading.FEW_CLUSTERS or block.donors < grading.FEW_CLUSTERS:
        found.append("few_clusters")
    if not np.ptp(block.outcome) > 0:
        found.append("no_variation")
    elif estimate.without_noise(float(np.std(block.outcome))):
        found.append("without_noise")
    return found


def _event_study(block: Block, path: Path, others: Placebos) -> dict[str, Any]:
    return {
        str(period - block.before): others.at(path, period).as_json()
        for period in range(block.outcome.shape[1])
    }


def _false_start(block: Block) -> dict[str, float | None] | None:
    """Return the effect of a start that was none, half-way through the time before the real one."""
    early = block.too_early()
    if early is None:
        return None
    beside = synthetic.placebos(early, synthetic.synthetic_did)
    return beside.estimate(synthetic.synthetic_did(early)).as_json()


def _spread(block: Block) -> float:
    """Return the spread of the donors' figures about their own means."""
    own = block.outcome[: block.donors]
    return float(np.std(own - own.mean(axis=1, keepdims=True)))


def _fit(block: Block, paths: Mapping[str, Path]) -> dict[str, float]:
    """Return how far each comparison runs from the trained before the start, on average."""
    return {
        name: float(np.sqrt(np.mean(path.gaps[: block.before] ** 2)))
        for name, path in paths.items()
    }


def _naive(block: Block) -> dict[str, Any]:
    before, after = block.target[: block.before].mean(), block.target[block.before :].mean()
    others = block.outcome[: block.donors, block.before :].mean()
    return {
        "before_after": {"att": float(after - before)},
        "cross_section": {"att": float(after - others)},
    }


def _counts(block: Block) -> dict[str, Any]:
    return {
        "units": len(block.outcome),
        "treated": block.trained,
        "comparison": block.donors,
        "clusters": len(block.outcome),
        "clusters_treated": block.trained,
        "clusters_comparison": block.donors,
        "periods": block.outcome.shape[1],
    }
