"""`verkan forwarding`: statements to other stores and to webhooks, and from other stores."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import click

from lrs.access.tenants import DEFAULT, tenant_number
from lrs.errors import BadInput
from lrs.forwarding.choosing import check_choice
from lrs.forwarding.dead_letters import dead_ids, drop_dead, list_dead, retry_dead
from lrs.forwarding.forms import Kind, TargetForm
from lrs.forwarding.plain import as_plain, letter_as_plain
from lrs.forwarding.standing import Standing, standings
from lrs.forwarding.targets import (
    Target,
    add_target,
    change_target,
    remove_target,
    target_named,
)
from lrs.store.database import Database
from lrs.store.migrate import open_database
from lrs.store.since import since_asked
from lrs.xapi.times import instant

_TENANT = click.option("--tenant", default=DEFAULT, show_default=True, help="Whose statements.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_IDS = click.argument("ids", nargs=-1, type=int, metavar="ID...")
_ALL = click.option("--all", "every", is_flag=True, help="All dead letters.")
_OF = click.option("--of", "name", metavar="NAME", help="Only of this target.")


def _described(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what a target is."""
    for option in reversed(
        (
            click.option("--user", help="Key at the other store; none: the secret is a token."),
            click.option(
                "--secret",
                metavar="REF",
                help="Where its secret is: env:NAME or file:/PATH; never the secret itself.",
            ),
            click.option(
                "--verb", "verbs", multiple=True, metavar="IRI", help="Only with this verb."
            ),
            click.option(
                "--activity",
                "activities",
                multiple=True,
                metavar="IRI",
                help="Only about this activity or within it; with * at its end: all that begin so.",
            ),
            click.option(
                "--agent",
                "agents",
                multiple=True,
                metavar="AGENT",
                help="Only of this actor: mailto:ann@example.org, or the agent as JSON.",
            ),
            click.option(
                "--voided/--no-voided",
                default=None,
                help="Voided ones too, as is usual, or leave out what is voided by then.",
            ),
        )
    ):
        command = option(command)
    return command


@click.group()
def forwarding() -> None:
    """Send statements to other stores and webhooks, and pull from other stores."""


@forwarding.command("list")
@_JSON
@_TENANT
@click.pass_context
def list_(ctx: click.Context, as_json: bool, tenant: str) -> None:
    """List the targets and how each stands."""
    database, tenant_id = _open(ctx, tenant)
    with database.read() as conn:
        found = standings(conn, tenant_id)
    if as_json:
        click.echo(json.dumps([as_plain(each) for each in found]))
        return
    for each in found:
        click.echo(_line(each))
    if not found:
        click.echo("There is no target yet: verkan forwarding add NAME", err=True)


@forwarding.command()
@click.argument("name")
@click.option(
    "--kind",
    required=True,
    type=click.Choice([str(kind) for kind in Kind]),
    help="xapi: to another record store; webhook: to a program, signed; pull: from another "
    "record store.",
)
@click.option("--url", required=True, help="Its address, such as https://lrs.example.org/xapi.")
@click.option(
    "--since",
    metavar="DATE",
    help="From what was stored then on. Without it, what is sent begins now, what is pulled with "
    "all there is.",
)
@_described
@_JSON
@_TENANT
@click.pass_context
def add(
    ctx: click.Context,
    name: str,
    kind: str,
    url: str,
    since: str | None,
    user: str | None,
    secret: str | None,
    verbs: tuple[str, ...],
    activities: tuple[str, ...],
    agents: tuple[str, ...],
    voided: bool | None,
    as_json: bool,
    tenant: str,
) -> None:
    """Add a target. A running server begins within seconds."""
    choice = check_choice(verbs, activities, agents, voided=voided is not False)
    form = TargetForm(name, Kind(kind), url, user, secret, choice)
    database, tenant_id = _open(ctx, tenant)
    after = None if since is None else since_asked(since)
    made, new = add_target(database, tenant_id, form, since=after)
    if as_json:
        _echo_one(database, made)
    else:
        click.echo(f"{made.form.name} is added" if new else f"{made.form.name} was there already")


@forwarding.command()
@click.argument("name")
@click.option("--rename", metavar="NAME", help="Another name.")
@click.option("--url", help="Another address.")
@click.option("--enable/--disable", "enabled", default=None, help="Go on with it, or pause.")
@click.option("--everything", is_flag=True, help="Without the filters it has.")
@_described
@_JSON
@_TENANT
@click.pass_context
def change(
    ctx: click.Context,
    name: str,
    rename: str | None,
    url: str | None,
    enabled: bool | None,
    everything: bool,
    user: str | None,
    secret: str | None,
    verbs: tuple[str, ...],
    activities: tuple[str, ...],
    agents: tuple[str, ...],
    voided: bool | None,
    as_json: bool,
    tenant: str,
) -> None:
    """Change a target; filters that are given replace those of their kind."""
    database, tenant_id = _open(ctx, tenant)
    with database.read() as conn:
        target = target_named(conn, tenant_id, name)
    was = target.form.choice
    kept = check_choice() if everything else was
    choice = check_choice(
        verbs or kept.verbs,
        activities or kept.activities,
        agents or kept.agents,
        voided=was.voided if voided is None else voided,
    )
    given = {
        "name": rename,
        "url": url,
        "user_name": user,
        "secret_ref": secret,
        "enabled": enabled,
    }
    changes = {field: value for field, value in given.items() if value is not None}
    made = change_target(database, tenant_id, target.id, {**changes, "choice": choice})
    if as_json:
        _echo_one(database, made)
    else:
        click.echo(f"{made.form.name} is changed")


