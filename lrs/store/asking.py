"""Several questions to the database at once.

What a batch asks before it is stored hangs on nothing but the batch, so that PostgreSQL need not
answer one question before the next is sent (`lrs.store.pipeline`). SQLite, which is no further than
a call away, is asked one after another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from lrs.store.bulk import Row, run_on_sqlite

if TYPE_CHECKING:
    from lrs.store.pipeline import Sent

_MOST_PADDED = 4_096


class Question(NamedTuple):
    """A query, and the values of its parameters."""

    query: sa.ClauseElement
    values: Mapping[str, Any]


def ask(
    conn: sa.Connection, questions: Sequence[Question], *, ends: bool = False
) -> list[list[Row]]:
    """Return the rows of each answer; the questions are asked in their order.

    A query is made once and kept, for its text is kept too. A list among its values is that of the
    parameter ``wanted`` (`lrs.store.bulk.one_of`); an empty one needs no question. With ``ends``
    PostgreSQL commits at once: nothing may follow in the transaction.
    """
    if conn.dialect.name == "sqlite":
        return [_ask_sqlite(conn, each) for each in questions]
    from lrs.store.pipeline import send  # needs the driver, which need not be installed

    idle = [_is_idle(each) for each in questions]
    asked = [sent_of(each) for each, is_idle in zip(questions, idle, strict=True) if not is_idle]
    answers = iter(send(conn, asked, ends=ends))
    return [[] if is_idle else next(answers) for is_idle in idle]


def sent_of(asked: Question) -> Sent:
    """Return a question as PostgreSQL is sent it."""
    from lrs.store.arrays import parameter
    from lrs.store.pipeline import Sent

    made = _made_for_postgresql(asked.query)
    values = {**made.values, **asked.values}
    given = [parameter(values[name]) for name in made.names]
    return Sent(
        made.text,
        [each.value for each in given],
        tuple([each.type for each in given]),
        [each.form for each in given],
    )


def _ask_sqlite(conn: sa.Connection, asked: Question) -> list[Row]:
    if _is_idle(asked):
        return []
    wanted = list(asked.values.get("wanted", ()))
    size = _padded(len(wanted))
    wanted += wanted[-1:] * (size - len(wanted))
    made = _made(conn.dialect, asked.query, tuple(asked.values), size)
    given = {**made.values, **asked.values}
    values: list[Any] = []
    for name in made.names:
        values += wanted if name == "wanted" else (given[name],)
    return run_on_sqlite(conn, made.text, values)


def _padded(number: int) -> int:
    """The same text for many lengths: the driver keeps few, and saying a value twice costs little."""
    return 1 << (number - 1).bit_length() if 0 < number <= _MOST_PADDED else number


def _is_idle(asked: Question) -> bool:
    return "wanted" in asked.values and not asked.values["wanted"]


class _Made(NamedTuple):
    """The text of a query, its own values, and the names of all values in the order of the text.

    On SQLite the values of the list are ``wanted``, all together.
    """

    text: str
    values: Mapping[str, Any]
    names: Sequence[str]


@lru_cache(maxsize=256)
def _made(dialect: sa.Dialect, query: sa.ClauseElement, given: Sequence[str], size: int) -> _Made:
    values = {name: [0] * size if name == "wanted" else 0 for name in given}
    compiled: Any = query.compile(dialect=dialect)
    made = compiled.construct_expanded_state(values)
    names = ["wanted" if n.startswith("wanted_") else n for n in made.positiontup or ()]
    pairs = zip(["", *names], names, strict=False)
    together = [name for before, name in pairs if name != "wanted" or before != "wanted"]
    return _Made(made.statement, made.parameters, together)


@lru_cache(maxsize=256)
def _made_for_postgresql(query: sa.ClauseElement) -> _Made:
    numbered: Any = sa.make_url("postgresql+psycopg://").get_dialect()
    compiled: Any = query.compile(dialect=numbered(paramstyle="numeric_dollar"))
    return _Made(compiled.string, compiled.params, compiled.positiontup or ())
