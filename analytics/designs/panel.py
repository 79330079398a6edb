"""Staggered or partial roll-out: one row a unit and period."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, get_args

import numpy as np
import pandas as pd

from analytics.answering import answer_panel
from analytics.designs.measures import Measures, measures
from analytics.designs.spec import Spec, kpi_of, question_of
from analytics.designs.time import Clock, IntArray, clock_of, counting, periods_of
from analytics.estimators.frame_panel import FramePanel
from analytics.estimators.grid import BoolArray
from analytics.estimators.levels import Rows, shifts
from analytics.estimators.panel import NEVER
from analytics.estimators.question import Comparison, Question
from lrs.errors import BadInput

KEYS = frozenset(
    {"unit", "time", "start", "never", "comparison", "cluster", "randomised_timing", "companions"}
)
_MANY_GAPS = 0.05
_MANY_WITHIN = 0.5
_MOST_LEFT_OUT, _MOST_OF_A_START = 0.2, 0.5


def answer(spec: Spec, provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer."""
    rows, clock = _rows(spec)
    question = question_of_panel(spec, clock)
    own = measures(spec, spec.kpi, spec.text("outcome"), spec.optional("exposure"))
    if spec.kpi["kind"] == "time_to_event" and max(own.num.max(), own.den.max()) <= 1:
        refuse_people_by_themselves(spec, _chosen_within(rows))
    keep, left_out = _complete(spec, rows, own)
    flags = [*own.flags, *_gaps(rows[own.known & keep])]
    levelled = _levelled(rows.assign(num=own.num, den=own.den)[own.known & keep], question)
    left_out += levelled.left_out
    found = answer_panel(
        FramePanel(levelled.frame),
        question,
        companions=_companions(spec, rows, keep),
        provenance=provenance,
        flags=flags_of(flags, left_out),
    )
    return with_left_out(found, left_out)


def are_on_their_own(spec: Spec) -> bool:
    """Return whether every unit is a cluster: what is compared are the same units over time."""
    return spec.optional("cluster") in (None, spec.text("unit"))


def may_leave_out(incomplete: Mapping[int, int], units: Mapping[int, int]) -> bool:
    """Return whether units that lack a period can be done without, told by how many start when.

    Units that come and go move the mean of their side by who they are. While they are few, both overall
    and among those with one start, the others tell the change without them; R's did does the same.
    """
    some, every = sum(incomplete.values()), sum(units.values())
    few = all(n <= _MOST_OF_A_START * units[start] for start, n in incomplete.items() if n)
    return few and 0 < some <= _MOST_LEFT_OUT * every


def flags_of(flags: list[str], left_out: int) -> list[str]:
    """Return the flags, and that units were left out."""
    return [*flags, *(["incomplete_left_out"] if left_out else [])]


def with_left_out(answer: dict[str, Any], left_out: int) -> dict[str, Any]:
    """Return the answer with how many units were left out, where some were."""
    return {**answer, "n": {**answer["n"], "left_out": left_out}} if left_out else answer


def _complete(spec: Spec, rows: pd.DataFrame, own: Measures) -> tuple[BoolArray, int]:
    """Return which rows to keep, and how many units are left out for lacking a period."""
    every = np.ones(len(rows), bool)
    if not are_on_their_own(spec):
        return every, 0
    told = rows[own.known]
    units = told.groupby("unit")["cohort"].agg(["size", "first"])
    lacking = units[units["size"] < told["period"].nunique()]
    if not may_leave_out(_by_start(lacking), _by_start(units)):
        return every, 0
    return ~rows["unit"].isin(lacking.index).to_numpy(), len(lacking)


def refuse_people_by_themselves(spec: Spec, chosen_within: bool) -> None:
    """Refuse the time until single people leave, where each has a start of their own.

    Who leaves early was never trained, so the trained outlive the others whatever the training did:
    with no effect at all, half of such panels claimed one.
    """
    alone = are_on_their_own(spec)
    if alone or chosen_within:
        raise BadInput(
            "people with a start of their own: who left early counts as never trained",
            where="cluster" if alone else "start",
            hint='use the design "duration"; or, where teams were trained, give each person the '
            'start of the team, and the column of teams as "cluster"',
        )


