"""What every test of a requirement asks: is this statement taken, is it refused, what comes back."""

from __future__ import annotations

import copy
import http.client
import json
import uuid
from collections.abc import Iterator
from typing import Any, Self
from urllib.parse import urlencode

from serving import Reply, Served

V1, V2 = "1.0.3", "2.0.0"

ANN = {"objectType": "Agent", "name": "Ann", "mbox": "mailto:ann@example.org"}
BO = {"account": {"homePage": "https://hr.example.org", "name": "bo 17"}}
TEAM = {"objectType": "Group", "name": "Team", "member": [BO]}
DID = {"id": "https://example.org/verbs/did", "display": {"en": "did", "sv-SE": "gjorde"}}
VOIDED = {"id": "http://adlnet.gov/expapi/verbs/voided", "display": {"en": "voided"}}
COURSE = {"objectType": "Activity", "id": "https://example.org/courses/1"}


def new_id() -> str:
    """An id nothing else of this run has."""
    return str(uuid.uuid4())


def somebody() -> dict[str, Any]:
    """An agent nothing else of this run names."""
    return {"objectType": "Agent", "mbox": f"mailto:{new_id()}@example.org"}


def something() -> dict[str, Any]:
    """An activity nothing else of this run names."""
    return {"objectType": "Activity", "id": f"https://example.org/courses/{new_id()}"}


def statement(**changes: Any) -> dict[str, Any]:
    """A valid statement with some properties put in; one set to `...` is left out."""
    base = {"actor": ANN, "verb": DID, "object": COURSE}
    made = copy.deepcopy({**base, **changes})
    return {key: value for key, value in made.items() if value is not ...}


def sub_statement(**changes: Any) -> dict[str, Any]:
    """A valid sub-statement, changed likewise."""
    return {"objectType": "SubStatement", **statement(**changes)}


def reference(to: str | None = None) -> dict[str, Any]:
    """A reference to a statement, there or not."""
    return {"objectType": "StatementRef", "id": to or new_id()}


def voiding(target: str) -> dict[str, Any]:
    """The statement that voids another."""
    return statement(verb=VOIDED, object=reference(target))


def both(**changes: Any) -> Iterator[dict[str, Any]]:
    """Yield the change in a statement and in a sub-statement: the same rules hold in both."""
    yield statement(**changes)
    yield statement(object=sub_statement(**changes))


def of_activity(**definition: Any) -> Iterator[dict[str, Any]]:
    """Yield statements whose object has this definition."""
    yield from both(object={**COURSE, "definition": definition})


def of_agent(agent: Any) -> Iterator[dict[str, Any]]:
    """Yield statements with this agent or group in every place that takes one."""
    typed = {"objectType": "Agent", **agent}
    yield from both(actor=agent)
    yield from both(object=typed)
    yield from both(context={"instructor": agent})
    if typed["objectType"] == "Group":
        yield from both(context={"team": agent})
    else:
        yield statement(authority=agent)
        yield statement(actor={"objectType": "Group", "member": [agent]})


class Lrs:
    """A running store and the version that is spoken to it. A header given as None is left out."""

    def __init__(self, served: Served, version: str) -> None:
        self.served, self.version = served, version
        self._connection = served.connection()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    @property
    def second(self) -> bool:
        """Is it version 2.0 that is spoken?"""
        return self.version == V2

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str | None] | None = None,
        **query: str,
    ) -> Reply:
        sent: dict[str, str | None] = {
            **self.served.headers,
            "X-Experience-API-Version": self.version,
            **({"Content-Type": "application/json"} if body is not None else {}),
            **(headers or {}),
        }
        packed = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        address = f"/xapi{path}" + (f"?{urlencode(query)}" if query else "")
        named = {name: value for name, value in sent.items() if value is not None}
        try:
            return self._send(method, address, packed, named)
        except (http.client.RemoteDisconnected, ConnectionError):
            self._connection.close()  # left open too long since the last test
            return self._send(method, address, packed, named)

    def _send(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Reply:
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        return Reply(answer.status, answer.headers, answer.read())

    def post(self, body: Any, **headers: str | None) -> Reply:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("POST", "/statements", body, named)

    def put(self, id_: str, body: Any) -> Reply:
        return self.ask("PUT", "/statements", body, statementId=id_)

    def get(self, **query: str) -> Reply:
        return self.ask("GET", "/statements", **query)

    def takes(self, *bodies: Any) -> str:
        """Every one of these is stored, in one batch; returns the id of the last."""
        reply = self.post(bodies[0] if len(bodies) == 1 else list(bodies))
        assert reply.status == 200, (bodies, reply.body)
        found: str = reply.json[-1]
        return found

    def refuses(self, *bodies: Any) -> None:
        """None of these is stored, and each answer says where the fault is."""
        for body in bodies:
            reply = self.post(body)
            assert reply.status == 400, (body, reply.status, reply.body)
            assert reply.json["error"]["where"], reply.body

    def stored(self, body: Any) -> dict[str, Any]:
        """Store this and return what is read back of it."""
        found: dict[str, Any] = self.get(statementId=self.takes(body)).json
        return found

    def found(self, **query: str) -> list[str]:
        """The ids of the statements a query finds."""
        reply = self.get(**query)
        assert reply.status == 200, reply.body
        return [each["id"] for each in reply.json["statements"]]

    def faulty(self, method: str, path: str, body: Any = None, **query: str) -> None:
        """Refused as a request that cannot be right."""
        reply = self.ask(method, path, body, **query)
        assert reply.status == 400, (method, path, query, reply.status, reply.body)
