"""The two servers of Verkan, by turns over the same store: what a request costs each of them.

`verkan serve` as it is, and Granian as `deploy/granian.conf` has it, without the proxy that belongs
before it and costs both the same. The raw figure is that of `verkan serve`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from uuid import UUID

import sqlalchemy as sa
from figures import Figure
from load import Outcome, get, post
from places import Place, cpu_seconds
from posts import Shape, streams_of
from serving import Served, serving, serving_by_granian

from lrs.settings import Settings
from lrs.store.database import Database

_TURNS = 3
_CONNECTIONS = 8
_SERVERS: dict[str, Callable[[Settings], AbstractContextManager[Served]]] = {
    "verkan serve": serving,
    "granian": serving_by_granian,
}


@dataclass
class _Cost:
    """What the requests of one kind came to, over all turns of a server."""

    requests: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    waits: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    def __str__(self) -> str:
        p95 = Outcome(waits=self.waits).wait(0.95) * 1000
        return f"{self.cpu / self.requests * 1e6:,.0f} µs CPU, {p95:.1f} ms p95"


def measure_servers(place: Place, settings: Settings, scale: float) -> Iterator[Figure]:
    """Ask and post by turns; every answer must be 200."""
    costs: dict[tuple[str, str], _Cost] = defaultdict(_Cost)
    for turn in range(_TURNS):
        for name, serve in _SERVERS.items():
            with serve(settings) as served:
                post(
                    served.settings.port,
                    served.key,
                    served.secret,
                    streams_of(Shape(50, 2, 1_000), 9_000 + turn),
                )  # warm
                for what, send in _loads(served, scale):
                    _count(costs[what, name], served, send)
    for what, name in costs:
        if name == "granian":
            ours, theirs = costs[what, "verkan serve"], costs[what, name]
            beside = f"{theirs}; verkan serve: {ours}"
            ratio = theirs.per_second / ours.per_second
            told = f"{what}, by granian"
            yield Figure(
                place.kind, told, theirs.per_second, "/s", ours.per_second, ratio, None, beside
            )


def _loads(served: Served, scale: float) -> Iterator[tuple[str, Callable[[], Outcome]]]:
    to = (served.settings.port, served.key, served.secret)
    ids = _ids(served)
    each = max(20, int(250 * scale))
    one = [[f"/xapi/statements?statementId={ids[n % len(ids)]}" for n in range(each)]]
    page = [["/xapi/statements?limit=100"] * max(10, each // 5)]
    yield "GET one by its id", lambda: get(*to, one * _CONNECTIONS)
    yield "GET 100 of all", lambda: get(*to, page * _CONNECTIONS)
    for batch, number in ((1, 2_000), (50, 20_000)):
        shape = Shape(batch, _CONNECTIONS, max(batch * _CONNECTIONS, int(number * scale)))
        # Other statements for each server and turn, made before the clock runs.
        made = streams_of(shape, 1_000 * served.process.pid + batch)
        yield f"POST {batch}", lambda made=made: post(*to, made)  # type: ignore[misc]


def _ids(served: Served) -> list[str]:
    database = Database(served.settings)
    with database.read() as conn:
        found = conn.execute(
            sa.text("SELECT statement_id FROM statement ORDER BY seq DESC LIMIT 200")
        )
        ids = [str(UUID(bytes=bytes(row[0]))) for row in found]
    database.close()
    return ids


def _count(cost: _Cost, served: Served, send: Callable[[], Outcome]) -> None:
    before = cpu_seconds(served.process.pid)
    outcome = send()
    if outcome.errors:
        raise SystemExit(f"{outcome.errors} requests failed: {dict(outcome.statuses)}")
    cost.cpu += cpu_seconds(served.process.pid) - before
    cost.seconds += outcome.seconds
    cost.requests += len(outcome.waits)
    cost.waits += outcome.waits
