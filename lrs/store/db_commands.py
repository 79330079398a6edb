"""`verkan db`: upgrade, check, back up and restore the database."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from lrs.store import migrate
from lrs.store.archive import Archive, Manifest
from lrs.store.backup import back_up
from lrs.store.checking import Check, check_store
from lrs.store.database import Database
from lrs.store.progress import shown
from lrs.store.restoring import Restored, restore

_FILE = click.Path(path_type=Path)


@click.group()
def db() -> None:
    """Upgrade, check, back up and restore the database."""


@db.command()
@click.pass_context
def upgrade(ctx: click.Context) -> None:
    """Bring the database to this version's tables; a backup first is wise."""
    database = _of_any_version(ctx)
    if migrate.is_current(database):
        click.echo("the database is up to date")
        return
    migrate.upgrade(database)
    click.echo("the database is upgraded")


@db.command()
@click.argument("path", type=_FILE)
@click.option(
    "--without-secret",
    is_flag=True,
    help="Leave the server's secret out: the file then opens no door, and keys need it kept apart.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def backup(ctx: click.Context, path: Path, without_secret: bool, as_json: bool) -> None:
    """Write everything to one file, while the server runs; a folder gets a file named by the time.

    The file holds every table of every plug-in as of one moment, from SQLite and PostgreSQL alike,
    and can be restored into either. Keep it as safe as the server itself.
    """
    database = _of_any_version(ctx)
    out = path / _name_of_now() if path.is_dir() else path
    with shown(f"backing up to {out.name}") as tell:
        manifest = back_up(
            database, out, with_secret=not without_secret, progress=lambda done: tell(done, 0)
        )
    if as_json:
        click.echo(json.dumps(_as_json(manifest, out)))
        return
    click.echo(f"{manifest.rows} rows of {len(_tables(manifest))} tables are in {out}")
    click.echo(_SECRET[manifest.secret.kept])
    if manifest.left_out:
        click.echo(f"not Verkan's, and left out: {', '.join(manifest.left_out)}")


@db.command("restore")
@click.argument("path", type=_FILE)
@click.option("--force", is_flag=True, help="Replace what is stored already.")
@click.option("--dry-run", is_flag=True, help="Only check the backup, and say what is in it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def restore_(ctx: click.Context, path: Path, force: bool, dry_run: bool, as_json: bool) -> None:
    """Put a backup back, whole or not at all; stop the server first.

    Every part is held to its hash before anything is touched. What an earlier version backed up is
    upgraded on the way.
    """
    archive = Archive(path)
    ctx.call_on_close(archive.close)
    with shown(f"checking {path.name}") as tell:
        archive.check(tell)
    restored = None
    if not dry_run:
        database = _of_any_version(ctx)
        with shown(f"restoring {path.name}") as tell:
            restored = restore(database, archive, force=force, progress=tell)
    if as_json:
        click.echo(json.dumps(_as_json(archive.manifest, path) | _outcome(restored)))
    else:
        _tell_restored(archive.manifest, restored)


@db.command()
@click.option(
    "--full", is_flag=True, help="Read every body, attachment and index again; takes its time."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def check(ctx: click.Context, full: bool, as_json: bool) -> None:
    """Count what is stored, and look for what cannot be; exit 1 when something is found."""
    database = migrate.open_database(ctx.obj)
    ctx.call_on_close(database.close)
    with shown("reading every statement again") as tell:
        found = check_store(database, full=full, progress=tell)
    if as_json:
        click.echo(json.dumps(asdict(found)))
    else:
        _tell_found(found)
    if found.faults:
        ctx.exit(1)


def _tell_found(found: Check) -> None:
    for name, number in found.counts.items():
        click.echo(f"{number:>12}  {name}")
    for note in found.notes:
        click.echo(f"note: {note}")
    for fault in found.faults:
        click.echo(f"fault: {fault}", err=True)
    if not found.faults:
        click.echo("everything holds together")


_SECRET = {
    "included": "the server's secret is in it: whoever has the file can pass for the server",
    "left out": "the server's secret is not in it: without the file `secret`, no key works",
    "set by the settings": "the server's secret is in your settings: without it, no key works",
    "none": "the server has no secret yet, and no key",
}


def _tables(manifest: Manifest) -> dict[str, int]:
    return {part.table: part.rows for part in manifest.parts if part.table is not None}


def _as_json(manifest: Manifest, path: Path) -> dict[str, Any]:
    return {
        "path": str(path),
        "bytes": path.stat().st_size,
        "verkan": manifest.verkan,
        "made_at": manifest.made_at,
        "database": manifest.database,
        "heads": manifest.heads,
        "rows": manifest.rows,
        "tables": _tables(manifest),
        "left_out": manifest.left_out,
        "secret": manifest.secret.kept,
    }


def _outcome(restored: Restored | None) -> dict[str, Any]:
    if restored is None:
        return {"restored": False}
    return {"restored": True, "keys_work": restored.keys_work}


def _tell_restored(manifest: Manifest, restored: Restored | None) -> None:
    what = f"{manifest.rows} rows of {len(_tables(manifest))} tables"
    whence = f"Verkan {manifest.verkan} on {manifest.database}, {manifest.made_at}"
    if restored is None:
        click.echo(f"the backup is whole: {what}, by {whence}")
        return
    click.echo(f"{what} are back, as of {manifest.made_at}")
    if restored.keys_work is False:
        click.echo(
            "the secret of this server is another: until the setting or the file `secret` is that "
            "of then, no key that was made before works",
            err=True,
        )


def _name_of_now() -> str:
    return f"verkan-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.backup"


def _of_any_version(ctx: click.Context) -> Database:
    """Return the database without asking whether its schema is this version's."""
    from lrs.settings import load

    database = Database(load(ctx.obj))
    ctx.call_on_close(database.close)
    return database
