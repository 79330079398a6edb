"""`verkan keys`: make, list and take back the keys that tools post with."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from lrs.access.keys import ListedKey, list_keys, make_key, revoke_key
from lrs.access.scopes import SCOPES
from lrs.access.tenants import DEFAULT
from lrs.store.database import Database
from lrs.store.migrate import open_database


@click.group()
def keys() -> None:
    """Make and list the keys that tools post with."""


def _open(ctx: click.Context) -> Database:
    database = open_database(ctx.obj)
    ctx.call_on_close(database.close)
    return database


@keys.command()
@click.option("--name", required=True, help="The tool that will use it, such as 'Moodle'.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    default=("all",),
    show_default=True,
    type=click.Choice(list(SCOPES)),
    help="What it may do; can be given several times.",
)
@click.option("--tenant", default=DEFAULT, show_default=True, help="Whose data it opens.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def create(
    ctx: click.Context, name: str, scopes: tuple[str, ...], tenant: str, as_json: bool
) -> None:
    """Make a key and print its secret, once. Each call makes another key, whatever its name."""
    database = _open(ctx)
    made = make_key(database, database.settings, name=name, scopes=scopes, tenant=tenant)
    if as_json:
        click.echo(json.dumps(asdict(made)))
        return
    click.echo(f"endpoint  {made.endpoint}/")
    click.echo(f"key       {made.key}      (user name)")
    click.echo(f"secret    {made.secret}      (password)")
    click.echo("The secret is shown this once: it is kept only as a hash.", err=True)


@keys.command("list")
@click.option("--tenant", default=None, help="Of one tenant only.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
@click.pass_context
def list_(ctx: click.Context, tenant: str | None, as_json: bool) -> None:
    """List the keys, without their secrets."""
    found = list_keys(_open(ctx), tenant)
    if as_json:
        click.echo(json.dumps([_as_json(key) for key in found]))
        return
    for key in found:
        state = f"revoked {_day(key.revoked_at)}" if key.revoked_at else "works"
        click.echo(
            f"{key.key}  {state}  made {_day(key.created_at)}  "
            f"{key.tenant}  {','.join(key.scopes)}  {key.name}"
        )
    if not found:
        click.echo("There is no key yet: verkan keys create --name NAME", err=True)


@keys.command()
@click.argument("key")
@click.pass_context
def revoke(ctx: click.Context, key: str) -> None:
    """Take a key back. A running server refuses it within seconds."""
    fresh = revoke_key(_open(ctx), key)
    click.echo(f"{key} is revoked" if fresh else f"{key} was revoked before")


def _as_json(key: ListedKey) -> dict[str, Any]:
    return asdict(key) | {
        "created_at": instant(key.created_at),
        "revoked_at": instant(key.revoked_at) if key.revoked_at else None,
    }


def instant(microseconds: int) -> str:
    """Return the instant as ISO 8601, to the second."""
    return datetime.fromtimestamp(microseconds // 1_000_000, UTC).isoformat()


def _day(microseconds: int) -> str:
    return instant(microseconds)[:10]
