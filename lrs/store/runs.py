"""Rows of ``ref`` that stand for many statements: runs.

A batch names the same few things over and over: its verbs, its course, who vouches for it. A row for
each time was three rows of four, and most of what storing a statement cost a database. So what
follows each other with the same name and scope may be one row, a run: its ``seq`` and ``roles`` are
those of the first, and ``run`` has all of them, the first too, as numbers parted by commas. A number
holds the verb, the roles, and how far the statement is from the first (`SPAN`). In place of a verb
stands by what a run without a wanted verb is passed over (`_verbs_of`).

Runs of a name and scope do not overlap: all of one come before all of the next. So whoever looks for a
statement need look at one row alone, the last that begins at or before it, and a walk along the
firsts is a walk along the statements.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from lrs.store.bulk import insert_rows
from lrs.store.schema import ref

_FAR_BITS, ROLE_BITS, _VERB_BITS = 12, 15, 62
_ROLES, _VERB = _FAR_BITS, _FAR_BITS + ROLE_BITS
"""Where in a number of a run the roles are, and the verb."""
SPAN = 1 << _FAR_BITS
"""A statement of a run is less than so many numbers behind the first."""
MOST = 16
"""Statements of a run: all of them are read for any one."""
_OFTEN = 8
"""Statements of a run that is common enough: a walk looks at as few rows as that takes first."""
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


def row_of(
    numbers: Sequence[int], verbs: Sequence[int], roles: Sequence[int]
) -> tuple[int, int, int, str | None]:
    """Return ``seq``, ``verb_id``, ``roles`` and ``run`` of the row for one piece of statements."""
    first = numbers[0]
    if len(numbers) == 1:
        return first, verbs[0], roles[0], None
    each = zip(numbers, verbs, roles, strict=True)
    run = [str(verb << _VERB | role << _ROLES | seq - first) for seq, verb, role in each]
    return first, _verbs_of(verbs), roles[0], ",".join(run)


def read(row: Any) -> list[Named]:
    """Return what a row of ``ref`` stands for; it has the columns as attributes."""
    if row.run is None:
        return [Named(row.seq, row.verb_id, row.roles)]
    return [
        Named(row.seq + number % SPAN, number >> _VERB, (number >> _ROLES) % (1 << ROLE_BITS))
        for number in map(int, row.run.split(","))
    ]


def _verbs_of(verbs: Iterable[int]) -> int:
    """Return ``verb_id`` of a run: negative, with a bit for each of its verbs, that others may share."""
    bits = 0
    for verb in verbs:
        bits |= 1 << verb % _VERB_BITS
    return -bits


def _may_have(verb_id: sa.ColumnElement[int], wanted: int) -> sa.ColumnElement[bool]:
    """Return whether a row may stand for statements with a verb; `_verbs_of` is its ``verb_id``."""
    bit = sa.literal(1 << wanted % _VERB_BITS, sa.BigInteger)
    return (verb_id == wanted) | ((verb_id < 0) & ((-verb_id).bitwise_and(bit) != 0))


@cache
def each_named(dialect: str, table: sa.Table = ref) -> sa.Subquery:
    """Return ``ref``, or what waits, with a row a statement.

    ``first`` is the number, and ``verbs`` the ``verb_id``, of the row that it stands in.
    """
    own = table.c
    member = _members(dialect, own.run)
    number = sa.cast(member.c[_VALUE], sa.BigInteger)
    of_roles = number.bitwise_rshift(_plain(_ROLES)).bitwise_and(_plain((1 << ROLE_BITS) - 1))
    return (
        sa.select(
            own.term_id,
            own.scope,
            own.seq.label("first"),
            own.verb_id.label("verbs"),
            _seq(table, number).label("seq"),
            _verb(table, number).label("verb_id"),
            own.tenant_id,
            sa.func.coalesce(of_roles, own.roles).label("roles"),
        )
        .select_from(table.outerjoin(member, sa.true()))
        .subquery(table.name)
    )


Wanted = Callable[[sa.ColumnElement[int]], Iterable[sa.ColumnElement[bool]]]
"""Conditions, given the number of a statement."""


class Way(NamedTuple):
    """A walk along the statements that name a term in a scope, above a number and up to another."""

    term_id: int
    scope: int
    verb_id: int | None
    """That they must have; None: any."""
    above: int
    up_to: int
    ascending: bool


def walk(conn: sa.Connection, way: Way, wanted: Wanted, limit: int) -> list[int]:
    """Return the numbers of statements on the way, in its order, that meet some conditions.

    They are all that there are, or as many as the limit or more, from the beginning; one that has
    several verbs, which those have that point to others, may be among them several times.
    """
    if conn.dialect.name == "sqlite":
        named = each_named("sqlite").c
        query = sa.select(named.seq).where(*_on(way, named, named.first))
        if way.verb_id is not None:
            query = query.where(_may_have(named.verbs, way.verb_id))
        query = query.where(*_met(way, named.seq, named.verb_id), *wanted(named.seq))
        query = query.order_by(*_in_order(way, named.first, named.seq)).limit(limit)
        return list(conn.execute(query).scalars())
    query = _lists_on(way, wanted)
    numbers: list[int] = []
    for rows in (limit // _OFTEN + 2, limit):  # runs are seldom short
        lists = conn.execute(query.limit(rows)).scalars().all()
        numbers = sorted(chain.from_iterable(lists), reverse=not way.ascending)
        if len(lists) < rows or len(numbers) >= limit:
            break
    return numbers


def _lists_on(way: Way, wanted: Wanted) -> sa.Select[Any]:
    """Return the query for the statements on the way, those of a row of ``ref`` as a list.

    All that is asked of them is asked inside: so PostgreSQL, which cannot tell how many meet it,
    goes along the index, and does not read and sort all that there are.
    """
    own = ref.c
    member = _members("postgresql", own.run)
    number = sa.cast(member.c[_VALUE], sa.BigInteger)
    seq = _seq(ref, number)
    once = sa.select(_plain(1).label("one"))
    if way.verb_id is not None:
        once = once.where(_may_have(own.verb_id, way.verb_id))
    met = sa.select(sa.func.array_agg(seq).label("seqs"))
    met = met.select_from(once.correlate(ref).lateral("once").outerjoin(member, sa.true()))
    met = met.where(*_met(way, seq, _verb(ref, number)), *wanted(seq))
    found = met.correlate(ref).lateral("found")
    query = sa.select(found.c.seqs).select_from(ref.join(found, sa.true()))
    query = query.where(*_on(way, own, own.seq), found.c.seqs.is_not(None))
    return query.order_by(*_in_order(way, own.seq))


def _on(way: Way, rows: Any, first: Any) -> Iterator[sa.ColumnElement[bool]]:
    """Yield the conditions on the rows, which may stand for what is not on the way, too."""
    yield from (rows.term_id == way.term_id, rows.scope == way.scope, first <= way.up_to)
    if way.above:
        yield first >= last_first(way.term_id, way.scope, way.above)


def _met(way: Way, seq: Any, verb_id: Any) -> Iterator[sa.ColumnElement[bool]]:
    yield from (seq > way.above, seq <= way.up_to)
    if way.verb_id is not None:
        yield verb_id == way.verb_id


def _in_order(way: Way, *columns: sa.ColumnElement[int]) -> Iterator[sa.ColumnElement[int]]:
    return (column if way.ascending else column.desc() for column in columns)


def _seq(table: sa.Table, number: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    return table.c.seq + sa.func.coalesce(_far(number), _plain(0))


def _verb(table: sa.Table, number: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(number.bitwise_rshift(_plain(_VERB)), table.c.verb_id)


def last_first(term_id: Any, scope: int, seq: Any) -> sa.ScalarSelect[Any]:
    """Return where the last row begins that begins no later than at a statement; 0: there is none."""
    own = ref.alias("before").c
    last = sa.func.coalesce(sa.func.max(own.seq), _plain(0))
    return (
        sa.select(last)
        .where(own.term_id == term_id, own.scope == scope, own.seq <= seq)
        .scalar_subquery()
    )


def is_named(dialect: str, term_id: Any, scope: int, seq: sa.ColumnElement[int]) -> Any:
    """Return the condition that a statement names a term in a scope, for a query around it."""
    own = ref.alias("nearest").c
    member = _members(dialect, own.run, "other")  # the query around it may have members, too
    far = _far(sa.cast(member.c[_VALUE], sa.BigInteger))
    found = sa.select(_plain(1)).select_from(member).where(own.seq + far == seq).limit(_plain(1))
    within = (own.seq == seq) | found.correlate_except(member).scalar_subquery().is_not(None)
    nearest = (
        sa.select(within)
        .where(own.term_id == term_id, own.scope == scope, own.seq <= seq)
        .order_by(own.seq.desc())
        .limit(_plain(1))
    )
    return sa.func.coalesce(nearest.correlate_except(own.seq.table).scalar_subquery(), sa.false())


def part_around(
    conn: sa.Connection, terms: Collection[int], scopes: Iterable[int], seq: int
) -> None:
    """Part the runs of these terms that reach over a statement, so that rows for it fit between."""
    number = sa.cast(_listed(conn, terms).c[_VALUE], sa.BigInteger)
    for scope in scopes:
        reaching = sa.select(ref).where(
            ref.c.term_id == number,
            ref.c.scope == scope,
            ref.c.seq == last_first(number, scope, seq),
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
    seq, verb_id, roles, run = row_of(*map(list, zip(*named, strict=True)))
    return (of.term_id, of.scope, seq, verb_id, of.tenant_id, roles, run)


def _listed(conn: sa.Connection, numbers: Collection[int]) -> Any:
    """Return numbers as rows."""
    if conn.dialect.name == "sqlite":
        return sa.func.json_each(json.dumps(list(numbers))).table_valued(_VALUE, name="listed")
    parted = sa.func.unnest(sa.literal(list(numbers), postgresql.ARRAY(sa.BigInteger)))
    return parted.table_valued(_VALUE, name="listed").render_derived()


def _members(dialect: str, run: sa.ColumnElement[str], name: str = "member") -> Any:
    """Return the numbers of a run as rows; none for a row that is no run."""
    if dialect == "sqlite":
        as_list = _text("[").concat(run).concat(_text("]"))
        return sa.func.json_each(as_list).table_valued(_VALUE, name=name)
    parted = sa.func.unnest(sa.func.string_to_array(run, _text(",")))
    return parted.table_valued(_VALUE, name=name).render_derived().lateral(name)


def _far(number: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    return number.bitwise_and(_plain(SPAN - 1))


def _plain(value: int) -> sa.ColumnElement[int]:
    return sa.literal_column(str(value), sa.Integer)


def _text(value: str) -> sa.ColumnElement[str]:
    return sa.literal_column(f"'{value}'", sa.Text)