def _chosen_within(rows: pd.DataFrame) -> bool:
    """Return whether most clusters with several units have several starts too."""
    own = rows.drop_duplicates("unit").groupby("cluster")["cohort"].agg(["size", "nunique"])
    several = own[own["size"] > 1]
    return len(several) > 0 and float((several["nunique"] > 1).mean()) > _MANY_WITHIN


def question_of_panel(spec: Spec, clock: Clock) -> Question:
    """Return what the spec asks."""
    return spec.question(
        comparison=spec.choice("comparison", get_args(Comparison), "both"),
        randomised_timing=spec.flag("randomised_timing"),
        period_name=clock.period_name,
    )


def _by_start(units: pd.DataFrame) -> dict[int, int]:
    starts, n = np.unique(units["first"], return_counts=True)
    return dict(zip(starts.tolist(), n.tolist(), strict=True))


def _rows(spec: Spec) -> tuple[pd.DataFrame, Clock]:
    """Return unit, period, cohort and cluster of every row, and how time is written."""
    unit, time = spec.names("unit"), spec.column("time")
    if time.isna().any():
        raise no_period(int(np.flatnonzero(time.isna())[0]) + 1)
    period, cohort, clock = timing(spec)
    cluster = spec.names("cluster") if spec.optional("cluster") else unit
    rows = pd.DataFrame({"unit": unit, "period": period, "cluster": cluster, "cohort": cohort})
    _check_units(rows)
    return rows, clock


def timing(spec: Spec) -> tuple[IntArray, IntArray, Clock]:
    """Return each row's period and start, and how time is written."""
    time = spec.column("time")
    clock = clock_of([str(value).strip() for value in time.unique()], "time")
    period = periods_of(time, clock, "time")
    if len(np.unique(period)) < 2:
        raise BadInput(
            "there is one period only: a change needs a before and an after", where="time"
        )
    cohort = _cohorts(spec, clock, int(period.min()))
    starts = cohort != NEVER
    clock = counting(clock, period)
    cohort[starts] = clock.counted(cohort[starts])
    return clock.counted(period), cohort, clock


def _cohorts(spec: Spec, clock: Clock, first: int) -> IntArray:
    """Return each row's start, `NEVER` for the values that mean never."""
    column = spec.column("start")
    text = column.astype(object).where(column.notna(), "").astype(str).str.strip()
    never = {_plain(value) for value in _never_values(spec)} | {"", "inf"}
    means_never = text.map(_plain).isin(never).to_numpy()
    cohort = np.full(len(text), NEVER, np.int64)
    if not means_never.all():
        cohort[~means_never] = periods_of(text[~means_never], clock, "start")
    odd = cohort[cohort <= 0]
    if len(odd) and first > max(int(odd.min()), 0) + 1:
        raise BadInput(
            f"some units have start {odd.min()}, before every period",
            where="start",
            hint=f'if it means never, add "never": {odd.min()} to the spec',
        )
    return cohort


def _never_values(spec: Spec) -> list[Any]:
    value = spec.given.get("never", "")
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(part, (str, int, float)) or part is None for part in values):
        raise BadInput("'never' must be a value, or a list of values", where="never")
    return values


def _plain(value: Any) -> str:
    """Return a value's one spelling: 0, 0.0 and "0" are the same."""
    text = "" if value is None else str(value).strip().lower()
    try:
        return f"{float(text):g}"
    except ValueError:
        return text


def _check_units(rows: pd.DataFrame) -> None:
    starts = rows.groupby("unit")["cohort"].nunique()
    if (starts > 1).any():
        raise several_starts(starts.index[starts > 1][0])
    twice = rows.duplicated(["unit", "period"])
    if twice.any():
        row = int(np.flatnonzero(twice)[0])
        raise two_rows(rows["unit"].iloc[row], row + 1)


