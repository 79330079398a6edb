"""What is to go to a target: taken up in the order of commit, and kept until it has arrived.

A target's position is the last number (`seq`) that was taken up. Numbers are given while the
tenant's turn is held (`lrs.store.turns`), so none that appears later is lower, and going on from
the last one misses nothing. What is taken up becomes a delivery in the same transaction that moves
the position; it is forgotten when it has arrived, so what was under way when a process died is
sent again. While one waits nothing more is taken up: the statements themselves are the queue.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa

from lrs.access.ring import now_us
from lrs.forwarding.choosing import voids
from lrs.forwarding.targets import DEAD, WAITING, Target
from lrs.store.database import Database
from lrs.store.reading import Found, statement_by_id, statements_after
from lrs.store.schema import delivery, forwarding

BATCH = 100
BATCH_BYTES = 1_000_000
_LOOKED_AT = 500
_COUNTED = 100


@dataclass(frozen=True, slots=True)
class Delivery:
    """Statements that go out together: the numbers from one to another, as far as chosen."""

    id: int
    from_seq: int
    to_seq: int
    tries: int
    next_at: int


class TakenUp(NamedTuple):
    """A delivery with its statements."""

    delivery: Delivery
    statements: Sequence[Found]


def first_waiting(conn: sa.Connection, target_id: int) -> Delivery | None:
    """Return what is to go next: the oldest that waits."""
    query = (
        sa.select(delivery)
        .where(delivery.c.target_id == target_id, delivery.c.state == WAITING)
        .order_by(delivery.c.from_seq)
        .limit(1)
    )
    row = conn.execute(query).first()
    if row is None:
        return None
    return Delivery(row.id, row.from_seq, row.to_seq, row.tries, row.next_at)


def statements_of(database: Database, target: Target, found: Delivery) -> TakenUp:
    """Return a delivery with its statements, as far as they are chosen and still here."""
    here: list[Found] = []
    above = found.from_seq - 1
    while page := statements_after(
        database, target.tenant_id, above, up_to=found.to_seq, limit=_LOOKED_AT
    ):
        here += chosen(database, target, page)
        above = page[-1].seq
    return TakenUp(found, here)


def take_up(database: Database, target: Target) -> TakenUp | int | None:
    """Make the next delivery and move the position.

    Return the position alone where nothing on the way was chosen, None where nothing is new.
    """
    limit = BATCH if target.form.choice.is_everything else _LOOKED_AT
    page = statements_after(database, target.tenant_id, target.position, limit=limit)
    if not page:
        return None
    wanted = _first_of(chosen(database, target, page))
    to_seq = page[-1].seq if wanted.are_all else wanted.statements[-1].seq
    with database.write() as conn:
        mine = (forwarding.c.id == target.id, forwarding.c.position == target.position)
        moved = conn.execute(sa.update(forwarding).where(*mine).values(position=to_seq))
        if not moved.rowcount or not wanted.statements:
            return to_seq
        from_seq = wanted.statements[0].seq
        made = _make(conn, target, from_seq, to_seq, tries=0)
    return TakenUp(made, wanted.statements)


class _First(NamedTuple):
    statements: Sequence[Found]
    are_all: bool


def _first_of(found: Sequence[Found]) -> _First:
    """Return as many as fit into one delivery, at least one."""
    size = 0
    for n, one in enumerate(found[:BATCH]):
        size += len(one.answer)
        if n and size > BATCH_BYTES:
            return _First(found[:n], are_all=False)
    return _First(found[:BATCH], are_all=len(found) <= BATCH)


def chosen(database: Database, target: Target, page: Iterable[Found]) -> list[Found]:
    """Return the statements that the target's filters take."""
    choice = target.form.choice
    living = [one for one in page if choice.voided or not one.voided]
    if choice.is_everything:
        return living
    return [one for one in living if _takes(database, target, orjson.loads(one.answer))]


# A statement that voids another goes where the other goes, whatever the filters say of its verb.
def _takes(database: Database, target: Target, body: dict[str, Any]) -> bool:
    voided = voids(body)
    if voided is None:
        return target.form.choice.takes(body)
    found = statement_by_id(database, target.tenant_id, uuid.UUID(voided), voided=True)
    return found is None or target.form.choice.takes(orjson.loads(found.answer))


