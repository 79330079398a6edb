"""people.csv: from a file to people, their teams and their history.

The whole file is read first, and the rows of one person are brought together; then it goes in a
page at a time, each page one transaction. Killed at any page, the next run goes on: people who are
known as the file tells them cost one look-up. People whom a file does not name are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from connectors.coverage import Coverage
from connectors.files.columns import Columns, columns_of, missing
from connectors.files.mapping import FileMapping
from connectors.files.staging import Group, Staged, Staging, staging, unreadable
from connectors.files.table import Table, read_table
from connectors.layouts import chosen_mapping, salt
from connectors.model.people import (
    COLUMNS,
    REQUIRED,
    PersonHistory,
    PersonRow,
    Reading,
    person_history,
    person_row,
    topics,
)
from connectors.refusals import Refusals, in_words
from connectors.reporting import ImportReport
from connectors.resolving import resolve
from connectors.store.histories import Origin
from connectors.store.people import Authority, PeopleWriter, Told
from connectors.store.runs import begin_run, end_run, keep_issues, remember_mapping
from connectors.store.transactions import turns
from lrs.errors import BadInput
from lrs.store.database import Database
from lrs.xapi.digests import digest16

STREAM = "people"
_PAGE = 2000

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class PeopleFile:
    """A people file that can be read: its table, where its columns stand, how it writes things."""

    table: Table
    columns: Columns
    mapping: FileMapping
    reading: Reading
    topics: frozenset[str]
    salt: bytes


def open_people_file(
    database: Database,
    tenant_id: int,
    path: Path,
    mapping: Path | None,
    source: str,
    accounts_on: str | None,
) -> PeopleFile:
    """Return the file ready to be read; raises `BadInput` when it is no people file."""
    table = read_table(path)
    chosen = chosen_mapping(database, tenant_id, STREAM, table, mapping)
    columns = columns_of(table, COLUMNS, chosen.columns)
    lacking = [name for name in REQUIRED if not columns.has(name)]
    if lacking:
        raise missing(table, lacking)
    reading = Reading(
        source=source,
        date_formats=chosen.date_formats,
        decimal_comma=chosen.decimal == ",",
        has_valid_to=columns.has("valid_to"),
        accounts_on=accounts_on,
    )
    told = topics(dict(columns.ours), dict(columns.extras), reading)
    return PeopleFile(table, columns, chosen, reading, told, salt(table, chosen, reading))


def run_people_import(
    database: Database,
    tenant_id: int,
    file: PeopleFile,
    authority: Authority,
    *,
    dry_run: bool,
    progress: Progress | None,
) -> ImportReport:
    """Bring the file in; return what came of it."""
    report = ImportReport(str(file.table.path), STREAM, dry_run)
    with staging() as waiting:
        coverage = Coverage(file.columns.ours)
        waiting.put(_by_person(file, coverage))
        _refuse_empty(file, waiting)
        with turns(database, tenant_id, dry_run=dry_run) as turn:
            with turn() as conn:
                run_id = begin_run(conn, tenant_id, file.reading.source, STREAM)
            origin = Origin(tenant_id, file.reading.source, STREAM, run_id)
            writer = PeopleWriter(origin, report, authority, file.topics)
            for groups in waiting.chunks(_PAGE):
                refusals = Refusals(file.table)
                report.read += sum(len(group.rows) for group in groups)
                with turn() as conn:
                    _write_page(conn, file, groups, authority, writer, refusals, report)
                    keep_issues(conn, tenant_id, run_id, report, refusals.issues)
                if progress:
                    progress(report.read, waiting.rows)
            with turn() as conn:
                dry = coverage.compare(
                    conn, tenant_id, file.reading.source, STREAM, file.table.name
                )
                keep_issues(conn, tenant_id, run_id, report, dry)
                writer.link_managers(conn)
                _note_past(report, writer.past_kept)
                report.actors = resolve(conn, tenant_id)
                if not report.nothing_taken:
                    kept = file.mapping.as_json()
                    remember_mapping(conn, tenant_id, STREAM, file.table.layout, kept)
                end_run(conn, tenant_id, run_id, report)
    return report


def _by_person(file: PeopleFile, coverage: Coverage) -> Iterator[tuple[str, Staged]]:
    place = dict(file.columns.ours)["person_id"]
    for record in file.table.records():
        key = record.fields[place] if place < len(record.fields) else ""
        if record.fault is None:
            coverage.see(record.fields)
        yield key or unreadable(record.line), Staged(*record)


def _refuse_empty(file: PeopleFile, waiting: Staging) -> None:
    if waiting.rows == 0:
        raise BadInput("the file has a header and no rows", where=file.table.name)


def _write_page(
    conn: sa.Connection,
    file: PeopleFile,
    groups: Sequence[Group],
    authority: Authority,
    writer: PeopleWriter,
    refusals: Refusals,
    report: ImportReport,
) -> None:
    salt = file.salt + repr(authority).encode()
    digests = {group.key: digest16(salt + group.raw) for group in groups}
    unchanged = writer.unchanged(conn, digests)
    told: list[Told] = []
    for group in groups:
        if group.key in unchanged:
            report.unchanged += len(group.rows)
            continue
        person = _read_person(file, group, refusals)
        if person is not None:
            told.append(Told(person, digests[group.key], group.rows))
    _refuse_erased(writer.write(conn, told), refusals)
    report.refused += refusals.refused


def _read_person(file: PeopleFile, group: Group, refusals: Refusals) -> PersonHistory | None:
    """Return what the rows of one person say; None when they are refused, all of them together."""
    rows: list[PersonRow] = []
    bad: list[tuple[Staged, BadInput]] = []
    for staged in group.rows:
        try:
            rows.append(_read_row(file, staged))
        except BadInput as exc:
            bad.append((staged, exc))
    if bad:
        _refuse_all(group, bad, refusals)
        return None
    try:
        person = person_history(group.key, rows, file.reading)
    except BadInput as exc:
        refusals.refuse_rows(group.rows, exc.where, in_words(exc))
        return None
    for row in rows:
        for column, text in row.warnings:
            refusals.warn(row.line, column, text)
    return person


def _read_row(file: PeopleFile, staged: Staged) -> PersonRow:
    if staged.fault is not None:
        raise BadInput(staged.fault)
    given, extras = file.columns.given(staged.fields), file.columns.others(staged.fields)
    if "person_id" not in given:
        raise BadInput("person_id is empty: of whom does the row tell?", where="person_id")
    return person_row(staged.line, given, extras, file.reading)


def _refuse_all(group: Group, bad: Sequence[tuple[Staged, BadInput]], refusals: Refusals) -> None:
    """Refuse a person's rows: with one of them missing, the others would tell a false history."""
    faulty = {staged.line for staged, _ in bad}
    for staged, fault in bad:
        refusals.refuse_fault(staged, fault)
    lines = ", ".join(str(line) for line in sorted(faulty))
    for staged in group.rows:
        if staged.line not in faulty:
            why = f"left out with row {lines}: without it the history of {group.key} has a hole"
            refusals.refuse(staged, None, why)


def _refuse_erased(erased: Sequence[Told], refusals: Refusals) -> None:
    for one in erased:
        text = "this person was erased here, and is not taken in again"
        for row in one.rows:
            refusals.refuse(Staged(row.line, [], None), "person_id", text)


def _note_past(report: ImportReport, people: int) -> None:
    if people:
        report.notes.append(
            f"of {people} people the file begins later than what is known: the earlier part was "
            "kept (--whole-history takes the file's word for it)"
        )
