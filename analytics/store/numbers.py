"""The rows of a query of numbers as arrays, so many at a time: no object of Python is left of a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
import sqlalchemy as sa

from analytics.estimators.grid import FloatArray, IntArray
from analytics.store.records import Records

AT_ONCE = 20_000


def numbers(conn: sa.Connection, query: sa.Select[Any]) -> Iterator[FloatArray]:
    """Yield the rows of a query, none of which lacks a value: rows × columns."""
    for part in rows(conn, query):
        width = len(query.selected_columns)
        values = np.fromiter(chain.from_iterable(part), np.float64, len(part) * width)
        yield values.reshape(-1, width)


def whole_numbers(conn: sa.Connection, query: sa.Select[Any]) -> IntArray:
    """Return the columns of such a query of whole numbers: columns × rows."""
    width = len(query.selected_columns)
    parts = [np.zeros((width, 0), np.int64)]
    for part in rows(conn, query):
        values = np.fromiter(chain.from_iterable(part), np.int64, len(part) * width)
        parts.append(values.reshape(-1, width).T)
    return np.concatenate(parts, axis=1)


def rows(conn: sa.Connection, query: sa.Select[Any]) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Yield the rows of a query, so many at once.

    The driver's cursor is read, for what SQLAlchemy makes of a row costs as much again. Its faults look
    like any other of the database.
    """
    errors = conn.dialect.loaded_dbapi.Error
    result: Any = conn.execute(query.execution_options(stream_results=True))
    try:
        part = result.fetchmany(1)  # which SQLAlchemy has read ahead, where rows come bit by bit
        while part:
            yield part
            part = result.cursor.fetchmany(AT_ONCE)
    except errors as exc:
        raise sa.exc.DBAPIError.instance("", None, exc, errors) from exc
    finally:
        result.close()


def records_of(conn: sa.Connection, query: sa.Select[Any], *, weighed: bool) -> Iterator[Records]:
    """Yield rows of unit_id, period, num and, where they are ``weighed``, den."""
    o = query.subquery("read").c
    den = (o.den,) if weighed else ()
    for part in numbers(conn, sa.select(o.unit_id, o.period, o.num, *den)):
        person, period = part[:, :2].astype(np.int64).T
        yield Records(person, period, part[:, 2], part[:, 3] if weighed else None)
