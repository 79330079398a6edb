"""What is sent to PostgreSQL together and answered together, past the driver's cursors.

A post of one statement is a dozen short queries. Of each, what a cursor does (looking its parameters'
types up, filling it in, waiting) cost more than the database did; and each answer that is waited for
costs both sides a change of process. So those that hang on no answer are prepared once a connection and sent in one
piece, by libpq's pipeline (https://www.postgresql.org/docs/current/libpq-pipeline-mode.html), and where
nothing follows in the transaction its end goes with them.

One of them that fails undoes those before it, and those behind it are not looked at.
"""

from __future__ import annotations

import select
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any, NamedTuple, TypeVar

import psycopg
import sqlalchemy as sa
from psycopg import pq
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus

from lrs.store.bulk import Row

T = TypeVar("T")
TEXT, BINARY = 0, 1


class Sent(NamedTuple):
    """A query with ``$1``, ``$2`` … and its parameters as they go over the wire."""

    text: str
    values: Sequence[bytes | None] = ()
    types: tuple[int, ...] = ()
    """The types of the parameters; 0, or none at all: what the text makes of them."""
    formats: Sequence[int] = ()
    """`TEXT` or `BINARY`, of each."""


def send(conn: sa.Connection, sent: Sequence[Sent], *, ends: bool = False) -> list[list[Row]]:
    """Send queries in their order, within the connection's transaction, and return their rows.

    ``ends`` sends the COMMIT along: nothing may follow. Then to commit once more does nothing.
    """
    if not sent:
        return []
    line = _line_of(conn.connection)
    with _driver_faults(line.raw):
        return line.ask(sent, conn.get_transaction(), ends=ends)


Waits = Generator[int, None, list[list[Row]]]
"""Yields what it waits for, as `select.poll` knows it; then the rows are there."""


def send_unwaited(connection: sa.PoolProxiedConnection, sent: Sequence[Sent]) -> Waits:
    """Send queries that are a transaction by themselves, and wait for nothing.

    Go on when what is waited for is there. Raises what the driver does, as it is; the connection is not
    to be used any more then.
    """
    return _line_of(connection).sending(sent)


def _line_of(connection: sa.PoolProxiedConnection) -> _Line:
    raw: Any = connection.driver_connection
    line: _Line | None = connection.info.get(_LINE)
    if line is None or line.raw is not raw:
        line = connection.info[_LINE] = _Line(raw)
    return line


@contextmanager
def _driver_faults(raw: Any) -> Iterator[None]:
    """Make a fault of the driver, spoken to directly, look like any other of the database."""
    try:
        yield
    except psycopg.Error as exc:
        told = sa.exc.DBAPIError.instance(
            "", None, exc, psycopg.Error, connection_invalidated=raw.broken
        )
        raise told from exc


_LINE = "verkan line"
_BEGIN, _COMMIT = b"BEGIN", b"COMMIT"
_NUMBERS = count(1)
_GONE = (
    psycopg.errors.InvalidSqlStatementName,
    psycopg.errors.FeatureNotSupported,  # its tables have changed since
)
"""What is said of a prepared query that is not there any more, or cannot be used."""
_Prepared = tuple[str, tuple[int, ...]]
_Names = dict[_Prepared, bytes]


