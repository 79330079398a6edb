"""How each target stands, and which of them something is due for: one query, read by indexes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from lrs.access.ring import now_us
from lrs.forwarding.forms import Kind
from lrs.forwarding.targets import DEAD, WAITING, Target, target_of
from lrs.store.schema import delivery, forwarding, statement

_OWN = delivery.c.target_id == forwarding.c.id
_NEWEST = (
    sa.select(sa.func.max(statement.c.seq))
    .where(statement.c.tenant_id == forwarding.c.tenant_id)
    .correlate(forwarding)
    .scalar_subquery()
)
_NEXT_AT = (
    sa.select(sa.func.min(delivery.c.next_at))
    .where(_OWN, delivery.c.state == WAITING)
    .correlate(forwarding)
    .scalar_subquery()
)
_UNDER_WAY = (
    sa.select(sa.func.sum(delivery.c.to_seq - delivery.c.from_seq + 1))
    .where(_OWN, delivery.c.state == WAITING, delivery.c.from_seq > 0)
    .correlate(forwarding)
    .scalar_subquery()
)
_DEAD = (
    sa.select(sa.func.count())
    .where(_OWN, delivery.c.state == DEAD)
    .correlate(forwarding)
    .scalar_subquery()
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A target and how it stands."""

    target: Target
    waiting: int
    """Statements stored here that were not gone through yet; of a pull always 0."""
    dead: int
    next_at: int | None
    """When what failed is tried again; None: nothing failed."""

    def state(self) -> str:
        """Return `off`, `failing`, `refusing` (there are dead letters) or `working`."""
        if not self.target.form.enabled:
            return "off"
        if self.target.last_error is not None:
            return "failing"
        return "refusing" if self.dead else "working"


def standings(conn: sa.Connection, tenant_id: int) -> list[Standing]:
    """Return the tenant's targets and how they stand, the oldest first."""
    query = sa.select(
        forwarding,
        _NEWEST.label("newest"),
        _NEXT_AT.label("next_at"),
        _UNDER_WAY.label("under_way"),
        _DEAD.label("dead"),
    ).where(forwarding.c.tenant_id == tenant_id)
    return [_standing(row) for row in conn.execute(query.order_by(forwarding.c.id))]


def _standing(row: sa.Row[Any]) -> Standing:
    target = target_of(row)
    behind = max((row.newest or 0) - target.position, 0) + int(row.under_way or 0)
    failing = target.last_error is not None
    return Standing(
        target=target,
        waiting=0 if target.form.kind == Kind.PULL else behind,
        dead=row.dead,
        next_at=row.next_at if failing else None,
    )


@dataclass(frozen=True, slots=True)
class Due:
    """An enabled target, and when something is due for it: microseconds, None: nothing yet."""

    tenant_id: int
    target_id: int
    at: int | None


_ENABLED = sa.select(forwarding, _NEWEST.label("newest"), _NEXT_AT.label("next_at")).where(
    forwarding.c.enabled == 1
)


def due_targets(conn: sa.Connection, pull_every_s: float) -> list[Due]:
    """Return the enabled targets of all tenants, each with when something is due for it."""
    return [
        Due(row.tenant_id, row.id, _due_at(row, pull_every_s)) for row in conn.execute(_ENABLED)
    ]


def _due_at(row: sa.Row[Any], pull_every_s: float) -> int | None:
    if row.next_at is not None:
        return int(row.next_at)
    target = target_of(row)
    if target.form.kind != Kind.PULL:
        return now_us() if (row.newest or 0) > target.position else None
    return target.pulled_next_at(pull_every_s)
