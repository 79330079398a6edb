"""`verkan plans`: measuring decided before the start. What costs an import is imported when used."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from analytics.output import put
from analytics.plans import keeping
from analytics.plans.keeping import Done
from analytics.plans.reading import as_toml, opinion_of, plans_of
from connectors.command_line import opened
from connectors.files.mapping import read_toml
from lrs.access.tenants import DEFAULT

_FILE = click.Path(path_type=Path)
_TENANT = click.option("--tenant", default=DEFAULT, show_default=True, help="Whose data it is.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_WAVE = click.option(
    "--wave",
    "waves",
    multiple=True,
    metavar="MONTH=TEAMS",
    help="So many teams start in that month, such as 2027-01=10; repeatable.",
)


@click.group()
def plans() -> None:
    """Decide what is measured before a path starts, and draw by lot who starts when."""


@plans.command()
@click.argument("file", type=_FILE)
@_TENANT
@_JSON
def make(file: Path, tenant: str, as_json: bool) -> None:
    """Keep the plans of FILE.toml as drafts; a locked plan is not touched."""
    given = plans_of(read_toml(file), file.name)
    with opened(tenant) as (database, number):
        _tell([keeping.make_plan(database, number, plan) for plan in given], as_json)


@plans.command("list")
@_TENANT
@_JSON
def list_(tenant: str, as_json: bool) -> None:
    """List the plans there are."""
    from analytics.plans.overview import overviews

    with opened(tenant) as (database, number):
        found = overviews(database, number)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for one in found:
        click.echo(f"{one['path']}  {_standing(one)}")


@plans.command()
@click.argument("path")
@click.option("--toml", is_flag=True, help="Write it as the file it came from.")
@_TENANT
@_JSON
def show(path: str, toml: bool, tenant: str, as_json: bool) -> None:
    """Show the plan of PATH, what was changed in it, and its draw."""
    from analytics.plans.model import Plan
    from analytics.plans.overview import overview

    with opened(tenant) as (database, number):
        found = overview(database, number, path)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    click.echo(as_toml(Plan.from_json(found["plan"])), nl=False)
    if toml:
        return
    click.echo(f"\n{_standing(found)}")
    for change in found["history"]:
        click.echo(f"{change['at'][:10]}  {change['what']}")


@plans.command()
@click.argument("path")
@_TENANT
@_JSON
def lock(path: str, tenant: str, as_json: bool) -> None:
    """Lock the plan of PATH with a time stamp; do it before anybody starts."""
    with opened(tenant) as (database, number):
        _tell([keeping.lock_plan(database, number, path)], as_json)


@plans.command()
@click.argument("file", type=_FILE)
@click.option("--reason", required=True, help="Why; the report shows it.")
@_TENANT
@_JSON
def change(file: Path, reason: str, tenant: str, as_json: bool) -> None:
    """Change locked plans to what FILE.toml says; what they were is kept."""
    given = plans_of(read_toml(file), file.name)
    with opened(tenant) as (database, number):
        _tell([keeping.change_plan(database, number, plan, reason) for plan in given], as_json)


@plans.command()
@click.argument("path")
@click.option("--outcome", required=True, metavar="METRIC", help="Which outcome's value.")
@click.option("--by", required=True, help="Who of the business approves it.")
@_TENANT
@_JSON
def approve(path: str, outcome: str, by: str, tenant: str, as_json: bool) -> None:
    """Approve the outcome and what a unit of it is worth; without it no return is shown."""
    with opened(tenant) as (database, number):
        _tell([keeping.approve_value(database, number, path, outcome, by)], as_json)


@plans.command()
@click.argument("path")
@click.option("--isolation", type=float, required=True, help="Share due to the path, 0 to 1.")
@click.option("--confidence", type=float, required=True, help="How sure they are, 0 to 1.")
@click.option("--by", help="Whose opinion it is.")
@_TENANT
@_JSON
def opinion(
    path: str, isolation: float, confidence: float, by: str | None, tenant: str, as_json: bool
) -> None:
    """Keep what those who know the work believe, for when nothing can be measured."""
    given = opinion_of(isolation, confidence, by, "opinion")
    with opened(tenant) as (database, number):
        _tell([keeping.give_opinion(database, number, path, given)], as_json)


@plans.command()
@click.argument("path")
@_WAVE
@click.option("--effect", type=float, help="An effect to find, in the outcome's own unit.")
@_TENANT
@_JSON
def power(
    path: str, waves: tuple[str, ...], effect: float | None, tenant: str, as_json: bool
) -> None:
    """Tell how small an effect on PATH's outcomes could be seen, from your own history."""
    from analytics.plans import drawn
    from analytics.plans.telling import power_lines

    with opened(tenant) as (database, number):
        found = drawn.power(database, number, path, _waves(waves), effect=effect)
    _print(found, lambda: power_lines(found), as_json)


@plans.command()
@click.argument("path")
@_WAVE
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Default: one from the machine.")
@click.option("--csv", "csv_out", metavar="OUT", help="Write team and start; - is the screen.")
@click.option("--again", metavar="REASON", help="Draw once more; the report will say so.")
@_TENANT
@_JSON
def draw(
    path: str,
    waves: tuple[str, ...],
    seed: int | None,
    csv_out: str | None,
    again: str | None,
    tenant: str,
    as_json: bool,
) -> None:
    """Draw by lot which teams start when, even in size and earlier outcomes, and keep the draw."""
    from analytics.plans import drawn
    from analytics.plans.telling import draw_lines, power_lines

    wanted = _waves(waves)
    with opened(tenant) as (database, number):
        # Before the draw: who is to wait should be worth the waiting.
        before = drawn.power(database, number, path, wanted)
        made, fresh = drawn.draw(database, number, path, wanted, seed=seed, again=again)
        with database.read() as conn:
            lots = drawn.lots(conn, number, made.draw)
    if csv_out is not None:
        put(csv_out, drawn.as_csv(lots))
    if csv_out != "-":
        told = drawn.as_json(made, lots) | {"new": fresh, "power": before}
        _print(told, lambda: [*power_lines(before), "", *draw_lines(made, lots, fresh)], as_json)


def _waves(given: Sequence[str]) -> list[Any]:
    from analytics.plans.drawing import wave_of

    return [wave_of(text) for text in given]


def _tell(done: Sequence[Done], as_json: bool) -> None:
    told = [{"path": one.path, "state": one.state, "missing": one.plan.gaps()} for one in done]
    _print(told, lambda: [_said(one) for one in done], as_json)


def _said(done: Done) -> str:
    gaps = done.plan.gaps()
    missing = f" (not decided yet: {', '.join(gaps)})" if gaps else ""
    return f"{done.path}: {done.state}{missing}"


def _standing(found: dict[str, Any]) -> str:
    locked = f", locked {found['locked_at'][:10]}" if found["locked_at"] else ""
    drawn = f", drawn {found['draw']['made_at'][:10]}" if found["draw"] else ""
    return f"{found['status']}{locked}{drawn}"


def _print(told: Any, lines: Callable[[], Sequence[str]], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for line in lines():
        click.echo(line)
