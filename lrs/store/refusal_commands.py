"""`verkan refusals`: what senders posted and was refused, to be looked at, replayed or dropped."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from lrs.access.tenants import DEFAULT, tenant_number
from lrs.errors import BadInput
from lrs.store.database import Database
from lrs.store.migrate import open_database
from lrs.store.progress import shown
from lrs.store.refusals import (
    ListedRefusal,
    count_refusals,
    drop_refusals,
    list_refusals,
    refusal,
    waiting_ids,
)
from lrs.store.repaired import count_repairs
from lrs.store.replaying import Replayed, replay
from lrs.store.since import since_asked
from lrs.xapi.times import instant
from lrs.xapi.versions import ANSWER

_TENANT = click.option("--tenant", default=DEFAULT, show_default=True, help="Whose posts.")
_IDS = click.argument("ids", nargs=-1, type=int, metavar="ID...")


@click.group()
def refusals() -> None:
    """What was posted and refused: look at it, replay it, drop it."""


@refusals.command("list")
@click.option("--since", help="Only what was refused from this instant on, such as 2026-01-31.")
@click.option("--code", help="Only with this code, such as bad_statement.")
@click.option("--all", "replayed_too", is_flag=True, help="Those that were replayed, too.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(min=1), help="Most.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@_TENANT
@click.pass_context
def list_(
    ctx: click.Context,
    since: str | None,
    code: str | None,
    replayed_too: bool,
    limit: int,
    as_json: bool,
    tenant: str,
) -> None:
    """List what was refused, the latest first, and count what was repaired."""
    after = None if since is None else since_asked(since)
    database, tenant_id = _open(ctx, tenant)
    with database.read() as conn:
        found = list_refusals(
            conn, tenant_id, limit=limit, code=code, since=after, waiting=not replayed_too
        )
        waiting = count_refusals(conn, tenant_id)
        repaired = count_repairs(conn, tenant_id)
    if as_json:
        listed = [as_plain(each) for each in found]
        click.echo(json.dumps({"waiting": waiting, "repaired": repaired, "refusals": listed}))
        return
    for each in found:
        click.echo(_line(each))
    for rule, number in repaired.items():
        click.echo(f"{number} statements were repaired: {rule}", err=True)
    click.echo(f"{waiting} wait; `verkan refusals show ID` shows one", err=True)


@refusals.command()
@click.argument("id_", type=int, metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, the body as text.")
@_TENANT
@click.pass_context
def show(ctx: click.Context, id_: int, as_json: bool, tenant: str) -> None:
    """Show one refusal, with its bytes as they were received."""
    database, tenant_id = _open(ctx, tenant)
    with database.read() as conn:
        found = refusal(conn, tenant_id, id_)
    if as_json:
        text = found.body.decode(errors="backslashreplace")
        click.echo(json.dumps(as_plain(found.listed) | {"body": text}))
        return
    for name, value in as_plain(found.listed).items():
        click.echo(f"{name}: {value}", err=True)
    click.echo(found.body)


@refusals.command("replay")
@_IDS
@click.option("--all", "every", is_flag=True, help="All that wait.")
@click.option("--lenient", is_flag=True, help="Repair the known faults of senders.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
@_TENANT
@click.pass_context
def replay_(
    ctx: click.Context,
    ids: Sequence[int],
    every: bool,
    lenient: bool,
    as_json: bool,
    tenant: str,
) -> None:
    """Store refusals after all, each with what came in the same request.

    Can be run twice: nothing is doubled. What is faulty still stays, with its new reason, and the
    exit status is then 2.
    """
    _some(ids, every)
    database, tenant_id = _open(ctx, tenant)
    with database.read() as conn:
        wanted = waiting_ids(conn, tenant_id) if every else list(ids)
    done = _replayed(database, tenant_id, wanted, lenient=lenient)
    if as_json:
        click.echo(json.dumps([replayed_as_plain(each) for each in done]))
    else:
        _tell(done)
    if any(each.fault for each in done):
        ctx.exit(2)


@refusals.command()
@_IDS
@click.option("--all", "every", is_flag=True, help="All that wait.")
@_TENANT
@click.pass_context
def drop(ctx: click.Context, ids: Sequence[int], every: bool, tenant: str) -> None:
    """Delete refusals for good."""
    _some(ids, every)
    database, tenant_id = _open(ctx, tenant)
    with database.write() as conn:
        dropped = drop_refusals(conn, tenant_id, waiting_ids(conn, tenant_id) if every else ids)
    click.echo(f"{dropped} dropped")


def as_plain(listed: ListedRefusal) -> dict[str, Any]:
    """Return a refusal as JSON has it: instants as ISO 8601, the version as senders write it."""
    return asdict(listed) | {
        "refused_at": instant(listed.refused_at),
        "replayed_at": None if listed.replayed_at is None else instant(listed.replayed_at),
        "version": None if listed.version is None else ANSWER[listed.version],
    }


def replayed_as_plain(done: Replayed) -> dict[str, Any]:
    """Return what became of a refusal as JSON has it."""
    why = done.fault
    fault = None if why is None else {"code": why.code, "message": why.message, "where": why.where}
    return {"id": done.id, "stored": done.stored, "duplicate": done.duplicate, "fault": fault}


def _replayed(
    database: Database, tenant_id: int, wanted: Sequence[int], *, lenient: bool
) -> list[Replayed]:
    found: dict[int, Replayed] = {}
    with shown("replaying") as tell:
        for number, id_ in enumerate(wanted, 1):
            if id_ not in found:  # it may have come along with one before
                done = replay(database, database.settings, tenant_id, [id_], lenient=lenient)
                found |= {each.id: each for each in done}
            tell(number, len(wanted))
    return list(found.values())


def _tell(done: Sequence[Replayed]) -> None:
    for each in done:
        if each.fault is not None:
            place = f" at {each.fault.where}" if each.fault.where else ""
            click.echo(f"{each.id} waits still{place}: {each.fault.message}", err=True)
    stored, duplicate = sum(e.stored for e in done), sum(e.duplicate for e in done)
    waiting = sum(each.fault is not None for each in done)
    click.echo(f"{stored} stored, {duplicate} there already, {waiting} refused still")


def _line(each: ListedRefusal) -> str:
    place = f" at {each.path}" if each.path else ""
    whose = each.key_name or each.origin
    state = "  (replayed)" if each.replayed_at else ""
    moment = instant(each.refused_at)[:19] + "Z"
    return f"{each.id}  {moment}  {whose}  {each.code}{place}: {each.message}{state}"


def _some(ids: Sequence[int], every: bool) -> None:
    if bool(ids) == every:
        raise BadInput(
            "say which refusals: their numbers, or --all", hint="`verkan refusals list` shows them"
        )


def _open(ctx: click.Context, tenant: str) -> tuple[Database, int]:
    database = open_database(ctx.obj)
    ctx.call_on_close(database.close)
    with database.read() as conn:
        return database, tenant_number(conn, tenant)
