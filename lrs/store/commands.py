"""`verkan statements`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from lrs.access.tenants import DEFAULT, tenant_number
from lrs.errors import BadInput
from lrs.store import migrate
from lrs.store.database import Database
from lrs.store.exporting import export_statements
from lrs.store.importing import ImportCount, import_statements
from lrs.store.progress import shown
from lrs.store.since import since_asked
from lrs.xapi.dumps import DumpForm

_FILE = click.Path(path_type=Path)


@click.group()
def statements() -> None:
    """Import and export statements."""


@statements.command("import")
@click.argument("files", nargs=-1, required=True, type=_FILE, metavar="FILE...")
@click.option("--tenant", default=DEFAULT, show_default=True, help="Whose statements they are.")
@click.option(
    "--format",
    "form",
    type=click.Choice([form.value for form in DumpForm]),
    help="How the statements are kept in the file; without it, its content tells.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the counts as one JSON object.")
@click.pass_context
def import_(
    ctx: click.Context, files: Sequence[Path], tenant: str, form: str | None, as_json: bool
) -> None:
    """Store the statements of files: one a line (NDJSON), a JSON array, or Parquet; .gz or not.

    Dumps of Learning Locker (mongoexport), SQL LRS (payload as JSON or CSV) and Ralph are taken too.


    Can be broken off and run again, and run twice: what is there already is counted as duplicate.
    What is refused is kept with its reason, and does not keep the rest from being stored.
    """
    database = _open(ctx)
    number = _tenant(database, tenant)
    kept_as = None if form is None else DumpForm(form)
    counts = [_import_one(database, number, path, kept_as) for path in files]
    total = _total(counts)
    if as_json:
        click.echo(json.dumps(total))
    else:
        click.echo(", ".join(f"{value} {name}" for name, value in total.items()))
    if total["rejected"] and not (total["stored"] or total["duplicate"]):
        raise BadInput(
            "nothing in these files is a statement that can be stored",
            where=", ".join(str(path) for path in files),
            hint="the reasons stand above",
        )


@statements.command()
@click.option("--out", required=True, type=_FILE, help="File to write; .gz is compressed.")
@click.option("--since", help="Only what was stored after this instant, such as 2026-01-31.")
@click.option(
    "--format",
    "form",
    default="ndjson",
    show_default=True,
    type=click.Choice(["ndjson", "parquet"]),
    help="One JSON a line, or a table for analysis (pip install 'verkan[parquet]').",
)
@click.option("--tenant", default=DEFAULT, show_default=True, help="Whose statements.")
@click.pass_context
def export(ctx: click.Context, out: Path, since: str | None, form: str, tenant: str) -> None:
    """Write everything stored to a file, one statement a line or row, voided ones too."""
    after = None if since is None else since_asked(since)
    database = _open(ctx)
    number = _tenant(database, tenant)
    with shown(f"exporting to {out.name}") as tell:
        written = export_statements(
            database,
            number,
            out,
            since=after,
            progress=lambda done: tell(done, 0),
            parquet=form == "parquet",
        )
    click.echo(f"{written} statements are in {out}")


def _import_one(
    database: Database, tenant_id: int, path: Path, form: DumpForm | None
) -> ImportCount:
    with shown(f"importing {path.name}") as tell:
        count = import_statements(database, tenant_id, path, progress=tell, form=form)
    if count.voided:
        click.echo(f"voided {count.voided} that were voided there", err=True)
    for refusal in count.refusals:
        place = f" at {refusal.path}" if refusal.path else ""
        click.echo(f"refused {refusal.origin}{place}: {refusal.message}", err=True)
    hidden = count.rejected - len(count.refusals)
    if count.refusals and hidden:
        click.echo(f"... and {hidden} more; all are kept in the table `refused`", err=True)
    return count


def _total(counts: Sequence[ImportCount]) -> dict[str, int]:
    names = ("read", "stored", "duplicate", "rejected")
    return {name: sum(getattr(count, name) for count in counts) for name in names}


def _open(ctx: click.Context) -> Database:
    database = migrate.open_database(ctx.obj)
    ctx.call_on_close(database.close)
    return database


def _tenant(database: Database, name: str) -> int:
    with database.read() as conn:
        return tenant_number(conn, name)
