"""Writing outcomes: an observation that is there already stays, one that is corrected is superseded."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from connectors.identity.normal import mail_normal
from connectors.model.days import iso
from connectors.model.outcomes import Measure, Observation, Subject
from connectors.reporting import ImportReport
from connectors.store.histories import Origin, supersede_rows
from connectors.store.schema import identifier, outcome, person
from connectors.store.units import Units
from lrs.store.bulk import among, insert_rows

_EXAMPLES = 5
_LOOK = 1_000
"""How many of the oldest and of the newest records show how a metric is told."""


class Of(NamedTuple):
    """Whose an outcome is, once known: a person or a unit."""

    person_id: int | None
    unit_id: int | None


class Seen(NamedTuple):
    """An observation of one metric: what is kept as one row."""

    key: str
    metric_id: int
    person_id: int | None
    unit_id: int | None
    day: int
    period_days: int | None
    closed_day: int | None
    value: float | None
    numerator: float | None
    denominator: float | None
    dimensions: str | None
    raw_hash: bytes


def subjects_of(conn: sa.Connection, tenant_id: int, metric_id: int) -> set[str]:
    """Return whose a metric's oldest and newest records are: ``person``, ``team``, or both."""
    c = outcome.c
    own = sa.select(c.person_id).where(
        c.tenant_id == tenant_id, c.metric_id == metric_id, c.superseded_run.is_(None)
    )
    ends = (own.order_by(order).limit(_LOOK) for order in (c.day_no, c.day_no.desc()))
    people = (one for end in ends for one in conn.execute(end).scalars())
    return {"team" if one is None else "person" for one in people}


class Subjects:
    """Finds the people and teams that outcomes name."""

    def __init__(self, tenant_id: int, source: str) -> None:
        self._tenant_id = tenant_id
        self._units = Units(tenant_id, source)

    def find(self, conn: sa.Connection, rows: Iterable[Observation]) -> dict[Subject, Of]:
        """Return those of the subjects that are known to be one person or team.

        A person is named by the key of the record; where no record has it, by the employee number
        or the mail address.
        """
        rows = list(rows)
        keys = {row.subject.key for row in rows if row.subject.kind == "person"}
        people = self._by_record(conn, sorted(keys))
        people.update(self._by_identifier(conn, sorted(keys - people.keys())))
        found = {Subject("person", key): Of(number, None) for key, number in people.items()}
        for row in rows:
            if row.subject.kind == "team":
                unit = self._units.id_of(conn, "team", row.subject.key)
                if unit is not None:
                    found[row.subject] = Of(None, unit)
        return found

    def knows_team(self, conn: sa.Connection, key: str) -> bool:
        """Return whether there is a team of that key."""
        return self._units.id_of(conn, "team", key) is not None

    def _by_record(self, conn: sa.Connection, keys: Sequence[str]) -> dict[str, int]:
        rows = conn.execute(
            sa.select(person.c.source_key, person.c.id)
            .where(person.c.tenant_id == self._tenant_id, person.c.erased_at.is_(None))
            .where(among(conn, person.c.source_key, keys))
        )
        return _only_one((row[0], row[1]) for row in rows)

    def _by_identifier(self, conn: sa.Connection, keys: Sequence[str]) -> dict[str, int]:
        asked: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for key in keys:
            asked["employee_number", key].append(key)
            mail = mail_normal(key)
            if mail is not None:
                asked["mail", mail].append(key)
        if not asked:
            return {}
        rows = conn.execute(
            sa.select(identifier.c.scheme, identifier.c.normal, identifier.c.person_id)
            .where(identifier.c.tenant_id == self._tenant_id)
            .where(identifier.c.scheme.in_(("employee_number", "mail")))
            .where(identifier.c.superseded_run.is_(None))
            .where(among(conn, identifier.c.normal, sorted({normal for _, normal in asked})))
        )
        return _only_one((key, row[2]) for row in rows for key in asked.get((row[0], row[1]), ()))


