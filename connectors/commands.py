"""The commands on people, outcomes, paths and identities (`architecture.md`, "The commands").

Refused rows do not make an import fail: they are told and kept, and the exit status is 0 as long as
something could be taken. It is 2 when the file cannot be used, or every row of it was refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from connectors.command_line import opened
from connectors.files import source as files
from connectors.identities_commands import identities
from connectors.importing import import_outcomes, import_paths, import_people
from connectors.model.days import day_of
from connectors.reporting import ImportReport, Resolved
from connectors.sources import installed
from lrs.access.tenants import DEFAULT
from lrs.errors import BadInput
from lrs.store.progress import shown

_FILE = click.Path(path_type=Path)


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that every import has."""
    for option in (
        click.option("--dry-run", is_flag=True, help="Show what would change; write nothing."),
        click.option("--tenant", default=DEFAULT, show_default=True, help="Whose data it is."),
    ):
        command = option(command)
    return command


def _tells(command: Callable[..., ImportReport]) -> Callable[..., None]:
    """Print the report that a command returns, as JSON if asked, and leave with its exit status."""

    @click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
    @wraps(command)
    def told(*args: Any, as_json: bool, **kwargs: Any) -> None:
        report = command(*args, **kwargs)
        if as_json:
            click.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=2))
        else:
            _tell(report)
        if report.nothing_taken:
            click.get_current_context().exit(2)

    return told


@click.group()
def people() -> None:
    """People, their teams and their history."""


@people.command("import")
@click.argument("file", type=_FILE)
@click.option("--mapping", type=_FILE, help="TOML that says which column is which; remembered.")
@click.option(
    "--source", default=files.name, show_default=True, help="The system the file is from."
)
@click.option("--as-of", metavar="DATE", help="The file shows the state of that day.")
@click.option("--whole-history", is_flag=True, help="What the file leaves out was never so.")
@click.option("--accounts-on", metavar="URL", help="Home page whose account names are person_ids.")
@_options
@_tells
def people_import(
    file: Path,
    mapping: Path | None,
    source: str,
    as_of: str | None,
    whole_history: bool,
    accounts_on: str | None,
    tenant: str,
    dry_run: bool,
) -> ImportReport:
    """Import FILE.csv: person_id, valid_from, and further columns; several rows are a history.

    Rows hold from valid_from until the day before valid_to; an empty valid_to means still. From the
    earliest day it names for a person the file decides; what was known of the time before stays,
    unless --whole-history is given. People whom the file does not name are kept.
    """
    day = _day(as_of) if as_of else None
    with opened(tenant) as (database, number), shown("rows") as progress:
        return import_people(
            database,
            number,
            file,
            mapping=mapping,
            dry_run=dry_run,
            source=source,
            as_of=day,
            whole_history=whole_history,
            accounts_on=accounts_on,
            progress=progress,
        )


def _day(text: str) -> int:
    try:
        return day_of(text)
    except BadInput as exc:
        raise BadInput(exc.message, where="--as-of", hint=exc.hint) from None


@click.group()
def outcomes() -> None:
    """What the business saw, and the metrics it is measured by."""


@outcomes.command("import")
@click.argument("file", type=_FILE)
@click.option("--mapping", type=_FILE, help="TOML that says which column is which; remembered.")
@click.option(
    "--wide",
    multiple=True,
    metavar="METRIC=COLUMN[/DENOMINATOR][:up|:down]",
    help="A column that is a metric, what it is counted per, and which way is good; repeatable.",
)
@click.option("--metrics", type=_FILE, help="metrics.toml that declares the metrics.")
@click.option(
    "--source", default=files.name, show_default=True, help="The system the file is from."
)
@_options
@_tells
def outcomes_import(
    file: Path,
    mapping: Path | None,
    wide: tuple[str, ...],
    metrics: Path | None,
    source: str,
    tenant: str,
    dry_run: bool,
) -> ImportReport:
    """Import FILE.csv, of person_id or team_id, and period, month or occurred_at.

    Long: columns metric and value (or numerator and denominator). Wide: a column a metric, named by
    --wide or --mapping; that is remembered for the next file with the same header.
    """
    with opened(tenant) as (database, number), shown("rows") as progress:
        return import_outcomes(
            database,
            number,
            file,
            mapping=mapping,
            wide=wide,
            metrics=metrics,
            dry_run=dry_run,
            source=source,
            progress=progress,
        )