def arrived(database: Database, target: Target, sent: Delivery) -> None:
    """Forget a delivery, and note when it arrived."""
    with database.write() as conn:
        conn.execute(sa.delete(delivery).where(delivery.c.id == sent.id))
        went_well(conn, target.id)


def went_well(conn: sa.Connection, target_id: int, **more: Any) -> None:
    """Note that something went well with the target just now."""
    values = {"last_done_at": now_us(), "last_error": None, **more}
    conn.execute(sa.update(forwarding).where(forwarding.c.id == target_id).values(**values))


def try_later(database: Database, target: Target, sent: Delivery, why: str, next_at: int) -> None:
    """Have all that waits for the target wait until then."""
    with database.write() as conn:
        _wait(conn, target, why, next_at)
        one = delivery.c.id == sent.id
        conn.execute(sa.update(delivery).where(one).values(tries=sent.tries + 1, error=why))


def wait_for_a_while(database: Database, target: Target, why: str, next_at: int) -> None:
    """Have all that waits for the target wait until then, though none of it has failed."""
    with database.write() as conn:
        _wait(conn, target, why, next_at)


def _wait(conn: sa.Connection, target: Target, why: str, next_at: int) -> None:
    waiting = (delivery.c.target_id == target.id, delivery.c.state == WAITING)
    conn.execute(sa.update(delivery).where(*waiting).values(next_at=next_at))
    failing = sa.update(forwarding).where(forwarding.c.id == target.id)
    conn.execute(failing.values(last_error=why))


def refuse(database: Database, target: Target, taken: TakenUp, why: str, *, tries: int) -> None:
    """Halve what was refused; what stands alone becomes a dead letter with the reason."""
    sent, statements = taken
    one = sa.update(delivery).where(delivery.c.id == sent.id)
    with database.write() as conn:
        if len(statements) == 1:
            died = {"state": DEAD, "tries": sent.tries + 1, "error": why, "next_at": now_us()}
            conn.execute(one.values(**died))
            return
        middle = statements[len(statements) // 2].seq
        halved = conn.execute(one.values(to_seq=middle - 1, tries=tries, error=why))
        if halved.rowcount:  # the target was not removed meanwhile
            _make(conn, target, middle, sent.to_seq, tries=tries)


def appoint(database: Database, target: Target) -> Delivery:
    """Return what holds how often a pull was tried and when it is again: a delivery of nothing."""
    with database.write() as conn:
        return _make(conn, target, 0, 0, tries=0)


def pulled(database: Database, target: Target, waiting: Delivery | None) -> None:
    """Keep where a pull stands now."""
    with database.write() as conn:
        if waiting is not None:
            conn.execute(sa.delete(delivery).where(delivery.c.id == waiting.id))
        went_well(conn, target.id, position=target.position, cursor=target.cursor)


def begin_anew(database: Database, target: Target) -> None:
    """Have a pull begin at its position again."""
    with database.write() as conn:
        one = forwarding.c.id == target.id
        conn.execute(sa.update(forwarding).where(one).values(cursor=None))


def refused_in_a_row(database: Database, target: Target) -> int:
    """Return how many statements were refused since something last arrived, as far as it matters.

    Of a dead letter `next_at` says when it became one, which the index knows.
    """
    since = (
        sa.select(delivery.c.id)
        .where(
            delivery.c.target_id == target.id,
            delivery.c.state == DEAD,
            delivery.c.next_at > (target.last_done_at or 0),
        )
        .limit(_COUNTED)
    )
    with database.read() as conn:
        return int(
            conn.execute(sa.select(sa.func.count()).select_from(since.subquery())).scalar_one()
        )


def _make(
    conn: sa.Connection, target: Target, from_seq: int, to_seq: int, *, tries: int
) -> Delivery:
    now = now_us()
    row = {
        "tenant_id": target.tenant_id,
        "target_id": target.id,
        "from_seq": from_seq,
        "to_seq": to_seq,
        "state": WAITING,
        "tries": tries,
        "next_at": now,
        "made_at": now,
    }
    made = conn.execute(sa.insert(delivery).values(**row).returning(delivery.c.id))
    return Delivery(made.scalar_one(), from_seq, to_seq, tries, now)
