"""The short-lived tables one report is worked out in, and the one rule that turns days into months.

They hold people as integers, live in the connection, and are gone when the report is made, so that
persons never leave the database. Plain columns of integers and doubles, no date functions: the
portable contract of `scale.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from analytics.estimators.panel import NEVER
from analytics.store.schema import calendar
from lrs.store.bulk import insert_rows, upsert
from lrs.store.schema import BigCounter

FOREVER = NEVER
"""The month, or day, that never comes: the end of what still holds."""

HALF_MONTH = 15
_AT_ONCE = 20_000
LAST_DAY = 36_524
"""The calendar's last."""


def _key(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, primary_key=True, autoincrement=False)


def _ix(name: str, *, key: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, primary_key=key, autoincrement=False)


def temporary_table(name: str, *columns: sa.Column[Any]) -> sa.Table:
    """Return a table that lives as long as the connection needs it; its key is its order on SQLite."""
    return sa.Table(
        f"stage_{name}", sa.MetaData(), *columns, prefixes=["TEMPORARY"], sqlite_with_rowid=False
    )


def numbered_table(name: str, key: str, *columns: sa.Column[Any]) -> sa.Table:
    """Return such a table that is found by one whole number, which SQLite does at half the cost."""
    own = sa.Column(key, BigCounter, primary_key=True, autoincrement=False)
    return sa.Table(f"stage_{name}", sa.MetaData(), own, *columns, prefixes=["TEMPORARY"])


# Who has more than one row in force of what is being staged.
several = numbered_table("several", "person_id")
# Months in which a person is employed, first to one past the last; a person's rows never overlap.
employed = temporary_table("employed", _key("person_id"), _ix("from_ix", key=True), _ix("to_ix"))
# The same months parted by the team the person is in.
member = temporary_table(
    "member", _key("person_id"), _ix("from_ix", key=True), _ix("to_ix"), _key("unit_id")
)
# Which activities make up the path, and to which of its items each belongs.
item = temporary_table("item", _key("activity_id"), _ix("item_no", key=True))
# Who sent statements on the path, and how many that count.
acting = numbered_table("acting", "actor_id", sa.Column("n", sa.BigInteger))
# What each person did of the path on each day, summed over their actors.
learned = temporary_table(
    "learned",
    _key("person_id"),
    _key("activity_id"),
    _ix("day_no", key=True),
    sa.Column("n", sa.BigInteger),
    sa.Column("done", sa.BigInteger),
    sa.Column("seconds", sa.Double),
    sa.Column("score_sum", sa.Double),
    sa.Column("scored", sa.BigInteger),
)
# Who completed the path, and the day.
done = temporary_table("done", _key("person_id"), _ix("done_day"))
# Who took up the path: first day, day of completion, first month that counts as trained.
learner = temporary_table(
    "learner",
    _key("person_id"),
    _ix("touched_day"),
    _ix("done_day"),
    _ix("start_ix"),
    sa.Column("seconds", sa.Double),
    sa.Column("score_sum", sa.Double),
    sa.Column("scored", sa.BigInteger),
)
# The first month in which half of a team's members count as trained.
unit_start = temporary_table("unit_start", _key("unit_id"), _ix("start_ix"))

_ALL = (several, employed, member, item, acting, learned, done, learner, unit_start)


@contextmanager
def staged(conn: sa.Connection) -> Iterator[None]:
    """Make the tables for one report, and drop them at its end.

    After an error nothing is dropped here: the transaction is rolled back, and they go with it.
    """
    if conn.dialect.name == "postgresql":
        # Sums over people and months in memory, not sorted on disk.
        conn.exec_driver_sql("SET LOCAL work_mem = '128MB'")
        # Added up in one order, so that the same data give the same bytes.
        conn.exec_driver_sql("SET LOCAL max_parallel_workers_per_gather = 0")
        conn.exec_driver_sql("SET LOCAL synchronize_seqscans = off")
    for table in _ALL:
        table.create(conn, checkfirst=False)
    yield
    for table in _ALL:
        table.drop(conn, checkfirst=False)


def refill(conn: sa.Connection, table: sa.Table, rows: sa.Select[tuple[object, ...]]) -> None:
    """Fill a stage anew from a query whose columns stand in the table's order."""
    conn.execute(sa.delete(table))
    add(conn, table, rows)


