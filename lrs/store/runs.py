"""Rows of ``ref`` that stand for many statements: runs.

A batch names the same few things over and over: its verbs, its course, who vouches for it. A row for
each time was three rows of four, and most of what storing a statement cost a database. So what
follows each other with the same name and scope may be one row, a run: its columns are those of the
first, and ``run`` has all of them, the first too, as numbers parted by commas. A number holds the
verb, the roles, and how far the statement is from the first (`SPAN`).

Runs of a name and scope do not overlap: all of one come before all of the next. So whoever looks for a
statement need look at one row alone, the last that begins at or before it, and a walk along the
firsts is a walk along the statements.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from lrs.store.bulk import among, insert_rows
from lrs.store.schema import ref

_FAR_BITS, _ROLE_BITS = 12, 15
_ROLES, _VERB = _FAR_BITS, _FAR_BITS + _ROLE_BITS
"""Where in a number of a run the roles are, and the verb."""
SPAN = 1 << _FAR_BITS
"""A statement of a run is less than so many numbers behind the first."""
MOST = 32
"""Statements of a run: all of them are read for any one."""
COLUMNS = ("term_id", "scope", "seq", "verb_id", "tenant_id", "roles", "run")
"""Those of ``ref``, as rows are inserted here and elsewhere."""

_VALUE = "value"


class Named(NamedTuple):
    """That a statement names something: all but what, in which scope, and whose data it is."""

    seq: int
    verb_id: int
    roles: int


def pieces(numbers: Sequence[int]) -> Iterator[slice]:
    """Yield which of some rising numbers go into one row together, all in turn."""
    begin = 0
    while begin < len(numbers):
        end = min(begin + MOST, len(numbers))
        while numbers[end - 1] - numbers[begin] >= SPAN:
            end -= 1
        yield slice(begin, end)
        begin = end


def written(numbers: Sequence[int], verbs: Sequence[int], roles: Sequence[int]) -> str:
    """Return ``run`` for statements of these numbers."""
    first = numbers[0]
    each = zip(numbers, verbs, roles, strict=True)
    return ",".join([str(verb << _VERB | role << _ROLES | seq - first) for seq, verb, role in each])


def read(row: Any) -> list[Named]:
    """Return what a row of ``ref`` stands for; it has the columns as attributes."""
    if row.run is None:
        return [Named(row.seq, row.verb_id, row.roles)]
    return [
        Named(row.seq + number % SPAN, number >> _VERB, (number >> _ROLES) % (1 << _ROLE_BITS))
        for number in map(int, row.run.split(","))
    ]


@cache
def each_named(dialect: str, table: sa.Table = ref) -> sa.Subquery:
    """Return ``ref``, or what waits, with a row a statement; ``first`` is that of its own row."""
    own = table.c
    member = _members(dialect, own.run)
    number = sa.cast(member.c[_VALUE], sa.BigInteger)
    of_roles = number.bitwise_rshift(_plain(_ROLES)).bitwise_and(_plain((1 << _ROLE_BITS) - 1))
    return (
        sa.select(
            own.term_id,
            own.scope,
            own.seq.label("first"),
            (own.seq + sa.func.coalesce(_far(number), _plain(0))).label("seq"),
            sa.func.coalesce(number.bitwise_rshift(_plain(_VERB)), own.verb_id).label("verb_id"),
            own.tenant_id,
            sa.func.coalesce(of_roles, own.roles).label("roles"),
        )
        .select_from(table.outerjoin(member, sa.true()))
        .subquery(table.name)
    )


def last_first(term: Any, scope: int, seq: Any) -> sa.ScalarSelect[Any]:
    """Return where the last row begins that begins no later than at a statement; 0: there is none."""
    own = ref.alias("before").c
    last = sa.func.coalesce(sa.func.max(own.seq), _plain(0))
    return (
        sa.select(last)
        .where(own.term_id == term, own.scope == scope, own.seq <= seq)
        .scalar_subquery()
    )


def is_named(dialect: str, term: Any, scope: int, seq: sa.ColumnElement[int]) -> Any:
    """Return the condition that a statement names a term in a scope, for a query around it."""
    own = ref.alias("nearest").c
    member = _members(dialect, own.run)
    far = _far(sa.cast(member.c[_VALUE], sa.BigInteger))
    found = sa.select(_plain(1)).select_from(member).where(own.seq + far == seq).limit(_plain(1))
    within = (own.seq == seq) | found.correlate(own.seq.table, seq.table).scalar_subquery().is_not(
        None
    )
    nearest = (
        sa.select(within)
        .where(own.term_id == term, own.scope == scope, own.seq <= seq)
        .order_by(own.seq.desc())
        .limit(_plain(1))
    )
    return sa.func.coalesce(nearest.correlate_except(own.seq.table).scalar_subquery(), sa.false())


def part_around(
    conn: sa.Connection, terms: Collection[int], scopes: Iterable[int], seq: int
) -> None:
    """Part the runs of these terms that reach over a statement, so that rows for it fit between."""
    own = ref.alias().c
    for scope in scopes:
        last = sa.select(sa.func.max(own.seq)).where(
            own.term_id == ref.c.term_id, own.scope == scope, own.seq <= seq
        )
        reaching = sa.select(ref).where(
            among(conn, ref.c.term_id, terms),
            ref.c.scope == scope,
            ref.c.seq > seq - SPAN,
            ref.c.seq == last.correlate(ref).scalar_subquery(),
            ref.c.run.is_not(None),
        )
        for row in conn.execute(reaching).all():
            _part(conn, row, seq)


def _part(conn: sa.Connection, row: sa.Row[Any], seq: int) -> None:
    named = sorted(read(row))
    if named[-1].seq < seq:
        return
    key = zip(ref.primary_key, (row.term_id, row.scope, row.seq, row.verb_id), strict=True)
    conn.execute(sa.delete(ref).where(*(column == value for column, value in key)))
    before = [one for one in named if one.seq < seq]
    behind = [one for one in named if one.seq > seq]
    parts = [before, *([one] for one in named if one.seq == seq), behind]
    rows = [_row(row, part) for part in parts if part]
    insert_rows(conn, ref, COLUMNS, rows)


def _row(of: sa.Row[Any], named: Sequence[Named]) -> tuple[Any, ...]:
    first, numbers = named[0], [one.seq for one in named]
    verbs, roles = [one.verb_id for one in named], [one.roles for one in named]
    run = written(numbers, verbs, roles) if len(named) > 1 else None
    return (of.term_id, of.scope, first.seq, first.verb_id, of.tenant_id, first.roles, run)


def _members(dialect: str, run: sa.ColumnElement[str]) -> Any:
    """Return the numbers of a run as rows; none for a row that is no run."""
    if dialect == "sqlite":
        as_list = _text("[").concat(run).concat(_text("]"))
        return sa.func.json_each(as_list).table_valued(_VALUE, name="member")
    parted = sa.func.unnest(sa.func.string_to_array(run, _text(",")))
    return parted.table_valued(_VALUE, name="member").render_derived().lateral("member")


def _far(number: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    return number.bitwise_and(_plain(SPAN - 1))


def _plain(value: int) -> sa.ColumnElement[int]:
    return sa.literal_column(str(value), sa.Integer)


def _text(value: str) -> sa.ColumnElement[str]:
    return sa.literal_column(f"'{value}'", sa.Text)
