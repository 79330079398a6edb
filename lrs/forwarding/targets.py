"""The targets of a tenant: where its statements go, and where others come from.

A target that takes statements begins with what is stored after it was made, or after an instant
that is named; one that is pulled from begins with all there is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from lrs.access.ring import now_us
from lrs.errors import Conflict, NotFound
from lrs.forwarding.choosing import read_choice
from lrs.forwarding.forms import Kind, TargetForm, check_form, keep_secret_in
from lrs.store.database import Database
from lrs.store.finding import span_of
from lrs.store.schema import delivery, forwarding, tenant
from lrs.xapi.queries import StatementQuery

WAITING, DEAD = "waiting", "dead"
"""The states of a delivery."""


@dataclass(frozen=True, slots=True)
class Target:
    """A target as it is kept. Instants are microseconds."""

    id: int
    tenant_id: int
    form: TargetForm
    position: int
    """The last seq that was taken up; of a pull, the instant up to which all has come."""
    cursor: str | None
    created_at: int
    last_done_at: int | None
    last_error: str | None

    def pulled_next_at(self, every_s: float) -> int:
        """Return when another store is asked next: at once if never, or if a run was broken off."""
        if self.last_done_at is None or self.cursor is not None:
            return 0
        return self.last_done_at + round(every_s * 1_000_000)


def add_target(
    database: Database,
    tenant_id: int,
    form: TargetForm,
    *,
    since: int | None = None,
    by_shell: bool = True,
) -> tuple[Target, bool]:
    """Make a target; return it, and whether it is new: the same one again is the one there is.

    Raises `BadInput`, and `Conflict` when another target has its name.
    """
    checked = check_form(database.settings, tenant_id, form, by_shell=by_shell)
    with database.write() as conn:
        _take_turn(conn, tenant_id)
        there = conn.execute(_mine(tenant_id).where(forwarding.c.name == checked.name)).first()
        if there is not None:
            found = target_of(there)
            if found.form == checked:
                return found, False
            raise Conflict(
                f"there is a target {checked.name!r} already",
                where="name",
                hint="change that one, or take another name",
            )
        row = {
            **_row(checked),
            "tenant_id": tenant_id,
            "position": _beginning(conn, tenant_id, checked.kind, since),
            "created_at": now_us(),
        }
        made = conn.execute(sa.insert(forwarding).values(**row).returning(forwarding)).one()
    return target_of(made), True


def change_target(
    database: Database,
    tenant_id: int,
    target_id: int,
    changes: Mapping[str, Any],
    *,
    by_shell: bool = True,
) -> Target:
    """Change fields of a target's form; raises `NotFound`, `BadInput` and `Conflict`."""
    with database.write() as conn:
        _take_turn(conn, tenant_id)
        was = find_target(conn, tenant_id, target_id)
        named_anew = "secret_ref" in changes
        form = check_form(
            database.settings,
            tenant_id,
            replace(was.form, **changes),
            by_shell=by_shell or not named_anew,
        )
        if not (by_shell or named_anew):
            keep_secret_in(was.form, form)
        same_name = _mine(tenant_id).where(
            forwarding.c.name == form.name, forwarding.c.id != target_id
        )
        if conn.execute(same_name).first() is not None:
            raise Conflict(f"there is a target {form.name!r} already", where="name")
        conn.execute(sa.update(forwarding).where(forwarding.c.id == target_id).values(**_row(form)))
        # What was wrong may be mended now.
        waiting = (delivery.c.target_id == target_id, delivery.c.state == WAITING)
        conn.execute(sa.update(delivery).where(*waiting).values(next_at=now_us()))
    return replace(was, form=form)


def remove_target(database: Database, tenant_id: int, target_id: int) -> None:
    """Forget a target, with what waits for it and its dead letters; raises `NotFound`."""
    with database.write() as conn:
        found = find_target(conn, tenant_id, target_id)
        # In this order, so that nothing is taken up for it in between.
        conn.execute(sa.delete(forwarding).where(forwarding.c.id == found.id))
        conn.execute(sa.delete(delivery).where(delivery.c.target_id == found.id))


def find_target(conn: sa.Connection, tenant_id: int, target_id: int) -> Target:
    """Return the tenant's target of that number; raises `NotFound`."""
    number = target_id if 0 < target_id < 2**31 else 0
    row = conn.execute(_mine(tenant_id).where(forwarding.c.id == number)).first()
    if row is None:
        raise NotFound(f"there is no target {target_id}", where="id", hint=_LIST)
    return target_of(row)


def target_named(conn: sa.Connection, tenant_id: int, name: str) -> Target:
    """Return the tenant's target of that name; raises `NotFound`."""
    row = conn.execute(_mine(tenant_id).where(forwarding.c.name == name)).first()
    if row is None:
        raise NotFound(f"there is no target {name!r}", where="name", hint=_LIST)
    return target_of(row)


_LIST = "`verkan forwarding list` shows them"


def target_of(row: sa.Row[Any]) -> Target:
    """Return the target that a row of `forwarding` is."""
    form = TargetForm(
        name=row.name,
        kind=Kind(row.kind),
        url=row.url,
        user_name=row.user_name,
        secret_ref=row.secret_ref,
        choice=read_choice(row.filter),
        enabled=bool(row.enabled),
    )
    return Target(
        id=row.id,
        tenant_id=row.tenant_id,
        form=form,
        position=row.position,
        cursor=row.cursor,
        created_at=row.created_at,
        last_done_at=row.last_done_at,
        last_error=row.last_error,
    )


def _take_turn(conn: sa.Connection, tenant_id: int) -> None:
    """Let nobody else give a target of the tenant a name meanwhile; SQLite has one writer anyway."""
    own = sa.select(tenant.c.id).where(tenant.c.id == tenant_id)
    conn.execute(own.with_for_update(key_share=True))


def _mine(tenant_id: int) -> sa.Select[Any]:
    return sa.select(forwarding).where(forwarding.c.tenant_id == tenant_id)


def _row(form: TargetForm) -> dict[str, Any]:
    return {
        "name": form.name,
        "kind": str(form.kind),
        "url": form.url,
        "user_name": form.user_name,
        "secret_ref": form.secret_ref,
        "filter": form.choice.as_json(),
        "enabled": int(form.enabled),
    }


def _beginning(conn: sa.Connection, tenant_id: int, kind: Kind, since: int | None) -> int:
    if kind == Kind.PULL:
        return since or 0
    span = span_of(conn, tenant_id, StatementQuery(since=since))
    return span.up_to if since is None else span.above
