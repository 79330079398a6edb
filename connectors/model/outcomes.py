"""What the business saw: observations of metrics, of a person or of a team, on a day or in a period.

Two forms of file (`architecture.md`, "The files"): long, with a column ``metric``; and wide, with a
column a metric. A count comes with what it is counted per: a numerator without a denominator says
nothing that can be compared, and is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from connectors.model.days import instant_day, month_of, period_of
from connectors.model.numbers import number
from lrs.errors import BadInput

SUBJECTS = ("person_id", "team_id")
TIMES = ("period", "month", "occurred_at")
LONG = ("metric", "value", "numerator", "denominator")
COLUMNS = (*SUBJECTS, *TIMES, *LONG, "closed_at", "record_id")
WIDE_COLUMNS = (*SUBJECTS, *TIMES, "closed_at", "record_id")


class Subject(NamedTuple):
    """Of whom an outcome is: ``person`` or ``team``, and the key the file knows them by."""

    kind: str
    key: str


class When(NamedTuple):
    """The day of an event (no length), or the first day and the length of a period."""

    day: int
    period_days: int | None


class Measure(NamedTuple):
    """What was measured of a metric: a value, or a count and what it is counted per."""

    metric: str
    value: float | None
    numerator: float | None
    denominator: float | None


@dataclass(frozen=True, slots=True)
class OutcomeReading:
    """How this file writes things."""

    date_formats: tuple[str, ...] = ()
    decimal_comma: bool = False
    period_is_day: bool = False


@dataclass(frozen=True, slots=True)
class WideColumn:
    """A metric's column in a row, and that of what it is counted per."""

    metric: str
    place: int
    denominator_place: int | None
    column: str
    denominator: str | None


@dataclass(frozen=True, slots=True)
class Observation:
    """One row, read: of whom, when, and what was measured."""

    line: int
    subject: Subject
    when: When
    measures: tuple[Measure, ...]
    closed_day: int | None
    record_id: str | None
    team: str | None
    dimensions: tuple[tuple[str, str], ...]
    key: str


def key_of(given: Mapping[str, str], reading: OutcomeReading) -> str:
    """Return what a row is known by from file to file, without the metric."""
    return _key(given, _subject(given), _when(given, reading))


def _key(given: Mapping[str, str], subject: Subject, when: When) -> str:
    if "record_id" in given:
        return f"record {given['record_id']}"
    length = "" if when.period_days is None else f"+{when.period_days}"
    return f"{subject.kind} {subject.key} {when.day}{length}"


def observation(
    line: int,
    given: Mapping[str, str],
    measures: tuple[Measure, ...],
    reading: OutcomeReading,
    dimensions: Mapping[str, str],
) -> Observation:
    """Return the row; raises `BadInput` whose ``where`` is the column."""
    subject = _subject(given)
    when = _when(given, reading)
    return Observation(
        line=line,
        subject=subject,
        when=when,
        measures=measures,
        closed_day=_closed(given, when, reading),
        record_id=given.get("record_id"),
        team=given.get("team_id") if subject.kind == "person" else None,
        dimensions=tuple(sorted(dimensions.items())),
        key=_key(given, subject, when),
    )


def _subject(given: Mapping[str, str]) -> Subject:
    if "person_id" in given:
        return Subject("person", given["person_id"])
    if "team_id" in given:
        return Subject("team", given["team_id"])
    raise BadInput("neither person_id nor team_id: whose outcome is it?", where="person_id")


def _when(given: Mapping[str, str], reading: OutcomeReading) -> When:
    named = [column for column in TIMES if column in given]
    if len(named) != 1:
        what = "no period and no occurred_at" if not named else f"both {' and '.join(named)}"
        raise BadInput(f"{what}: when was it?", where=named[0] if named else "period")
    column, text = named[0], given[named[0]]
    try:
        if column == "month":
            return When(*month_of(text, reading.date_formats))
        if column == "period":
            return When(*period_of(text, reading.date_formats, days=reading.period_is_day))
        return When(instant_day(text, reading.date_formats), None)
    except BadInput as exc:
        raise BadInput(exc.message, where=column, hint=exc.hint) from None


def _closed(given: Mapping[str, str], when: When, reading: OutcomeReading) -> int | None:
    if "closed_at" not in given:
        return None
    try:
        day = instant_day(given["closed_at"], reading.date_formats)
    except BadInput as exc:
        raise BadInput(exc.message, where="closed_at", hint=exc.hint) from None
    if day < when.day:
        raise BadInput("closed before it happened", where="closed_at")
    return day


def long_measure(given: Mapping[str, str], reading: OutcomeReading) -> Measure:
    """Return what a row of a long file measures."""
    if "metric" not in given:
        raise BadInput("metric is empty: what was measured?", where="metric")
    value = _number(given, "value", reading)
    numerator = _number(given, "numerator", reading)
    denominator = _number(given, "denominator", reading)
    if value is not None and denominator is None and numerator is None:
        return Measure(given["metric"], value, None, None)
    if value is not None:
        raise BadInput(
            "value beside numerator or denominator: which one counts?",
            where="value",
            hint="give a value, or a numerator and a denominator",
        )
    if numerator is None and denominator is None:
        raise BadInput("value is empty", where="value", hint="leave the row out instead")
    return counted(given["metric"], numerator, denominator, ("numerator", "denominator"))


def _number(given: Mapping[str, str], column: str, reading: OutcomeReading) -> float | None:
    text = given.get(column)
    return None if text is None else _read(text, column, reading)


def _read(text: str, column: str, reading: OutcomeReading) -> float:
    try:
        return number(text, decimal_comma=reading.decimal_comma)
    except BadInput as exc:
        raise BadInput(exc.message, where=column, hint=exc.hint) from None


def wide_measures(
    fields: list[str], columns: tuple[WideColumn, ...], reading: OutcomeReading
) -> Iterator[Measure]:
    """Yield what a row of a wide file measures; an empty cell was not measured."""
    for column in columns:
        text = fields[column.place]
        if column.denominator_place is None:
            if text:
                yield Measure(column.metric, _read(text, column.column, reading), None, None)
            continue
        per = fields[column.denominator_place]
        if text or per:
            numerator = _read(text, column.column, reading) if text else None
            denominator = _read(per, column.denominator or "", reading) if per else None
            names = (column.column, column.denominator or "")
            yield counted(column.metric, numerator, denominator, names)


def counted(
    metric: str, numerator: float | None, denominator: float | None, columns: tuple[str, str]
) -> Measure:
    """Return a count; raises `BadInput` when it cannot be one."""
    count, per = columns
    if denominator is None:
        raise BadInput(
            f"{count} without {per}: counted per what?",
            where=per,
            hint="give a plain measure as a value",
        )
    if numerator is None:
        raise BadInput(
            f"{per} without {count}", where=count, hint="nothing counted is 0, not empty"
        )
    if denominator < 0:
        raise BadInput(f"{per} is negative", where=per)
    if numerator < 0:
        raise BadInput(f"{count} is negative", where=count)
    if denominator == 0 and numerator > 0:
        raise BadInput(f"{numerator:g} counted, but {per} is 0", where=per)
    return Measure(metric, None, numerator, denominator)
