"""outcomes.csv, long or wide: from a file to observations of people and teams.

As with people, the whole file is read first and goes in a page at a time. A row is taken whole or
refused whole; one that names nobody who is known is refused, and kept with the reason. What an
earlier file told and this one does not stays.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import sqlalchemy as sa

from connectors.coverage import Coverage
from connectors.files.staging import Group, Staged, staging
from connectors.metrics import Metric, declare_metrics, metrics
from connectors.model.metrics import Declared
from connectors.model.outcomes import Measure, Observation, Subject
from connectors.outcomes_file import ENTITY, OutcomesFile
from connectors.refusals import Refusals
from connectors.reporting import ImportReport
from connectors.store.histories import Origin
from connectors.store.outcomes import Of, OutcomeWriter, Seen, Subjects, seen, subjects_of
from connectors.store.outside import employments, outside
from connectors.store.runs import begin_run, end_run, keep_issues, remember_mapping
from connectors.store.transactions import turns
from connectors.store.zeros import without_zeros
from lrs.errors import BadInput
from lrs.store.database import Database
from lrs.xapi.digests import digest16

STREAM = "outcomes"
_PAGE = 2000
_UNNAMED = "units"

Progress = Callable[[int, int], None]
Read = tuple[Staged, Observation]


def run_outcomes_import(
    database: Database,
    tenant_id: int,
    file: OutcomesFile,
    *,
    source: str,
    dry_run: bool,
    progress: Progress | None,
) -> ImportReport:
    """Bring the file in; return what came of it."""
    report = ImportReport(str(file.table.path), STREAM, dry_run)
    with staging() as waiting:
        coverage = Coverage(file.filled)
        waiting.put(file.staged(coverage))
        if waiting.rows == 0:
            raise BadInput("the file has a header and no rows", where=file.table.name)
        with turns(database, tenant_id, dry_run=dry_run) as turn:
            with turn() as conn:
                run_id = begin_run(conn, tenant_id, source, STREAM)
            page = _Pages(file, Origin(tenant_id, source, STREAM, run_id), report)
            for groups in waiting.chunks(_PAGE):
                refusals = Refusals(file.table)
                report.read += sum(len(group.rows) for group in groups)
                with turn() as conn:
                    page.write(conn, groups, refusals)
                    report.refused += refusals.refused
                    keep_issues(conn, tenant_id, run_id, report, refusals.issues)
                if progress:
                    progress(report.read, waiting.rows)
            with turn() as conn:
                dry = coverage.compare(conn, tenant_id, source, STREAM, file.table.name)
                keep_issues(conn, tenant_id, run_id, report, dry)
                page.tell(conn)
                if not report.nothing_taken:
                    kept = file.mapping.as_json()
                    remember_mapping(conn, tenant_id, ENTITY, file.table.layout, kept)
                end_run(conn, tenant_id, run_id, report)
    return report


class _Pages:
    """Takes in pages of observations that were read."""

    def __init__(self, file: OutcomesFile, origin: Origin, report: ImportReport) -> None:
        self._file = file
        self._origin = origin
        self._report = report
        self._subjects = Subjects(origin.tenant_id, origin.source)
        self._writer = OutcomeWriter(origin, report)
        self._metrics: dict[str, Metric] = {}
        self._strange_teams: Counter[str] = Counter()
        self._outside: Counter[str] = Counter()
        self._told_of: defaultdict[str, set[str]] = defaultdict(set)
        self._declared = False

    def write(self, conn: sa.Connection, groups: Sequence[Group], refusals: Refusals) -> None:
        """Write what a page says, and refuse what nobody, or no metric, can have."""
        rows = list(self._read(self._changed(conn, groups), refusals))
        found = self._subjects.find(conn, [one for _, one in rows])
        rows = [read for read in rows if self._is_of_somebody(read, found, refusals)]
        self._declare(conn, rows)
        rows = [read for read in rows if self._fits(read, refusals)]
        self._watch_teams(conn, rows)
        self._watch_employment(conn, rows, found)
        for _, one in rows:
            for measure in one.measures:
                self._told_of[measure.metric].add(one.subject.kind)
        names = {metric.id: metric.key for metric in self._metrics.values()}
        by_key = {group.key: group for group in groups}
        self._writer.write(conn, self._to_keep(rows, found, by_key, refusals), names)

    def _changed(self, conn: sa.Connection, groups: Sequence[Group]) -> Iterator[Group]:
        """Yield the groups that are not kept just as they stand in the file."""
        self._declare(conn, ())
        of_file = {self._metrics[column.metric].id for column in self._file.wide}
        digests = {group.key: self._digest(group, len(group.rows)) for group in groups}
        unchanged = self._writer.unchanged(conn, digests, of_file)
        for group in groups:
            if group.key in unchanged:
                self._report.unchanged += len(group.rows)
            else:
                yield group

    def _digest(self, group: Group, taken: int) -> bytes:
        """Return the digest by which a group is known again, if all of its rows were taken."""
        return digest16(b"%d of them " % taken + self._file.salt + group.raw)

    def _read(self, groups: Iterable[Group], refusals: Refusals) -> Iterator[Read]:
        for group in groups:
            for row in group.rows:
                try:
                    yield row, self._file.observation(row)
                except BadInput as exc:
                    refusals.refuse_fault(row, exc)

    def tell(self, conn: sa.Connection) -> None:
        """Note what was left aside, and what reports will leave aside."""
        if self._file.unused:
            self._report.notes.append(f"columns not used: {', '.join(self._file.unused)}")
        if self._strange_teams:
            count, example = sum(self._strange_teams.values()), min(self._strange_teams)
            self._report.notes.append(
                f"{count} rows of people name a team that is not known, such as {example}: the "
                "team that counts is the one in the person's own history"
            )
        if self._outside:
            count, example = sum(self._outside.values()), min(self._outside)
            self._report.notes.append(
                f"{count} rows, such as one of {example}, lie before the person was employed, or "
                "after: they count for nothing unless the people's dates change"
            )
        self._report.notes.extend(self._without_zeros(conn))
        both = sorted(
            key for key, kinds in self._told_of.items() if self._is_of_both(conn, key, kinds)
        )
        if both:
            self._report.notes.append(
                f"told of people and of teams: {', '.join(both)}: a report reads the kind of rows that "
                "most are, and passes over the others; give them one way, or under two metrics"
            )

    def _without_zeros(self, conn: sa.Connection) -> Iterator[str]:
        """Yield what looks as if months in which nothing happened were left out."""
        for key in sorted(self._told_of):
            found = without_zeros(conn, self._origin.tenant_id, self._metrics[key])
            if found is not None:
                yield (
                    f"{key}: months with none seem to be left out: {_zeros(found.zeros)} 0, and of "
                    f"{found.between} months between the first and the last record of each, {found.gaps} have "
                    "none. A report would read the mean of those who had one, so it gives no verdict. "
                    "Export these months as 0, or each event with its day, as occurred_at in place of "
                    "period"
                )

    def _is_of_both(self, conn: sa.Connection, key: str, kinds: Collection[str]) -> bool:
        kept = subjects_of(conn, self._origin.tenant_id, self._metrics[key].id)
        return len({*kinds, *kept}) > 1

    def _is_of_somebody(self, read: Read, found: Mapping[Subject, Of], refusals: Refusals) -> bool:
        row, one = read
        if one.subject in found:
            return True
        what = f"nobody who is known has the {one.subject.kind}_id {one.subject.key!r}"
        if one.subject.kind == "team":
            what = f"no team is known by {one.subject.key!r}"
        hint = "import people first: `verkan people import`"
        refusals.refuse(row, f"{one.subject.kind}_id", f"{what} ({hint})")
        return False

    def _declare(self, conn: sa.Connection, rows: Sequence[Read]) -> None:
        """See that every metric of the page is kept, and remember them."""
        wanted = [] if self._declared else list(self._file.declared)
        wanted.extend(_shown(rows, {*self._metrics, *(one.key for one in wanted)}))
        if not wanted and self._declared:
            return
        before = {metric.key for metric in metrics(conn, self._origin.tenant_id)}
        given = [_as_kept(one, before) for one in wanted]
        states = declare_metrics(conn, self._origin.tenant_id, given)
        self._report.kinds.update("metric" for state in states.values() if state == "new")
        changed = sorted(key for key, state in states.items() if state == "changed")
        if changed:
            self._report.notes.append(f"metrics declared anew: {', '.join(changed)}")
        self._metrics = {metric.key: metric for metric in metrics(conn, self._origin.tenant_id)}
        self._declared = True

    def _fits(self, read: Read, refusals: Refusals) -> bool:
        row, one = read
        for measure in one.measures:
            fault = _misfit(self._metrics[measure.metric], measure)
            if fault is not None:
                refusals.refuse(row, measure.metric if self._file.wide else "value", fault)
                return False
        return True

    def _watch_teams(self, conn: sa.Connection, rows: Sequence[Read]) -> None:
        teams = Counter(one.team for _, one in rows if one.team is not None)
        for team, count in teams.items():
            if not self._subjects.knows_team(conn, team):
                self._strange_teams[team] += count

    def _watch_employment(
        self, conn: sa.Connection, rows: Sequence[Read], found: Mapping[Subject, Of]
    ) -> None:
        persons = {one.person_id for one in found.values() if one.person_id is not None}
        spells = employments(conn, self._origin.tenant_id, persons)
        for _, one in rows:
            own = spells.get(found[one.subject].person_id or 0)
            if own and outside(one.when, own):
                self._outside[one.subject.key] += 1

    def _to_keep(
        self,
        rows: Sequence[Read],
        found: Mapping[Subject, Of],
        groups: Mapping[str, Group],
        refusals: Refusals,
    ) -> dict[int, list[Seen]]:
        """Return by line what to keep, each measure once; rows that contradict are refused."""
        told: defaultdict[tuple[str, str], list[Read]] = defaultdict(list)
        for read in rows:
            for measure in read[1].measures:
                told[read[1].key, measure.metric].append(read)
        contradicting = _contradicting(told, refusals)
        taken = Counter(one.key for row, one in rows if row.line not in contradicting)
        kept: dict[int, list[Seen]] = {}
        number: Counter[tuple[str, str]] = Counter()
        for row, one in rows:
            if row.line in contradicting:
                continue
            kept[row.line] = []
            for measure in one.measures:
                at = (one.key, measure.metric)
                number[at] += 1
                if number[at] > 1 and not _is_event(one):
                    continue  # the same again
                key = one.key if number[at] == 1 else f"{one.key} #{number[at]}"
                metric_id = self._metrics[measure.metric].id
                of, digest = found[one.subject], self._digest(groups[one.key], taken[one.key])
                kept[row.line].append(seen(key, one, of, measure, metric_id, digest))
        return kept


def _zeros(n: int) -> str:
    return "no record says" if n == 0 else f"only {n} of the records {'say' if n > 1 else 'says'}"


def _shown(rows: Sequence[Read], known: Collection[str]) -> Iterator[Declared]:
    """Yield what rows show of the metrics that are not known: whether they are counted per something."""
    shown: dict[str, Declared] = {}
    for _, one in rows:
        for measure in one.measures:
            if measure.metric not in known and measure.metric not in shown:
                per = "" if measure.denominator is None else _UNNAMED
                shown[measure.metric] = Declared(measure.metric, denominator=per)
    yield from shown.values()


def _as_kept(given: Declared, before: Collection[str]) -> Declared:
    """What is kept of a metric stands until it is declared otherwise in so many words."""
    if given.key in before:
        return replace(given, denominator=given.denominator or None)
    return given


_FROM_ZERO = ("count", "rate", "absence", "time_to_event")


def _misfit(metric: Metric, measure: Measure) -> str | None:
    """Return why a measure cannot be of the metric."""
    if metric.denominator and measure.value is not None:
        return (
            f"{metric.key} is counted per {metric.denominator}: a plain value cannot be compared "
            '(for plain values declare it in metrics.toml with denominator = "")'
        )
    if metric.kind in _FROM_ZERO and measure.value is not None and measure.value < 0:
        return f"{metric.key} is counted, and {measure.value:g} is below zero"
    days, of = measure.numerator, measure.denominator
    if metric.kind == "absence" and days is not None and of is not None and days > of:
        return f"{days:g} days away are more than the {of:g} there were"
    if metric.kind == "binary" and days is not None and of is not None and not 0 <= days <= of:
        return f"{days:g} of {of:g} said yes, which cannot be"
    if metric.kind == "binary" and measure.value not in (None, 0.0, 1.0):
        return f"{metric.key} is yes or no, 1 or 0; not {measure.value:g}"
    return None


def _is_event(one: Observation) -> bool:
    """Return whether several such rows can be true at once: events that nothing tells apart."""
    return one.when.period_days is None and one.record_id is None


def _contradicting(told: Mapping[tuple[str, str], Sequence[Read]], refusals: Refusals) -> set[int]:
    """Refuse the rows that tell different things of the same metric, subject and period."""
    refused: dict[int, tuple[Staged, str]] = {}
    for (_, metric), reads in told.items():
        if len(reads) < 2 or _is_event(reads[0][1]):
            continue
        said = {_of_metric(one, metric) for _, one in reads}
        if len(said) > 1:
            lines = " and ".join(str(row.line) for row, _ in reads)
            for row, _ in reads:
                why = f"rows {lines} tell different things of {metric}, of the same and at the same time"
                refused[row.line] = (row, why)
    for row, why in refused.values():
        refusals.refuse(row, None, why)
    return set(refused)


def _of_metric(one: Observation, metric: str) -> tuple[object, ...]:
    measured = [measure for measure in one.measures if measure.metric == metric]
    return (*measured, one.closed_day, one.dimensions, one.subject, one.when)
