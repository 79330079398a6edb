"""Every filter of GET statements over HTTP, a hundred statements a page, and one statement by its id.

What is asked for by default is so common that a page is full with a million statements already: only then
can its time be held against that with ten million. What is seldom named is asked for too; its pages
grow with the store, and each figure tells how many statements it brought. The raw figure is the database alone giving a hundred bodies in order, or one by its id.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from figures import Figure, Goal, at_most
from serving import Served
from traffic import CAMPUS

from lrs.store.database import Database

_TIMES = 60
_PAGES_DEEP = 40
_LIMIT = "limit=100"


class _Reader:
    """One kept connection that asks and times."""

    def __init__(self, served: Served) -> None:
        self._headers = served.headers
        self._connection = http.client.HTTPConnection("127.0.0.1", served.settings.port)

    def get(self, path: str) -> tuple[float, Any]:
        """Return how many ms it took, and the answer."""
        began = time.perf_counter()
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        took = (time.perf_counter() - began) * 1000
        if answer.status != 200:
            raise SystemExit(f"GET {path} was answered {answer.status}: {body!r}")
        return took, json.loads(body)


def measure_reads(kind: str, served: Served) -> Iterator[Figure]:
    """Ask a server that holds statements."""
    reader = _Reader(served)
    database = Database(served.settings)
    raw_page, raw_one = _raw(database)
    ids, samples = _samples(database)
    number = 0

    def by_id() -> str:
        nonlocal number
        number += 1
        return f"/xapi/statements?statementId={ids[number % len(ids)]}"

    yield _timed(kind, "GET one by its id", reader, by_id, raw_one, 0.99, at_most(10))
    for name, query in _queries(samples):
        for order in ("", "&ascending=true"):
            path = f"/xapi/statements?{query}{_LIMIT}{order}"
            told = f"GET 100 {name}{' ascending' if order else ''}"
            yield _timed(kind, told, reader, lambda path=path: path, raw_page, 0.95, at_most(20))  # type: ignore[misc]
    yield _deep(kind, reader, raw_page)
    database.close()


def _timed(
    kind: str,
    name: str,
    reader: _Reader,
    path: Callable[[], str],
    raw: float,
    share: float,
    goal: Goal,
) -> Figure:
    _, page = reader.get(path())  # what a server does once, when it is first asked
    waits = sorted(reader.get(path())[0] for _ in range(_TIMES))
    found = waits[min(_TIMES - 1, int(share * _TIMES))]
    told = f"p50 {waits[_TIMES // 2]:.1f} ms, {len(page.get('statements', [page]))} found"
    return Figure(kind, name, found, f"ms p{share * 100:.0f}", raw, raw / found, goal, told)


def _deep(kind: str, reader: _Reader, raw: float) -> Figure:
    """Follow `more` of a common verb, and time the pages far down."""
    path, waits = f"/xapi/statements?{_LIMIT}", []
    for _ in range(_PAGES_DEEP):
        took, page = reader.get(path)
        waits.append(took)
        if not page["more"]:
            break
        path = page["more"]
    last = sorted(waits[len(waits) // 2 :])
    found = last[int(0.95 * (len(last) - 1))]
    told = f"page {len(waits)}"
    return Figure(
        kind, "GET 100 deep in `more`", found, "ms p95", raw, raw / found, at_most(20), told
    )


def _queries(sample: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is asked for and its query: a common and a rare one of each filter."""
    agent = quote(json.dumps({"mbox": "mailto:learner0@example.org"}))
    seldom_agent = quote(json.dumps(_only_identifier(sample["actor"])))
    activity = quote(f"{CAMPUS}/course/0/unit/0")
    seldom_activity = quote(sample["object"]["id"])
    verb = quote(sample["verb"]["id"])
    campus = quote(CAMPUS)
    teacher = {"account": {"homePage": CAMPUS, "name": "teacher-1"}}
    registration = sample["context"]["registration"]
    middle = quote(sample["stored"])
    yield "of all", ""
    yield "by verb", f"verb={verb}&"
    yield "by activity", f"activity={activity}&"
    yield "by seldom activity", f"activity={seldom_activity}&"
    yield "by related activity, in every other one", f"activity={campus}&related_activities=true&"
    yield "by agent", f"agent={agent}&"
    yield "by seldom agent", f"agent={seldom_agent}&"
    yield "by related agent", f"agent={quote(json.dumps(teacher))}&related_agents=true&"
    yield "by registration", f"registration={registration}&"
    yield "by agent and verb", f"agent={agent}&verb={verb}&"
    yield "by seldom agent and verb", f"agent={seldom_agent}&verb={verb}&"
    yield "by related activity and verb", f"activity={campus}&related_activities=true&verb={verb}&"
    yield "since", f"since={middle}&"
    yield "until", f"until={middle}&"
    yield "by verb since", f"verb={verb}&since={middle}&"
    yield "by verb nobody used", "verb=https%3A%2F%2Fexample.org%2Fnever&"


def _only_identifier(actor: dict[str, Any]) -> dict[str, Any]:
    return {key: actor[key] for key in ("mbox", "account") if key in actor}


def _samples(database: Database) -> tuple[list[str], dict[str, Any]]:
    """Return ids spread over the store, and a statement of a platform from its middle."""
    with database.read() as conn:
        newest = conn.execute(sa.text("SELECT max(seq) FROM statement")).scalar_one()
        step = max(1, newest // 200)
        ids = [
            conn.execute(
                sa.text("SELECT statement_id FROM statement WHERE tenant_id = 1 AND seq = :seq"),
                {"seq": seq},
            ).scalar_one()
            for seq in range(1, newest + 1, step)
        ]
        rows = conn.execute(
            sa.text(
                "SELECT body, stored_at FROM statement_body JOIN statement USING (tenant_id, seq) "
                "WHERE tenant_id = 1 AND seq > :middle ORDER BY seq LIMIT 50"
            ),
            {"middle": newest // 2},
        )
        found = [(json.loads(bytes(body)), stored) for body, stored in rows]
    sample, stored = next(one for one in found if "instructor" in one[0].get("context", {}))
    instant = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(stored / 1e6))
    return [str(_uuid(one)) for one in ids], sample | {"stored": instant}


def _uuid(raw: bytes) -> object:
    from uuid import UUID

    return UUID(bytes=bytes(raw))


def _raw(database: Database) -> tuple[float, float]:
    """Return in ms the p95 of reading the newest hundred bodies, and the p99 of one by its id."""
    page = "SELECT body FROM statement_body WHERE tenant_id = 1 ORDER BY seq DESC LIMIT 100"
    one = (
        "SELECT body FROM statement JOIN statement_body USING (tenant_id, seq) "
        "WHERE tenant_id = 1 AND statement_id = :id"
    )
    with database.read() as conn:
        ids = conn.execute(sa.text("SELECT statement_id FROM statement LIMIT 60")).scalars().all()
        pages, ones = [], []
        for id16 in ids:
            began = time.perf_counter()
            conn.execute(sa.text(page)).all()
            pages.append((time.perf_counter() - began) * 1000)
            began = time.perf_counter()
            conn.execute(sa.text(one), {"id": id16}).all()
            ones.append((time.perf_counter() - began) * 1000)
    return sorted(pages)[int(0.95 * len(pages))], sorted(ones)[int(0.99 * len(ones))]
