"""`verkan keys`: make, list and take back the keys that tools post with."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from lrs.access.expiring import expiry, length_us
from lrs.access.key_options import KeyOptions
from lrs.access.keys import ListedKey, MadeKey, list_keys, make_key, revoke_key, update_key
from lrs.access.ring import now_us
from lrs.access.rotating import rotate_key
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


_ORIGIN = click.option(
    "--origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="A web origin that may use it from a browser, such as https://learn.example.org; can be "
    "given several times; none: any.",
)
_LIMIT = click.option(
    "--limit",
    "limit_per_minute",
    type=click.IntRange(min=0),
    help="Most requests a minute, then 429; 0 or nothing: no limit.",
)


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
@click.option("--expires-in", metavar="TIME", help="How long it works: 12h, 90d, 4w.")
@click.option("--expires-at", metavar="DATE", help="The last day it works, such as 2027-06-30.")
@_ORIGIN
@_LIMIT
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def create(
    ctx: click.Context,
    name: str,
    scopes: tuple[str, ...],
    tenant: str,
    expires_in: str | None,
    expires_at: str | None,
    origins: tuple[str, ...],
    limit_per_minute: int | None,
    as_json: bool,
) -> None:
    """Make a key and print its secret, once. Each call makes another key, whatever its name."""
    ends = expiry(now_us(), after=expires_in, at=expires_at)
    database = _open(ctx)
    made = make_key(
        database,
        database.settings,
        name=name,
        scopes=scopes,
        tenant=tenant,
        options=KeyOptions(origins=origins, limit_per_minute=limit_per_minute or None),
        expires_at=ends,
    )
    _show(made, as_json)


def _show(made: MadeKey, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(asdict(made)))
        return
    click.echo(f"endpoint  {made.endpoint}/")
    click.echo(f"key       {made.key}      (user name)")
    click.echo(f"secret    {made.secret}      (password)")
    click.echo("The secret is shown this once: it is kept only as a hash.", err=True)


@keys.command()
@click.argument("key")
@click.option(
    "--overlap",
    default="7d",
    show_default=True,
    metavar="TIME",
    help="How long the old key goes on working: 30m, 12h, 7d; 0d: it ends at once.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def rotate(ctx: click.Context, key: str, overlap: str, as_json: bool) -> None:
    """Make a successor with the same name, scopes and settings, and print its secret, once.

    Give the new key and secret to the tool before the overlap ends.
    """
    overlap_us = length_us(overlap, "--overlap")
    database = _open(ctx)
    made = rotate_key(database, database.settings, key, overlap_us=overlap_us)
    _show(made, as_json)


@keys.command("set")
@click.argument("key")
@_ORIGIN
@click.option("--any-origin", is_flag=True, help="Any web page may use it.")
@_LIMIT
@click.option("--lenient/--strict", default=None, help="Repair known faults of senders, or not.")
@click.option(
    "--partial/--atomic",
    default=None,
    help="Store the good statements of a batch, or a batch as a whole or not at all.",
)
@click.option(
    "--deduplicate/--no-deduplicate",
    default=None,
    help="Store a statement without id once, however often it is sent.",
)
@click.pass_context
def set_(
    ctx: click.Context,
    key: str,
    origins: tuple[str, ...],
    any_origin: bool,
    limit_per_minute: int | None,
    lenient: bool | None,
    partial: bool | None,
    deduplicate: bool | None,
) -> None:
    """Change how a key's requests are taken. A running server follows within seconds."""
    named = origins or (() if any_origin else None)
    update_key(
        _open(ctx),
        key,
        origins=named,
        limit_per_minute=limit_per_minute,
        lenient=lenient,
        partial=partial,
        deduplicate=deduplicate,
    )
    click.echo(f"{key} is changed")


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
        click.echo(
            f"{key.key}  {_state(key)}  made {_day(key.created_at)}  "
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


def _state(key: ListedKey) -> str:
    told = key.state()
    if key.revoked_at is not None:
        told = f"revoked {_day(key.revoked_at)}"
    elif key.expires_at is not None:
        word = "valid until" if told == "valid" else told
        told = f"{word} {instant(key.expires_at)[:16]}"
    return f"{told}, replaced by {key.replaced_by}" if key.replaced_by else told


def _as_json(key: ListedKey) -> dict[str, Any]:
    told = asdict(key)
    options = told.pop("options")
    dated = {name: told[name] and instant(told[name]) for name in _DATED}
    return {**told, **dated, "state": key.state(), **options}


_DATED = ("created_at", "revoked_at", "expires_at")


def instant(microseconds: int) -> str:
    """Return the instant as ISO 8601, to the second."""
    return datetime.fromtimestamp(microseconds // 1_000_000, UTC).isoformat()


def _day(microseconds: int) -> str:
    return instant(microseconds)[:10]