def no_period(row: int) -> BadInput:
    """Return the error of a row without a period."""
    return BadInput("a row has no period", where=f"time: data row {row}")


def several_starts(unit: object) -> BadInput:
    """Return the error of a unit that starts more than once."""
    return BadInput(
        f"{unit!r} has more than one start",
        where="start",
        hint="a unit starts once; its start stands on each of its rows",
    )


def two_rows(unit: object, row: int) -> BadInput:
    """Return the error of a unit that is in a period twice."""
    return BadInput(
        f"{unit!r} has two rows in one period",
        where=f"unit: data row {row}",
        hint="one row a unit and period",
    )


class _Levelled(NamedTuple):
    """The rows of a panel with what is to be taken off them, and how many units have no level."""

    frame: pd.DataFrame
    left_out: int


def _levelled(frame: pd.DataFrame, question: Question) -> _Levelled:
    """Return the rows with units' levels told apart where units come and go.

    Who leaves is part of the outcome where it is a hazard. Who was trained before the first period is
    left as they are: they are compared with nobody.
    """
    within = frame[frame["cohort"] > frame["period"].min()]
    periods, period = np.unique(within["period"], return_inverse=True)
    unit, names = pd.factorize(within["unit"], sort=True)
    if question.kind == "time_to_event" or len(within) == len(names) * len(periods):
        return _Levelled(frame, 0)
    found = shifts(
        Rows(
            unit=np.asarray(unit, np.int64),
            period=np.asarray(period, np.int64),
            cohort=np.unique(within.groupby(unit)["cohort"].first(), return_inverse=True)[1],
            treated=(within["period"] >= within["cohort"]).to_numpy(),
            num=within["num"].to_numpy(np.float64),
            den=within["den"].to_numpy(np.float64),
        )
    )
    if found is None:
        return _Levelled(frame, 0)
    shift, keep = found
    left_out = within.index[~keep]
    moved = pd.Series(shift, index=within.index).reindex(frame.index, fill_value=0.0)
    return _Levelled(
        frame.assign(shift=moved).drop(index=left_out), int(within["unit"][~keep].nunique())
    )


def _gaps(rows: pd.DataFrame) -> list[str]:
    seen = np.unique(rows["period"])
    order = pd.Series(np.searchsorted(seen, rows["period"]), index=rows.index)
    own = order.groupby(rows["unit"]).agg(["min", "max"])
    return gaps(seen, span=int((own["max"] - own["min"] + 1).sum()), rows=len(rows))


def gaps(seen: IntArray, span: int, rows: int) -> list[str]:
    """Flag periods that are missing: for everyone, or for many in the middle of their own time."""
    steps = np.diff(seen)
    uneven = len(steps) > 0 and int(steps.max()) > int(steps.min())
    return ["missing_periods"] if uneven or span - rows > _MANY_GAPS * span else []


def _companions(
    spec: Spec, rows: pd.DataFrame, keep: BoolArray
) -> dict[str, tuple[FramePanel, Question]]:
    """Return the units' other outcomes: ``companions: [{outcome, exposure, kpi}]``."""
    found = {}
    for where, kpi, part in companions_of(spec):
        own = measures(spec, kpi, str(part.get("outcome")), part.get("exposure"), where)
        question = question_of(kpi, outcome_name=str(part["outcome"]))
        frame = rows.assign(num=own.num, den=own.den)[own.known & keep]
        found[question.outcome_name] = (FramePanel(_levelled(frame, question).frame), question)
    return found


def companions_of(spec: Spec) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """Yield where each companion stands in the spec, its kpi, and itself."""
    given = spec.given.get("companions", [])
    if not isinstance(given, list) or not all(isinstance(part, Mapping) for part in given):
        raise BadInput("'companions' must be a list of {outcome, kpi}", where="companions")
    for at, part in enumerate(given):
        where = f"companions[{at}]."
        yield where, kpi_of(part.get("kpi"), f"{where}kpi"), part