class _Line:
    """A connection of the driver, and the names of what was prepared on it.

    After a rollback the driver may have all that is prepared forgotten, ours too, and says nothing of it.
    So names are only relied on where a transaction begins, which can be begun once more, and in one
    that has shown by then that they are there.
    """

    def __init__(self, raw: Any) -> None:
        self.raw = raw
        self._pg = raw.pgconn
        self._names: _Names = {}
        self._relied_on: object = None
        """The transaction in which they are known to be there."""
        self._loader = Transformer(raw)
        self._ready = select.poll()
        self._ready.register(self._pg.socket, select.POLLIN)

    def ask(self, sent: Sequence[Sent], transaction: object, *, ends: bool) -> list[list[Row]]:
        """Send queries within that transaction, which may be about to begin."""
        if self._pg.transaction_status != TransactionStatus.IDLE:
            named = transaction is not None and transaction is self._relied_on
            return self._exchange(sent, self._to_prepare(sent) if named else None, ends=ends)
        self._relied_on = None
        had, begins = bool(self._names), not self.raw.autocommit
        new = self._to_prepare(sent)
        try:
            found = self._exchange(sent, new, begins=begins, ends=ends)
        except _GONE:
            if not had or self.raw.broken:
                raise
            self.raw.rollback()
            self._names, had = {}, False
            new = self._to_prepare(sent)
            found = self._exchange(sent, new, begins=begins, ends=ends)
        if not had or any(_key(each) not in new for each in sent):
            self._relied_on = transaction
        return found

    def sending(self, sent: Sequence[Sent]) -> Waits:
        """Send queries as a transaction, which is over when they are answered."""
        self._relied_on = None
        return self._exchanging(sent, self._to_prepare(sent), begins=True, ends=True)

    def _to_prepare(self, sent: Sequence[Sent]) -> _Names:
        """Return names for those that were not sent over this connection before."""
        keys = dict.fromkeys(map(_key, sent))
        return {key: b"verkan_%d" % next(_NUMBERS) for key in keys if key not in self._names}

    def _exchange(
        self, sent: Sequence[Sent], new: _Names | None, *, begins: bool = False, ends: bool = False
    ) -> list[list[Row]]:
        """Send it all at once, and wait for what comes."""
        return self._waited(self._exchanging(sent, new, begins=begins, ends=ends))

    def _waited(self, exchange: Generator[int, None, T]) -> T:
        try:
            what = next(exchange)
            while True:
                try:
                    self._wait(what)
                except BaseException as exc:  # an interrupt: the exchange is to end in order
                    what = exchange.throw(exc)
                else:
                    what = next(exchange)
        except StopIteration as end:
            found: T = end.value
            return found

    def _exchanging(
        self, sent: Sequence[Sent], new: _Names | None, *, begins: bool = False, ends: bool = False
    ) -> Waits:
        """Send it all at once and read what comes; without ``new`` names nothing is prepared.

        What both begins and ends need not be told so: what is sent up to a Sync is one transaction
        (https://www.postgresql.org/docs/current/protocol-flow.html, "Extended Query").
        """
        pg, fit = self._pg, False
        if begins and ends:
            begins = ends = False
        try:
            pg.enter_pipeline_mode()
            if begins:
                pg.send_query_params(_BEGIN, None)
            self._put_out(sent, new)
            if ends:
                pg.send_query_params(_COMMIT, None)
            pg.pipeline_sync()
            results = yield from self._results()
            pg.exit_pipeline_mode()
            fit = True
        except KeyboardInterrupt:
            self._give_up()
            fit = True
            raise
        finally:
            if not fit:
                pg.finish()  # half an answer would be taken for that of the next query
        for result in results:
            if result.status == ExecStatus.FATAL_ERROR:
                raise error_from_result(result, self.raw.info.encoding)
        self._names |= new or {}
        first = int(begins) + len(new or ())
        return [self._rows(result) for result in results[first : first + len(sent)]]

    def _put_out(self, sent: Sequence[Sent], new: _Names | None) -> None:
        pg = self._pg
        if new is None:
            for text, values, types, formats in sent:
                pg.send_query_params(text.encode(), values, types or None, formats, BINARY)
            return
        for (text, types), name in new.items():
            pg.send_prepare(name, text.encode(), types)
        for each in sent:
            name = self._names.get(_key(each)) or new[_key(each)]
            pg.send_query_prepared(name, each.values, each.formats, BINARY)

    def _results(self) -> Generator[int, None, list[pq.abc.PGresult]]:
        """Return the result of each thing that was put out; yields what it waits for."""
        pg = self._pg
        while pg.flush():  # the server may wait for us to read before it reads on
            yield select.POLLIN | select.POLLOUT
            pg.consume_input()
        found: list[pq.abc.PGresult] = []
        while True:
            while pg.is_busy():
                yield select.POLLIN
                pg.consume_input()
            result = pg.get_result()
            if result is None:  # parts the results of one query from those of the next
                if pg.status == ConnStatus.BAD:
                    raise psycopg.OperationalError(pq.error_message(pg))
            elif result.status == ExecStatus.PIPELINE_SYNC:
                return found
            else:
                found.append(result)

    def _give_up(self) -> None:
        """Have the server stop, and pass over what it says, so that the transaction can be undone."""
        pg = self._pg
        if pg.pipeline_status == pq.PipelineStatus.OFF:
            return
        pg.pipeline_sync()  # it may be the second
        pg.get_cancel().cancel()
        while pg.pipeline_status != pq.PipelineStatus.OFF:
            self._waited(self._results())
            with suppress(psycopg.OperationalError):  # the second is to come
                pg.exit_pipeline_mode()

    def _wait(self, what: int) -> None:
        self._ready.modify(self._pg.socket, what)
        self._ready.poll()

    def _rows(self, result: pq.abc.PGresult) -> list[Row]:
        if not result.ntuples:
            return []
        self._loader.set_pgresult(result)
        rows = self._loader.load_rows(0, result.ntuples, tuple)
        self._loader.set_pgresult(None)  # which may be large, and the connection lasts
        return rows


def _key(each: Sent) -> _Prepared:
    return each.text, each.types
