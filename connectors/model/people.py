"""A row of people.csv, and the history that the rows of one person are (`architecture.md`, "The files").

Rows are half-open spans. A row that cannot be read is refused, and with it the person's other rows:
a history with a hole in it would tell of a leaver who never left. A field that does not decide
anything (a share of full time, a mail) is left out with a warning instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from connectors.identity.normal import mail_normal, page_normal
from connectors.model.days import BEGINNING, day_of, end_of, iso
from connectors.model.history import HOURS, LEFT, SOURCE, History, Piece, joined, overlap, settled
from connectors.model.numbers import number
from lrs.errors import BadInput

REQUIRED = ("person_id", "valid_from")

COLUMNS = (
    *REQUIRED,
    *("valid_to", "termination_date", "end_reason", "email", "employee_number", "upn"),
    *("given_name", "family_name", "account_home_page", "account_name", "team_id", "team_name"),
    *("department", "manager_id", "role", "location", "fte", "hours_week"),
    *("monthly_cost", "currency"),
)

_TOPICS = {
    "team_id": "membership",
    "manager_id": "reporting_line",
    "role": "job",
    "location": "job",
    "monthly_cost": "compensation",
    "fte": HOURS,
    "hours_week": HOURS,
    "email": "identifier mail",
    "employee_number": "identifier employee_number",
    "upn": "identifier sso",
    "account_name": "identifier account",
}


def topics(columns: Iterable[str], extras: Iterable[str], reading: Reading) -> frozenset[str]:
    """Return what a file with these columns tells of; of the rest it says nothing."""
    told = {"employment", "identifier native"}
    told.update(_TOPICS[column] for column in columns if column in _TOPICS)
    told.update(f"attribute {name}" for name in extras)
    if reading.accounts_on:
        told.add("identifier account")
    return frozenset(told)


_REASONS = ("voluntary", "involuntary", "other", "unknown")

Said = tuple[str, tuple[Any, ...]]
"""A kind and its values: what a row says of its person, leaving aside when."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How this file writes things, and what it leaves to be understood."""

    source: str = "files"
    date_formats: tuple[str, ...] = ()
    decimal_comma: bool = False
    has_valid_to: bool = True
    accounts_on: str | None = None


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One row, read: what it says, from when to when."""

    line: int
    start: int
    end: int | None
    said: tuple[Said, ...]
    display: str | None
    units: tuple[tuple[str, str, str | None, str | None], ...]
    warnings: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class PersonHistory:
    """All that a file says of one person."""

    key: str
    history: History
    display: str | None
    units: dict[tuple[str, str], tuple[str | None, str | None]] = field(default_factory=dict)


def person_row(
    line: int, given: Mapping[str, str], extras: Mapping[str, str], reading: Reading
) -> PersonRow:
    """Return the row; raises `BadInput` whose ``where`` is the column."""
    warnings: list[tuple[str, str]] = []
    start = _required_day(given, reading)
    end, reason = _end(given, start, reading)
    employment = (
        _amount(given, "fte", reading, warnings, most=2.0),
        _amount(given, "hours_week", reading, warnings, most=168.0),
        None,
        _reason(given, reason, warnings),
    )
    said = [("employment", employment), *_said(given, extras, reading, warnings)]
    names = (given.get("given_name"), given.get("family_name"))
    return PersonRow(
        line=line,
        start=start,
        end=end,
        said=tuple(said),
        display=" ".join(name for name in names if name) or None,
        units=tuple(_units(given)),
        warnings=tuple(warnings),
    )


def _required_day(given: Mapping[str, str], reading: Reading) -> int:
    if "valid_from" not in given:
        raise BadInput("valid_from is empty: from when does the row hold?", where="valid_from")
    return _day(given, "valid_from", reading)


def _day(given: Mapping[str, str], column: str, reading: Reading) -> int:
    try:
        return day_of(given[column], reading.date_formats)
    except BadInput as exc:
        raise BadInput(exc.message, where=column, hint=exc.hint) from None


def _end(given: Mapping[str, str], start: int, reading: Reading) -> tuple[int | None, str | None]:
    """Return the first day the row no longer holds, and ``LEFT`` when that is a leaving day."""
    end, reason = None, None
    for column in ("valid_to", "termination_date"):
        if column not in given:
            continue
        try:
            day = end_of(given[column], reading.date_formats)
        except BadInput as exc:
            raise BadInput(exc.message, where=column, hint=exc.hint) from None
        if day is not None and day <= start:
            raise BadInput(
                f"{column} {iso(day)} is not after valid_from {iso(start)}",
                where=column,
                hint=f"{column} is the first day the row no longer holds",
            )
        if day is not None and (end is None or day <= end):
            end, reason = day, LEFT if column == "termination_date" else None
    return end, reason


def _reason(
    given: Mapping[str, str], reason: str | None, warnings: list[tuple[str, str]]
) -> str | None:
    text = given.get("end_reason", "").casefold()
    if not text:
        return reason
    if text in _REASONS:
        return text
    warnings.append(("end_reason", f"{text!r} is kept as `other`; known: {', '.join(_REASONS)}"))
    return "other"


def _amount(
    given: Mapping[str, str],
    column: str,
    reading: Reading,
    warnings: list[tuple[str, str]],
    *,
    most: float = 1e12,
) -> float | None:
    text = given.get(column)
    if text is None:
        return None
    try:
        value = number(text, decimal_comma=reading.decimal_comma)
    except BadInput as exc:
        hint = f" ({exc.hint})" if exc.hint else ""
        warnings.append((column, f"left out: {exc.message}{hint}"))
        return None
    if not 0 <= value <= most:
        warnings.append((column, f"left out: {text} is not between 0 and {most:g}"))
        return None
    return value


def _said(
    given: Mapping[str, str],
    extras: Mapping[str, str],
    reading: Reading,
    warnings: list[tuple[str, str]],
) -> Iterator[Said]:
    if "role" in given or "location" in given:
        yield "job", (given.get("role"), given.get("location"))
    if "team_id" in given:
        yield "membership", (given["team_id"],)
    if "manager_id" in given:
        yield "reporting_line", (given["manager_id"],)
    cost = _amount(given, "monthly_cost", reading, warnings)
    if cost is not None:
        yield "compensation", (cost, given.get("currency"))
    for scheme, system, normal in _identifiers(given, reading, warnings):
        yield "identifier", (scheme, system, normal)
    for name, value in extras.items():
        yield "attribute", (name, value)


def _identifiers(
    given: Mapping[str, str], reading: Reading, warnings: list[tuple[str, str]]
) -> Iterator[tuple[str, str, str]]:
    if "employee_number" in given:
        yield "employee_number", reading.source, given["employee_number"]
    if "upn" in given:
        yield "sso", "", given["upn"].casefold()
    if "email" in given:
        mail = mail_normal(given["email"])
        if mail is None:
            warnings.append(("email", f"left out: {given['email']!r} is not a mail address"))
        else:
            yield "mail", "", mail
            if mail != given["email"]:
                yield "mail_spelling", "", given["email"]  # other tools hash it as it is written
    page = given.get("account_home_page") or reading.accounts_on
    name = given.get("account_name")
    if page and (name or reading.accounts_on):
        yield "account", page_normal(page), (name or given["person_id"]).casefold()
    elif page or name:
        missing = "account_name" if page else "account_home_page"
        warnings.append((missing, "left out: an account is a home page and a name"))


def _units(given: Mapping[str, str]) -> Iterator[tuple[str, str, str | None, str | None]]:
    """Yield (kind, key, name, key of the department above) of the units that a row names."""
    department = given.get("department")
    if department is not None:
        yield "department", department, department, None
    if "team_id" in given:
        yield "team", given["team_id"], given.get("team_name"), department


def person_history(key: str, rows: Sequence[PersonRow], reading: Reading) -> PersonHistory:
    """Return what the rows of one person say; raises `BadInput` when two of them contradict."""
    ordered = sorted(rows, key=lambda row: (row.start, row.line))
    if not reading.has_valid_to:
        ordered = list(_ended_by_the_next(ordered))
    _refuse_twice_at_once(key, ordered)
    native = Piece("identifier", ("native", reading.source, key), BEGINNING, None)
    pieces = [
        Piece(kind, values, row.start, row.end, SOURCE)
        for row in ordered
        for kind, values in row.said
    ]
    told = joined([native, *pieces]) if len(ordered) > 1 else [native, *pieces]
    made = PersonHistory(key, settled(told), None)
    for row in ordered:
        made.display = row.display or made.display
        for kind, unit, name, above in row.units:
            known = made.units.get((kind, unit), (None, None))
            made.units[kind, unit] = (name or known[0], above or known[1])
    return made


def _ended_by_the_next(rows: Sequence[PersonRow]) -> Iterator[PersonRow]:
    """A file without valid_to gives the day of each change: a row holds until the next one."""
    starts = sorted({row.start for row in rows})
    following = dict(pairwise(starts))
    for row in rows:
        after = following.get(row.start)
        ended = after is None or (row.end is not None and row.end <= after)
        yield row if ended else _with_end(row, after)


def _with_end(row: PersonRow, end: int | None) -> PersonRow:
    said = tuple(
        (kind, (*values[:3], None)) if kind == "employment" else (kind, values)
        for kind, values in row.said
    )
    return PersonRow(row.line, row.start, end, said, row.display, row.units, row.warnings)


def _refuse_twice_at_once(key: str, rows: Sequence[PersonRow]) -> None:
    """Rows are sorted by start, so a clash is with the row that reaches furthest so far."""
    furthest: PersonRow | None = None
    for row in rows:
        if furthest is not None and _contradict(furthest, row):
            raise _clash(key, furthest, row)
        if furthest is None or _later(row.end, furthest.end):
            furthest = row


def _contradict(first: PersonRow, second: PersonRow) -> bool:
    together = overlap(first.start, first.end, second.start, second.end)
    return together and set(first.said) != set(second.said)


def _later(end: int | None, other: int | None) -> bool:
    return other is not None and (end is None or end > other)


def _clash(key: str, first: PersonRow, second: PersonRow) -> BadInput:
    teams = [dict(row.said).get("membership", (None,))[0] for row in (first, second)]
    ends = [end for end in (first.end, second.end) if end is not None]
    when = f"from {iso(second.start)} to {iso(min(ends)) if ends else 'now'}"
    if teams[0] != teams[1]:
        what = f"put {key} in teams {teams[0]} and {teams[1]} at once, {when}"
    else:
        differing = sorted({kind for kind, _ in set(first.said) ^ set(second.said)})
        what = f"hold at once for {key}, {when}, and differ in {', '.join(differing)}"
    return BadInput(
        f"rows {first.line} and {second.line} {what}",
        where="valid_to",
        hint=f"end row {first.line} on {iso(second.start)} or before"
        if first.start < second.start
        else "only one of them can be so",
    )