@forwarding.command()
@click.argument("name")
@_TENANT
@click.pass_context
def remove(ctx: click.Context, name: str, tenant: str) -> None:
    """Forget a target, with its dead letters. The statements stay."""
    database, tenant_id = _open(ctx, tenant)
    with database.read() as conn:
        found = [each for each in standings(conn, tenant_id) if each.target.form.name == name]
    for each in found:
        remove_target(database, tenant_id, each.target.id)
    click.echo(f"{name} is removed" if found else f"there is no {name}")


@forwarding.command()
@click.argument("names", nargs=-1, metavar="NAME...")
@_JSON
@_TENANT
@click.pass_context
def run(ctx: click.Context, names: Sequence[str], as_json: bool, tenant: str) -> None:
    """Send and pull now, until nothing is left; of all targets, or of those that are named.

    The exit status is 1 when a target failed.
    """
    from lrs.forwarding.running import run_now

    database, tenant_id = _open(ctx, tenant)
    with database.read() as conn:
        wanted = [target_named(conn, tenant_id, name) for name in names]
        wanted = wanted or [each.target for each in standings(conn, tenant_id)]
    done = run_now(database, [each for each in wanted if each.form.enabled])
    if as_json:
        click.echo(json.dumps(done))
    else:
        for each in done:
            click.echo(_told(each))
    if any(each["error"] for each in done):
        ctx.exit(1)


@forwarding.command()
@_OF
@click.option("--limit", default=100, show_default=True, type=click.IntRange(min=1), help="Most.")
@_JSON
@_TENANT
@click.pass_context
def dead(ctx: click.Context, name: str | None, limit: int, as_json: bool, tenant: str) -> None:
    """List dead letters: what a target refused for good, and why."""
    database, tenant_id = _open(ctx, tenant)
    with database.read() as conn:
        found = list_dead(conn, tenant_id, limit=limit, target_id=_id_of(conn, tenant_id, name))
    if as_json:
        click.echo(json.dumps([letter_as_plain(each) for each in found]))
        return
    for each in found:
        click.echo(f"{each.id}  {each.target}  {each.statement_id or '(erased)'}  {each.error}")


@forwarding.command()
@_IDS
@_ALL
@_OF
@_TENANT
@click.pass_context
def retry(
    ctx: click.Context, ids: Sequence[int], every: bool, name: str | None, tenant: str
) -> None:
    """Send dead letters again."""
    click.echo(f"{_each_letter(ctx, ids, every, name, tenant, retry_dead)} are sent again")


@forwarding.command()
@_IDS
@_ALL
@_OF
@_TENANT
@click.pass_context
def drop(
    ctx: click.Context, ids: Sequence[int], every: bool, name: str | None, tenant: str
) -> None:
    """Let dead letters go for good. The statements stay."""
    click.echo(f"{_each_letter(ctx, ids, every, name, tenant, drop_dead)} dropped")


def _each_letter(
    ctx: click.Context,
    ids: Sequence[int],
    every: bool,
    name: str | None,
    tenant: str,
    change: Callable[[Any, int, Sequence[int]], int],
) -> int:
    if bool(ids) == every:
        raise BadInput(
            "say which dead letters: their numbers, or --all",
            hint="`verkan forwarding dead` shows them",
        )
    database, tenant_id = _open(ctx, tenant)
    with database.write() as conn:
        wanted = dead_ids(conn, tenant_id, _id_of(conn, tenant_id, name)) if every else ids
        return change(conn, tenant_id, wanted)


def _id_of(conn: Any, tenant_id: int, name: str | None) -> int | None:
    return None if name is None else target_named(conn, tenant_id, name).id


def _echo_one(database: Database, target: Target) -> None:
    with database.read() as conn:
        found = standings(conn, target.tenant_id)
    click.echo(json.dumps(next(as_plain(each) for each in found if each.target.id == target.id)))


def _line(each: Standing) -> str:
    target = each.target
    done = f"last {instant(target.last_done_at)[:19]}Z" if target.last_done_at else "nothing yet"
    dead = f", {each.dead} dead letters" if each.dead else ""
    error = f": {target.last_error}" if target.last_error else ""
    return (
        f"{target.form.name}  {target.form.kind}  {target.form.url}  {each.state()}, {done}, "
        f"{each.waiting} waiting{dead}{error}"
    )


def _told(done: dict[str, Any]) -> str:
    if done["error"]:
        return f"{done['name']}: {done['error']}"
    return f"{done['name']}: {done['sent']} sent, {done['stored']} stored, {done['dead']} refused"


def _open(ctx: click.Context, tenant: str) -> tuple[Database, int]:
    database = open_database(ctx.obj)
    ctx.call_on_close(database.close)
    with database.read() as conn:
        return database, tenant_number(conn, tenant)