def add(conn: sa.Connection, table: sa.Table, rows: sa.Select[tuple[object, ...]]) -> None:
    """Add the rows of such a query to a stage."""
    conn.execute(sa.insert(table).from_select([c.name for c in table.c], rows))
    _counted(conn, table)


def add_once(conn: sa.Connection, table: sa.Table, rows: sa.Select[tuple[object, ...]]) -> None:
    """Fill a stage anew with the rows of a query, each key once: without a sort, unlike DISTINCT."""
    conn.execute(sa.delete(table))
    into = upsert(conn, table)
    conn.execute(into.from_select([c.name for c in table.c], rows).on_conflict_do_nothing())
    _counted(conn, table)


def _counted(conn: sa.Connection, table: sa.Table) -> None:
    if conn.dialect.name == "postgresql":
        # Nothing else looks at a temporary table to learn how large it is.
        conn.exec_driver_sql(f"ANALYZE {table.name}")


def add_up(conn: sa.Connection, table: sa.Table, rows: sa.Select[Any]) -> None:
    """Fill a stage anew with rows added up by its key, columns in the table's order; see `united`.

    SQLite would sort all rows to group them. It adds each to its line instead, which takes two thirds
    of the time and no more memory than the lines.
    """
    conn.execute(sa.delete(table))
    names = [c.name for c in table.c]
    key, amounts = list(table.primary_key), [c for c in table.c if not c.primary_key]
    if conn.dialect.name == "sqlite":
        into = sqlite.insert(table).from_select(names, rows)
        new = into.excluded
        more = {c: c.op("|" if _united(c) else "+")(new[c.name]) for c in amounts}
        conn.execute(into.on_conflict_do_update(index_elements=key, set_=more))
        return
    each = rows.cte("each_row")
    sums = (
        sa.cast((sa.func.bit_or if _united(c) else sa.func.sum)(each.c[c.name]), c.type)
        for c in amounts
    )
    by = [each.c[c.name] for c in key]
    conn.execute(sa.insert(table).from_select(names, sa.select(*by, *sums).group_by(*by)))
    _counted(conn, table)


def united(name: str) -> sa.Column[int]:
    """Return a column of bits, of which `add_up` keeps those that any row has."""
    return sa.Column(name, sa.BigInteger, info={"united": True})


def _united(column: sa.Column[Any]) -> bool:
    return bool(column.info.get("united"))


def fill(conn: sa.Connection, table: sa.Table, rows: Iterable[tuple[float, ...]]) -> None:
    """Fill a stage anew with rows worked out in Python."""
    conn.execute(sa.delete(table))
    names, waiting = tuple(c.name for c in table.c), iter(rows)
    while some := list(islice(waiting, _AT_ONCE)):
        insert_rows(conn, table, names, some)


def empty(conn: sa.Connection, *tables: sa.Table) -> None:
    """Give the room of stages that nothing asks any more to those that come."""
    for table in tables:
        conn.execute(sa.delete(table))


def month_numbers(first: int, last: int) -> sa.CTE:
    """Return every month from the first to the last."""
    months = sa.select(calendar.c.month_ix.label("period")).where(
        calendar.c.month_ix.between(first, last)
    )
    return months.distinct().cte("months")


class MonthOf:
    """The first month whose 15th is not before a day: when what begins that day begins to count.

    A spell of employment from one day to before another covers the months from the one's to before
    the other's; a path completed on the 15th or earlier counts as done for the month, later from
    the next. Month numbers come from the calendar: the month of the day half a month earlier, plus
    one.
    """

    def __init__(self, day: sa.ColumnElement[int], name: str) -> None:
        self._calendar = calendar.alias(name)
        shifted = sa.case(
            (day < HALF_MONTH, 0), (day > LAST_DAY, LAST_DAY - HALF_MONTH), else_=day - HALF_MONTH
        )
        self.on = self._calendar.c.day_no == shifted
        self.month = self._calendar.c.month_ix + 1
        self.month_or_forever = sa.case((day.is_(None), FOREVER), else_=self.month)

    @property
    def table(self) -> sa.FromClause:
        """Return the calendar to join."""
        return self._calendar
