"""`verkan identities`: see who learners are held to be, and say who they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict

import click
import sqlalchemy as sa

from connectors.command_line import opened
from connectors.model.days import day_of
from connectors.resolving import SOURCE, STREAM, resolve
from connectors.store.links import LinkStore
from connectors.store.queue import (
    LinkedActor,
    WaitingActor,
    actor_number,
    linked_actors,
    person_number,
    waiting_actors,
)
from connectors.store.runs import begin_run
from connectors.store.transactions import in_turn
from lrs.access.tenants import DEFAULT

_TENANT = click.option("--tenant", default=DEFAULT, show_default=True, help="Whose data it is.")
_BY = click.option("--by", default="administrator", show_default=True, help="Who says so.")


@click.group()
def identities() -> None:
    """Who the learners in the statements are. ACTOR is written as `list` writes it, or a mail."""


@identities.command("list")
@click.option("--unresolved", is_flag=True, help="Those nobody knows, with the reason.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@_TENANT
def list_identities(unresolved: bool, as_json: bool, tenant: str) -> None:
    """List the actors who are known to be somebody."""
    with opened(tenant) as (database, number):
        with in_turn(database, number) as conn:
            resolve(conn, number)
        with database.read() as conn:
            found = waiting_actors(conn, number) if unresolved else linked_actors(conn, number)
            for one in found:
                text = json.dumps(asdict(one), ensure_ascii=False) if as_json else _line(one)
                click.echo(text)


def _line(one: LinkedActor | WaitingActor) -> str:
    if isinstance(one, WaitingActor):
        who = f"; perhaps {', '.join(one.candidates)}" if one.candidates else ""
        return f"{one.actor}: {one.reason}, {one.evidence}{who}"
    span = " ".join(
        text
        for text in (
            f"from {one.valid_from}" if one.valid_from else "",
            f"until {one.valid_to}" if one.valid_to else "",
        )
        if text
    )
    return f"{one.actor}: {one.person} {span or 'always'}, rule {one.rule}: {one.evidence}"


@identities.command("link")
@click.argument("actor")
@click.argument("person")
@click.option("--from", "start", metavar="DATE", help="First day it was so.")
@click.option("--to", "end", metavar="DATE", help="First day it was no longer so.")
@_BY
@_TENANT
def link(actor: str, person: str, start: str | None, end: str | None, by: str, tenant: str) -> None:
    """Say that ACTOR is PERSON; it stands above what the rules find."""
    first, last = (day_of(text) if text else None for text in (start, end))
    _decide(
        tenant,
        lambda conn, number, links: links.decide(
            actor_number(conn, number, actor), person_number(conn, number, person), by, first, last
        ),
    )
    click.echo(f"{actor} is {person}")


@identities.command("unlink")
@click.argument("actor")
@_TENANT
def unlink(actor: str, tenant: str) -> None:
    """Take back what was said of ACTOR by `link`; the rules count again."""
    _decide(
        tenant,
        lambda conn, number, links: links.take_back(actor_number(conn, number, actor)),
    )
    click.echo(f"the rules decide who {actor} is")


@identities.command("never")
@click.argument("actor")
@click.argument("person")
@_BY
@_TENANT
def never(actor: str, person: str, by: str, tenant: str) -> None:
    """Say that ACTOR is not PERSON, whatever the rules find."""
    _decide(
        tenant,
        lambda conn, number, links: links.forbid(
            actor_number(conn, number, actor), person_number(conn, number, person), by
        ),
    )
    click.echo(f"{actor} is never {person}")


def _decide(tenant: str, say: Callable[[sa.Connection, int, LinkStore], object]) -> None:
    """Take an administrator's word, and look at every actor again."""
    with opened(tenant) as (database, number), in_turn(database, number) as conn:
        store = LinkStore(conn, number, lambda: begin_run(conn, number, SOURCE, STREAM))
        say(conn, number, store)
        resolve(conn, number, anew=True)