def _only_one(found: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Leave out the keys that mean more than one person."""
    people: defaultdict[str, set[int]] = defaultdict(set)
    for key, number in found:
        people[key].add(number)
    return {key: next(iter(numbers)) for key, numbers in people.items() if len(numbers) == 1}


def seen(
    key: str, row: Observation, of: Of, measure: Measure, metric_id: int, raw_hash: bytes
) -> Seen:
    """Return the row to keep for a measure of an observation."""
    return Seen(
        key=key,
        metric_id=metric_id,
        person_id=of.person_id,
        unit_id=of.unit_id,
        day=row.when.day,
        period_days=row.when.period_days,
        closed_day=row.closed_day,
        value=measure.value,
        numerator=measure.numerator,
        denominator=measure.denominator,
        dimensions=json.dumps(dict(row.dimensions), ensure_ascii=False) if row.dimensions else None,
        raw_hash=raw_hash,
    )


_COLUMNS = (
    *("source_key", "metric_id", "person_id", "unit_id", "day_no", "period_days", "closed_day"),
    *("value", "numerator", "denominator", "dimensions", "raw_hash"),
)


class OutcomeWriter:
    """Writes pages of outcomes in one run."""

    def __init__(self, origin: Origin, report: ImportReport) -> None:
        self._origin = origin
        self._report = report

    def unchanged(
        self, conn: sa.Connection, digests: Mapping[str, bytes], metrics: Collection[int]
    ) -> set[str]:
        """Return the keys of which all that is kept, of these metrics, came from these very rows."""
        at = outcome.c
        rows = conn.execute(
            sa.select(at.source_key, at.metric_id, at.raw_hash)
            .where(at.tenant_id == self._origin.tenant_id, at.source == self._origin.source)
            .where(at.stream == self._origin.stream, at.superseded_run.is_(None))
            .where(among(conn, at.source_key, list(digests)))
        )
        same: set[str] = set()
        other: set[str] = set()
        for key, metric_id, digest in rows:
            if not metrics or metric_id in metrics:
                (same if digest == digests[key] else other).add(key)
        return same - other

    def write(
        self, conn: sa.Connection, rows: Mapping[int, Sequence[Seen]], names: Mapping[int, str]
    ) -> None:
        """Bring what is kept to the rows, each line of the file with what it measured."""
        kept = self._kept(conn, sorted({one.key for seen in rows.values() for one in seen}))
        fresh: list[Seen] = []
        gone: list[int] = []
        for measured in rows.values():
            states = Counter(self._compare(one, kept, fresh, gone) for one in measured)
            if states["changed"] and len(self._report.examples) < _EXAMPLES:
                one = measured[0]
                self._report.examples.append(f"{names[one.metric_id]} of {one.key}: {iso(one.day)}")
            if states["changed"]:
                self._report.changed += 1
            elif states["new"]:
                self._report.new += 1
            else:
                self._report.unchanged += 1
        if gone:
            supersede_rows(conn, outcome, self._origin, gone)
            self._report.kinds["outcome superseded"] += len(gone)
        self._add(conn, fresh)
        self._report.kinds.update(names[one.metric_id] for one in fresh)

    @staticmethod
    def _compare(
        one: Seen,
        kept: Mapping[tuple[str, int], tuple[int, Seen]],
        fresh: list[Seen],
        gone: list[int],
    ) -> str:
        before = kept.get((one.key, one.metric_id))
        if before is None:
            fresh.append(one)
            return "new"
        number, row = before
        if row[:-1] == one[:-1]:  # what it says; the row of the file may say more than before
            return "unchanged"
        gone.append(number)
        fresh.append(one)
        return "changed"

    def _kept(
        self, conn: sa.Connection, keys: Sequence[str]
    ) -> dict[tuple[str, int], tuple[int, Seen]]:
        at = outcome.c
        rows = conn.execute(
            sa.select(at.id, *(at[name] for name in _COLUMNS))
            .where(at.tenant_id == self._origin.tenant_id, at.source == self._origin.source)
            .where(at.stream == self._origin.stream, at.superseded_run.is_(None))
            .where(among(conn, at.source_key, keys))
        )
        return {(row[1], row[2]): (row[0], Seen(*row[1:])) for row in rows}

    def _add(self, conn: sa.Connection, fresh: Sequence[Seen]) -> None:
        origin = self._origin
        rows: list[tuple[Any, ...]] = [
            (origin.tenant_id, *one, origin.source, origin.stream, origin.run_id) for one in fresh
        ]
        columns = ("tenant_id", *_COLUMNS, "source", "stream", "run_id")
        insert_rows(conn, outcome, columns, rows)
