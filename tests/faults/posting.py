"""Senders that never give up and a follower that never looks back, for the time faults happen.

A sender posts a batch until it is acknowledged, as a queue of a learning platform does, so what was
stored before a crash and not acknowledged comes again. What may be claimed is then exact: every
acknowledged statement is stored, and none is stored twice.
"""

from __future__ import annotations

import http.client
import json
import threading
import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from serving import Reply, Served

from lrs.store.checking import check_store
from lrs.store.database import Database

STATEMENTS = "/xapi/statements"
_SHORTLY = 0.05


def a_statement(**changed: Any) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "actor": {"mbox": f"mailto:p{uuid.uuid4().int % 50}@example.org"},
        "verb": {"id": f"http://adlnet.gov/expapi/verbs/verb{uuid.uuid4().int % 9}"},
        "object": {"id": f"https://example.org/courses/{uuid.uuid4().int % 200}"},
        **changed,
    }


class Senders:
    """Threads that post until told to stop; ``acknowledged`` is what was promised to them."""

    def __init__(self, to: Sequence[Served], *, number: int = 4, batch: int = 5) -> None:
        self.acknowledged: set[str] = set()
        self.sent: set[str] = set()
        self.statuses: Counter[int] = Counter()
        self.errors: list[bytes] = []
        self._batch = batch
        self._changed = threading.Condition()
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._send, args=(to[n % len(to)],)) for n in range(number)
        ]

    def __enter__(self) -> Senders:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def wait_for_more(self, statements: int) -> None:
        """Return once so many more statements are acknowledged."""
        with self._changed:
            wanted = len(self.acknowledged) + statements
            assert self._changed.wait_for(lambda: len(self.acknowledged) >= wanted, 60), (
                f"nothing is acknowledged any more: {dict(self.statuses)} {self.errors[-3:]}"
            )

    def wait_for_status(self, status: int) -> None:
        """Return once an answer had that status."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.statuses[status] > 0, 60), self.statuses

    def _send(self, to: Served) -> None:
        while not self._over.is_set():
            batch = [a_statement() for _ in range(self._batch)]
            with self._changed:
                self.sent |= {one["id"] for one in batch}
            self._until_acknowledged(to, json.dumps(batch).encode())

    def _until_acknowledged(self, to: Served, body: bytes) -> None:
        while True:
            try:
                reply = to.ask("POST", STATEMENTS, body)
            except (OSError, http.client.HTTPException):
                reply = None
            self._note(reply)
            if (reply is not None and reply.status == 200) or self._over.wait(_SHORTLY):
                return

    def _note(self, reply: Reply | None) -> None:
        with self._changed:
            self.statuses[reply.status if reply else 0] += 1
            if reply is not None and reply.status == 200:
                self.acknowledged |= set(reply.json)
            elif reply is not None:
                self.errors.append(reply.body)
            self._changed.notify_all()


class Follower:
    """Reads on from where it was, oldest first, as a copy of the store elsewhere would."""

    def __init__(self, served: Served, *, limit: int = 7) -> None:
        self.seen: list[str] = []
        self._served = served
        self._limit = limit
        self._since = ""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow)

    def __enter__(self) -> Follower:
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._over.set()
        self._thread.join()

    def _follow(self) -> None:
        last_look = False
        while not last_look:
            last_look = self._over.is_set()
            path = self._first()
            while path:
                page = self._page(path)
                for one in page["statements"]:
                    self.seen.append(one["id"])
                    self._since = one["stored"]
                path = page["more"]
            self._over.wait(_SHORTLY)

    def _first(self) -> str:
        since = f"&since={quote(self._since)}" if self._since else ""
        return f"{STATEMENTS}?ascending=true&limit={self._limit}{since}"

    def _page(self, path: str) -> Any:
        left = 500
        while left:
            left -= self._over.is_set()
            try:
                reply = self._served.ask("GET", path)
            except (OSError, http.client.HTTPException):
                reply = None
            if reply is not None and reply.status == 200:
                return reply.json
            assert reply is None or reply.status == 503, reply.body
            threading.Event().wait(_SHORTLY)
        raise AssertionError("there is nobody to follow any more")


def stored_ids(served: Served) -> list[str]:
    """The id of every statement, in the order of storing."""
    found: list[str] = []
    path = f"{STATEMENTS}?ascending=true&limit=500"
    while path:
        page = served.ask("GET", path).json
        found += [one["id"] for one in page["statements"]]
        path = page["more"]
    return found


def assert_nothing_lost_or_doubled(served: Served, senders: Senders) -> list[str]:
    """Return what is stored, which is all that was acknowledged, once, and nothing nobody sent."""
    stored = stored_ids(served)
    assert senders.acknowledged - set(stored) == set(), "acknowledged and lost"
    assert len(stored) == len(set(stored)), "stored twice"
    assert set(stored) - senders.sent == set(), "stored and never sent"
    assert_whole(served)
    print(f"{len(senders.acknowledged)} acknowledged, {len(stored)} stored: {senders.statuses}")
    return stored


def assert_whole(served: Served) -> None:
    """`verkan db check` finds nothing wrong."""
    database = Database(served.settings)
    assert check_store(database).faults == []
    database.close()
