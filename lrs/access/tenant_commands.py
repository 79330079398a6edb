"""`verkan tenants`: whose data there is, kept apart from each other."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from lrs.access.commands import instant
from lrs.access.tenants import list_tenants, new_tenant, rename_tenant
from lrs.store.database import Database
from lrs.store.migrate import open_database


@click.group()
def tenants() -> None:
    """Make and list tenants, whose data is kept apart."""


def _open(ctx: click.Context) -> Database:
    database = open_database(ctx.obj)
    ctx.call_on_close(database.close)
    return database


@tenants.command()
@click.argument("name")
@click.pass_context
def create(ctx: click.Context, name: str) -> None:
    """Make a tenant. Keys, imports and reports name it by --tenant."""
    fresh = new_tenant(_open(ctx), name)
    click.echo(f"the tenant {name} is made" if fresh else f"the tenant {name} was there before")


@tenants.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """List the tenants, oldest first."""
    found = list_tenants(_open(ctx))
    if as_json:
        told = [asdict(each) | {"created_at": instant(each.created_at)} for each in found]
        click.echo(json.dumps(told))
        return
    for each in found:
        noun = "key" if each.keys == 1 else "keys"
        click.echo(f"{each.name}  {each.keys} {noun}  made {instant(each.created_at)[:10]}")


@tenants.command()
@click.argument("name")
@click.argument("to")
@click.pass_context
def rename(ctx: click.Context, name: str, to: str) -> None:
    """Call a tenant by another name; its data and keys stay its own."""
    rename_tenant(_open(ctx), name, to)
    click.echo(f"the tenant {name} is called {to} now")
