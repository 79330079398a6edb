"""Staggered or partial roll-out: one row a unit and period."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, get_args

import numpy as np

from analytics.answering import answer_panel
from analytics.designs.column import Named, again
from analytics.designs.measures import Measures, measures
from analytics.designs.spec import Spec, kpi_of, question_of
from analytics.designs.time import (
    Clock,
    clock_of,
    counting,
    no_period,
    periods_of,
    periods_of_words,
)
from analytics.estimators.counting import how_many
from analytics.estimators.grid import BoolArray, FloatArray, IntArray
from analytics.estimators.levels import Rows, shifts
from analytics.estimators.panel import NEVER
from analytics.estimators.question import Comparison, Question
from analytics.estimators.row_panel import RowPanel
from lrs.errors import BadInput

KEYS = frozenset(
    {"unit", "time", "start", "never", "comparison", "cluster", "randomised_timing", "companions"}
)
_MANY_GAPS = 0.05
_MANY_WITHIN = 0.5
_MOST_LEFT_OUT, _MOST_OF_A_START = 0.2, 0.5


@dataclass(frozen=True)
class _Rows:
    """Rows of units, each known by the place of its name in the order of names."""

    unit: IntArray
    period: IntArray
    cohort: IntArray
    cluster: IntArray

    def only(self, which: BoolArray) -> _Rows:
        """Return some of the rows."""
        if which.all():
            return self
        return _Rows(*(column[which] for column in vars(self).values()))


def answer(spec: Spec, provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer."""
    rows, clock = _rows(spec)
    question = question_of_panel(spec, clock)
    own = measures(spec, spec.kpi, spec.text("outcome"), spec.optional("exposure"))
    if spec.kpi["kind"] == "time_to_event" and max(own.num.max(), own.den.max()) <= 1:
        refuse_people_by_themselves(spec, _chosen_within(rows))
    keep, left_out = _complete(spec, rows, own)
    flags = [*own.flags, *_gaps(rows.only(own.known & keep))]
    levelled = _levelled(rows, own, own.known & keep, question)
    left_out += levelled.left_out
    found = answer_panel(
        levelled.panel,
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


def _complete(spec: Spec, rows: _Rows, own: Measures) -> tuple[BoolArray, int]:
    """Return which rows to keep, and how many units are left out for lacking a period."""
    every = np.ones(len(rows.unit), bool)
    if not are_on_their_own(spec):
        return every, 0
    told = rows.only(own.known)
    seen = np.bincount(told.unit, minlength=int(rows.unit.max()) + 1)
    start = np.zeros(len(seen), np.int64)
    start[told.unit] = told.cohort
    lacking = (seen > 0) & (seen < len(np.unique(told.period)))
    if not may_leave_out(_by_start(start[lacking]), _by_start(start[seen > 0])):
        return every, 0
    return ~lacking[rows.unit], int(lacking.sum())


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


def _chosen_within(rows: _Rows) -> bool:
    """Return whether most clusters with several units have several starts too."""
    first = np.unique(rows.unit, return_index=True)[1]
    units = np.unique(rows.cluster[first], return_counts=True)[1]
    pairs = np.unique(np.stack([rows.cluster[first], rows.cohort[first]]), axis=1)
    starts = np.unique(pairs[0], return_counts=True)[1]
    several = units > 1
    return bool(several.any()) and float((starts[several] > 1).mean()) > _MANY_WITHIN


def question_of_panel(spec: Spec, clock: Clock) -> Question:
    """Return what the spec asks."""
    return spec.question(
        comparison=spec.choice("comparison", get_args(Comparison), "both"),
        randomised_timing=spec.flag("randomised_timing"),
        period_name=clock.period_name,
        of_people=spec.optional("level") != "team" or not are_on_their_own(spec),
    )


def _by_start(start: IntArray) -> dict[int, int]:
    starts, n = np.unique(start, return_counts=True)
    return dict(zip(starts.tolist(), n.tolist(), strict=True))


def _rows(spec: Spec) -> tuple[_Rows, Clock]:
    """Return unit, period, cohort and cluster of every row, and how time is written."""
    unit, time = spec.names("unit"), spec.column("time")
    missing = np.flatnonzero(~time.told)
    if len(missing):
        raise no_period(int(missing[0]) + 1)
    period, cohort, clock = timing(spec)
    cluster = spec.names("cluster") if spec.optional("cluster") else unit
    rows = _Rows(unit.code, period, cohort, cluster.code)
    _check_units(rows, unit)
    return rows, clock


def timing(spec: Spec) -> tuple[IntArray, IntArray, Clock]:
    """Return each row's period and start, and how time is written."""
    time = spec.column("time")
    clock = clock_of([word.strip() for word in time.words], "time")
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
    never = {_plain(value) for value in _never_values(spec)} | {"", "inf"}
    means_never = [_plain(word) in never for word in column.words]
    starts = [
        word for word, is_never in zip(column.words, means_never, strict=True) if not is_never
    ]
    of_word = np.full(len(means_never), NEVER, np.int64)
    of_word[~np.array(means_never, bool)] = periods_of_words(starts, clock, "start")
    cohort = column.each(of_word, NEVER)
    odd = cohort[cohort <= 0]
    unsure = "never" not in spec.given and len(odd) and odd.min() == 0 and first == 1
    if unsure or (len(odd) and first > max(int(odd.min()), 0) + 1):
        raise BadInput(
            f"some units have start {odd.min()}, before every period",
            where="start",
            hint=f'if it means never, add "never": {odd.min()} to the spec'
            + ('; if they were trained before the first period, "never": ""' if unsure else ""),
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


def _check_units(rows: _Rows, unit: Named) -> None:
    own = np.zeros(len(unit.names), np.int64)
    own[rows.unit] = rows.cohort
    several = np.unique(rows.unit[own[rows.unit] != rows.cohort])
    if len(several):
        raise several_starts(unit.names[several[0]])
    twice = again(rows.unit, rows.period)
    if len(twice):
        raise two_rows(unit.of(int(twice[0])), int(twice[0]) + 1)


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
    """The panel of an outcome, and how many units have no level."""

    panel: RowPanel
    left_out: int


def _levelled(rows: _Rows, own: Measures, keep: BoolArray, question: Question) -> _Levelled:
    """Return some rows' panel, with units' levels told apart where units come and go.

    Who leaves is part of the outcome where it is a hazard. Who was trained before the first period is
    left as they are: they are compared with nobody.
    """
    kept, num, den = rows.only(keep), own.num[keep], own.den[keep]
    columns = vars(kept) | {"num": num, "den": den}
    within = kept.cohort > kept.period.min(initial=NEVER)
    found = None if question.kind == "time_to_event" else _shifts(kept, num, den, within)
    if found is None:
        return _Levelled(RowPanel(columns), 0)
    shift, known = np.zeros(len(num)), np.ones(len(num), bool)
    shift[within], known[within] = found
    columns["shift"] = shift
    panel = RowPanel({name: column[known] for name, column in columns.items()})
    return _Levelled(panel, how_many(kept.unit[~known]))


def _shifts(
    kept: _Rows, num: FloatArray, den: FloatArray, within: BoolArray
) -> tuple[FloatArray, BoolArray] | None:
    """Return what to take off each row within, and whether its unit has a level; None where none moves."""
    rows = kept.only(within)
    periods, period = np.unique(rows.period, return_inverse=True)
    units, first, unit = np.unique(rows.unit, return_index=True, return_inverse=True)
    if len(unit) == len(units) * len(periods):
        return None
    return shifts(
        Rows(
            unit=unit.astype(np.int64),
            period=period.astype(np.int64),
            cohort=np.unique(rows.cohort[first], return_inverse=True)[1].astype(np.int64),
            treated=rows.period >= rows.cohort,
            num=num[within],
            den=den[within],
        )
    )


def _gaps(rows: _Rows) -> list[str]:
    seen, place = np.unique(rows.period, return_inverse=True)
    units, unit = np.unique(rows.unit, return_inverse=True)
    first, last = np.full(len(units), len(seen)), np.zeros(len(units), np.int64)
    np.minimum.at(first, unit, place)
    np.maximum.at(last, unit, place)
    return gaps(seen, span=int((last - first + 1).sum()), rows=len(place))


def gaps(seen: IntArray, span: int, rows: int) -> list[str]:
    """Flag periods that are missing: for everyone, or for many in the middle of their own time."""
    steps = np.diff(seen)
    uneven = len(steps) > 0 and int(steps.max()) > int(steps.min())
    return ["missing_periods"] if uneven or span - rows > _MANY_GAPS * span else []


def _companions(spec: Spec, rows: _Rows, keep: BoolArray) -> dict[str, tuple[RowPanel, Question]]:
    """Return the units' other outcomes: ``companions: [{outcome, exposure, kpi}]``."""
    found = {}
    for where, kpi, part in companions_of(spec):
        own = measures(spec, kpi, str(part.get("outcome")), part.get("exposure"), where)
        question = question_of(kpi, outcome_name=str(part["outcome"]))
        levelled = _levelled(rows, own, own.known & keep, question)
        found[question.outcome_name] = (levelled.panel, question)
    return found


def companions_of(spec: Spec) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """Yield where each companion stands in the spec, its kpi, and itself."""
    given = spec.given.get("companions", [])
    if not isinstance(given, list) or not all(isinstance(part, Mapping) for part in given):
        raise BadInput("'companions' must be a list of {outcome, kpi}", where="companions")
    for at, part in enumerate(given):
        where = f"companions[{at}]."
        yield where, kpi_of(part.get("kpi"), f"{where}kpi"), part