@outcomes.command("metrics")
@click.argument("file", type=_FILE, required=False)
@click.option("--tenant", default=DEFAULT, show_default=True, help="Whose data it is.")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def outcomes_metrics(file: Path | None, tenant: str, as_json: bool) -> None:
    """List the metrics; with FILE, a metrics.toml, declare those in it first."""
    from connectors.metrics import declare_metrics
    from connectors.metrics import metrics as kept
    from connectors.outcomes_file import metrics_in
    from connectors.store.transactions import in_turn

    with opened(tenant) as (database, number):
        if file is not None:
            declared = metrics_in(file)
            with in_turn(database, number) as conn:
                declare_metrics(conn, number, declared)
        with database.read() as conn:
            found = kept(conn, number)
    if as_json:
        rows = [{name: getattr(one, name) for name in one.__slots__} for one in found]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for one in found:
        per = f" per {one.denominator}" if one.denominator else ""
        click.echo(f"{one.key}: {one.name}, {one.kind}{per}, better {one.better}")


@click.group()
def paths() -> None:
    """Learning paths, and when they are done."""


@paths.command("import")
@click.argument("file", type=_FILE)
@_options
@_tells
def paths_import(file: Path, tenant: str, dry_run: bool) -> ImportReport:
    """Import FILE.toml: [[path]] with id, name, activities, complete, cost and goal."""
    with opened(tenant) as (database, number):
        return import_paths(database, number, file, dry_run=dry_run)


@paths.command("list")
@click.option("--tenant", default=DEFAULT, show_default=True, help="Whose data it is.")
def paths_list(tenant: str) -> None:
    """List the paths that were declared."""
    from connectors.paths import learning_paths

    with opened(tenant) as (database, number), database.read() as conn:
        for path in learning_paths(conn, number):
            parts = len(path.rule.parts)
            what = "activity" if parts == 1 else "activities"
            click.echo(
                f"{path.key}: {path.name}; {path.rule.sign} {path.rule.need} of {parts} {what}"
            )


@click.group()
def sources() -> None:
    """Where people and outcomes come from."""


@sources.command("list")
def sources_list() -> None:
    """List the sources that are installed, and what each of them reads."""
    for source in installed():
        click.echo(f"{source.name}: {', '.join(source.reads)}. {source.about}")


def _tell(report: ImportReport) -> None:
    would = "would be " if report.dry_run else ""
    click.echo(
        f"{report.file}: {report.read} read, {report.new} {would}new, "
        f"{report.changed} {would}changed, {report.unchanged} unchanged, {report.refused} refused"
    )
    if report.kinds:
        rows = ", ".join(f"{count} {kind}" for kind, count in sorted(report.kinds.items()))
        click.echo(f"rows {would or 'were '}written: {rows}")
    for example in report.examples:
        click.echo(f"  {example}")
    for note in report.notes:
        click.echo(f"note: {note}")
    _tell_issues(report)
    if report.actors is not None:
        _tell_actors(report.actors, would)
    if report.dry_run:
        click.echo("nothing was written: this was a dry run")


def _tell_issues(report: ImportReport) -> None:
    for place, message in report.issues:
        click.echo(f"{place}: {message}", err=True)
    more = report.refused + report.warnings - len(report.issues)
    if more > 0:
        kept = "" if report.dry_run else "; all are kept in the table sync_issue"
        click.echo(f"and {more} more{kept}", err=True)


def _tell_actors(actors: Resolved, would: str) -> None:
    if actors.actors:
        click.echo(
            f"learners in the statements: {actors.linked} of {actors.actors} {would or 'are '}known"
            f" people, {actors.unresolved} not"
        )


__all__ = ["identities", "outcomes", "paths", "people", "sources"]
