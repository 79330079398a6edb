"""Posts over HTTP: statements a second, beside the same rows put into the database alone.

The raw figure is the same rows put into the same database once more, right after the run
(`raw.py`): it says what the machine can do at this moment, and the ratio is what to compare between
machines. What server, database and sender used of the processor says how many a second there could be
at most, were no processor ever idle. "Shared" posts all name the same few people, activities and verbs;
"again" are the very bodies of the run before it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import sqlalchemy as sa
from figures import Figure, Goal, at_least, at_most, raw_times
from load import Outcome, post
from places import Place, cpu_seconds, memory_mb
from raw import insert_raw, read_rows
from serving import Served
from traffic import Traffic

from lrs.store.database import Database


@dataclass(frozen=True)
class Shape:
    """How a run posts."""

    batch: int
    connections: int
    statements: int
    shared: bool = False

    @property
    def name(self) -> str:
        names = ", shared names" if self.shared else ""
        return f"batch {self.batch}, {self.connections} connections{names}"


SHAPES = (
    Shape(1, 1, 800),
    Shape(1, 8, 2_400),
    Shape(1, 100, 6_000),
    Shape(10, 8, 8_000),
    Shape(50, 1, 8_000),
    Shape(50, 8, 24_000),
    Shape(50, 8, 16_000, shared=True),
    Shape(500, 8, 40_000),
)
_GOALS: dict[tuple[str, int, int, int], Goal] = {
    ("sqlite", 1, 50, 8): raw_times(0.65),
    ("postgresql", 1, 1, 8): raw_times(0.75),
    ("postgresql", 2, 50, 8): raw_times(1.0),
    ("postgresql", 2, 500, 8): raw_times(0.85),
}
"""By the kind of database, workers, statements in a post, and connections."""
_ALONE = ((1, 8), (1, 100), (50, 8), (500, 8))
"""Statements in a post, and connections, of what one worker is measured by where more are usual."""
#: What issue after issue asks for, whatever the machine: statements a second.
FLOOR = at_least(3_000)
Streams = list[list[bytes]]


@dataclass(frozen=True)
class _Ran:
    statements: int
    seconds: float
    cpu: float
    around: float
    """Seconds of the processor, of the server; and of the database and the sender."""
    outcome: Outcome

    @property
    def per_second(self) -> float:
        return self.statements / self.seconds

    @property
    def at_most(self) -> float:
        """How many a second there could be with every processor at work all the time."""
        return self.statements / (self.cpu + self.around) * (os.cpu_count() or 1)


def measure_posts(place: Place, served: Served, scale: float) -> Iterator[Figure]:
    """Run every shape on a server of that place, which may hold statements already."""
    _post(place, served, streams_of(Shape(50, 2, 1_000), 1))  # warm
    apart = 0.0
    for number, shape in enumerate(SHAPES):
        scaled = _scaled(shape, scale)
        streams = streams_of(scaled, 100 * (number + 1))
        above = _newest(served)
        ran = _post(place, served, streams)
        yield from _told(place, served, scaled, ran, above)
        if (shape.batch, shape.connections) != (50, 8):
            continue
        if shape.shared:
            yield _of_apart(place.kind, ran, apart)
        else:
            apart = ran.per_second
            yield _again(place.kind, _post(place, served, streams), ran)
    yield Figure(place.kind, "memory of a server after the posts", memory_mb(_pid(served)), "MB")


def measure_alone(place: Place, served: Served, scale: float) -> Iterator[Figure]:
    """Run the shapes that tell most on a server of one process."""
    _post(place, served, streams_of(Shape(50, 2, 1_000), 2))  # warm
    shapes = [one for one in SHAPES if (one.batch, one.connections) in _ALONE and not one.shared]
    for number, shape in enumerate(shapes):
        scaled = _scaled(shape, scale)
        streams = streams_of(scaled, 5_000 + 100 * number)
        above = _newest(served)
        ran = _post(place, served, streams)
        for one in _told(place, served, scaled, ran, above):
            yield replace(one, name=f"{one.name}, 1 worker")


def _scaled(shape: Shape, scale: float) -> Shape:
    whole = shape.batch * shape.connections
    return replace(shape, statements=max(whole, int(shape.statements * scale)))


def _told(place: Place, served: Served, shape: Shape, ran: _Ran, above: int) -> Iterator[Figure]:
    raw = _raw(place, served, shape, above)
    beside = (
        f"{ran.outcome.wait(0.5) * 1000:.1f} / {ran.outcome.wait(0.95) * 1000:.1f} ms p50 / p95, "
        f"{ran.cpu / ran.statements * 1e6:,.0f} µs CPU and {ran.around / ran.statements * 1e6:,.0f} "
        f"around it: at most {ran.at_most:,.0f}/s, {ran.at_most / raw:.0%}"
    )
    how = place.kind, served.settings.workers, shape.batch, shape.connections
    goal = None if shape.shared else _GOALS.get(how)
    yield Figure(
        place.kind, shape.name, ran.per_second, "/s", raw, ran.per_second / raw, goal, beside
    )
    if (shape.batch, shape.connections, shape.shared) == (50, 8, False):
        yield Figure(place.kind, f"{shape.name}, at all", ran.per_second, "/s", goal=FLOOR)
    errors = ran.outcome.errors
    if errors or shape.shared:
        yield Figure(place.kind, f"{shape.name}: errors", errors, "answers", goal=at_most(0))


def _again(kind: str, again: _Ran, first: _Ran) -> Figure:
    ratio = again.per_second / first.per_second
    name = "batch 50, 8 connections, again"
    return Figure(kind, name, again.per_second, "/s", first.per_second, ratio, raw_times(1.0))


def _of_apart(kind: str, shared: _Ran, apart: float) -> Figure:
    ratio = shared.per_second / apart
    name = "shared names beside names of their own"
    return Figure(kind, name, shared.per_second, "/s", apart, ratio, raw_times(0.5))


def streams_of(shape: Shape, seed: int) -> Streams:
    each = shape.statements // shape.connections // shape.batch
    return [
        list(_traffic(shape, seed + n).batches(shape.batch, each)) for n in range(shape.connections)
    ]


def _traffic(shape: Shape, seed: int) -> Traffic:
    return Traffic(seed, learners=25, courses=2) if shape.shared else Traffic(seed)


def _post(place: Place, served: Served, streams: Streams) -> _Ran:
    statements = sum(body.count(b'"timestamp":') for stream in streams for body in stream)

    def used() -> tuple[float, float]:
        return cpu_seconds(_pid(served)), place.cpu_seconds() + time.process_time()

    before = used()
    outcome = post(served.settings.port, served.key, served.secret, streams)
    own, around = (after - then for after, then in zip(used(), before, strict=True))
    return _Ran(statements, outcome.seconds, own, around, outcome)


def _raw(place: Place, served: Served, shape: Shape, above: int) -> float:
    """Return how many a second the database alone takes of the rows that the run left."""
    database = Database(served.settings)
    rows = read_rows(database, above, shape.batch)
    # One statement a transaction is measured as pgbench does it: by as many clients as posted.
    clients = shape.connections if shape.batch == 1 and place.kind == "postgresql" else 1
    seconds = insert_raw(database, rows, clients)
    database.close()
    return rows.statements / seconds


def _newest(served: Served) -> int:
    database = Database(served.settings)
    with database.read() as conn:
        newest = conn.execute(sa.text("SELECT max(seq) FROM statement")).scalar_one()
    database.close()
    return int(newest or 0)


def _pid(served: Served) -> int:
    return served.process.pid
