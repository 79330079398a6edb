"""Two tenants in one store that name everything alike: neither sees, changes or counts the other's.

A state machine lets both do whatever a key may do, in any order, with the same ids, agents,
activities, documents and files. Before and after each step everything the other one can ask for is
asked for, byte for byte. No answer may hold the mark that is in all of the other's data
(`trust.md`, Security: 0 crossings).
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from wiring import MakeWire, Reply, Wire

from lrs.http.management import PREFIX
from lrs.xapi.multipart import Part, write_mixed

IDS = [str(uuid.UUID(int=n + (4 << 76) + (8 << 60))) for n in range(1, 4)]
AGENTS = [{"mbox": "mailto:ada@example.org"}, {"mbox": "mailto:bo@example.org"}]
COURSES = ["https://example.org/courses/1", "https://example.org/courses/2"]
VERB = "http://adlnet.gov/expapi/verbs/completed"
VOIDED = "http://adlnet.gov/expapi/verbs/voided"
FILE = b"the same file in both"
SHA2 = hashlib.sha256(FILE).hexdigest()
DOCUMENTS = {
    "/xapi/activities/state": "stateId",
    "/xapi/activities/profile": "profileId",
    "/xapi/agents/profile": "profileId",
}
_BOUNDARY = re.compile(rb"--[-=\w]{10,}")

sides = st.sampled_from([0, 1])
ids = st.sampled_from(IDS)
agents = st.sampled_from(AGENTS)
courses = st.sampled_from(COURSES)
documents = st.sampled_from(sorted(DOCUMENTS))


class Walls(RuleBasedStateMachine):
    """What both tenants do, and what may not come of it."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self.wire = wire

    @initialize()
    def begin(self) -> None:
        self.marks = [f"mark{uuid.uuid4().hex}" for _ in range(2)]
        self.keys = [self.wire.as_key("all", tenant=mark, name=mark) for mark in self.marks]
        for key in self.keys:
            key.headers["X-Request-ID"] = "the-same-id"
        self.views: list[dict[str, tuple[int, bytes]] | None] = [None, None]
        for side in (0, 1):
            self.be_refused(side, IDS[0])
            self.forward(side)
            self.store(side, IDS[0], AGENTS[0], COURSES[0], False)
            self.document(side, "/xapi/activities/state", AGENTS[0], COURSES[0], "PUT")
            # A file that is somewhere else, until it comes along with another statement.
            self.attach(side, IDS[1], False)

    # What a tenant may do, each step under the eyes of the other.

    def act(self, side: int, method: str, path: str, body: Any = None, **query: str) -> Reply:
        """Do it, and see that for the other one nothing has changed."""
        return self.act_raw(side, method, path, body, {}, **query)

    def act_raw(
        self, side: int, method: str, path: str, body: Any, headers: dict[str, Any], **query: str
    ) -> Reply:
        other = 1 - side
        before = self.views[other] or self.view(other)
        reply = self.keys[side].ask(method, path, body, headers, **query)
        assert reply.status_code < 500, (method, path, reply.data)
        self.unmarked(side, reply)
        self.views[side] = None
        self.views[other] = self.view(other)
        for asked, answer in self.views[other].items():
            assert answer == before[asked], (method, path, asked)
        return reply

    def unmarked(self, side: int, reply: Reply) -> None:
        assert self.marks[1 - side].encode() not in reply.data
        assert all(self.marks[1 - side] not in value for _, value in reply.headers)

    def view(self, side: int) -> dict[str, tuple[int, bytes]]:
        """Everything that a tenant can ask for."""
        found: dict[str, tuple[int, bytes]] = {}
        for path, query in self.questions():
            reply = self.keys[side].ask("GET", path, **query)
            assert reply.status_code in (200, 404), (path, query, reply.data)
            self.unmarked(side, reply)
            body = _BOUNDARY.sub(b"--edge", reply.data)
            found[f"{path}?{urlencode(query)}"] = (reply.status_code, body)
        return found

    def questions(self) -> Iterator[tuple[str, dict[str, str]]]:
        yield "/xapi/statements", {"attachments": "true"}
        yield "/xapi/statements", {"format": "canonical"}
        yield "/xapi/statements", {"agent": json.dumps(AGENTS[0]), "related_agents": "true"}
        yield "/xapi/statements", {"activity": COURSES[0], "related_activities": "true"}
        for id_ in IDS:
            yield "/xapi/statements", {"statementId": id_}
            yield "/xapi/statements", {"voidedStatementId": id_}
        yield "/xapi/agents", {"agent": json.dumps(AGENTS[0])}
        yield "/xapi/activities", {"activityId": COURSES[0]}
        for path, name in DOCUMENTS.items():
            where = addressed(path, AGENTS[0], COURSES[0])
            yield path, where
            yield path, {**where, name: "same"}
        for path in management(self.wire):
            yield path, {}

    @rule(side=sides, id_=ids, agent=agents, course=courses, put=st.booleans())
    def store(self, side: int, id_: str, agent: Any, course: str, put: bool) -> None:
        sent = self.statement(side, id_, agent, course)
        if put:
            self.act(side, "PUT", "/xapi/statements", sent, statementId=id_)
        else:
            self.act(side, "POST", "/xapi/statements", [sent])

    def statement(self, side: int, id_: str, agent: Any, course: str) -> dict[str, Any]:
        mark = self.marks[side]
        definition = {"name": {"en": mark}, "extensions": {"https://example.org/x": mark}}
        return {
            "id": id_,
            "actor": {**agent, "name": mark},
            "verb": {"id": VERB, "display": {"en": mark}},
            "object": {"id": course, "definition": definition},
        }

    @rule(side=sides, id_=ids, voided=ids)
    def void(self, side: int, id_: str, voided: str) -> None:
        sent = self.statement(side, id_, AGENTS[0], COURSES[0])
        sent["verb"] = {"id": VOIDED}
        sent["object"] = {"objectType": "StatementRef", "id": voided}
        self.act(side, "POST", "/xapi/statements", sent)

    @rule(side=sides, id_=ids, with_file=st.booleans())
    def attach(self, side: int, id_: str, with_file: bool) -> None:
        if with_file:
            id_ = str(uuid.uuid4())  # so that it is stored, and not refused for an id that is taken
        sent = self.statement(side, id_, AGENTS[0], COURSES[0])
        said = {
            "usageType": "https://example.org/usage/file",
            "display": {"en": "A file"},
            "contentType": "text/plain",
            "length": len(FILE),
            "sha2": SHA2,
        }
        if not with_file:
            said["fileUrl"] = "https://example.org/file"
        parts = [Part(SHA2, "text/plain", FILE)] if with_file else []
        body = write_mixed(
            "edge-of-parts", json.dumps({**sent, "attachments": [said]}).encode(), parts
        )
        headers = {"Content-Type": "multipart/mixed; boundary=edge-of-parts"}
        self.act_raw(side, "POST", "/xapi/statements", body, headers)

    @rule(side=sides, id_=ids)
    def be_refused(self, side: int, id_: str) -> None:
        sent = self.statement(side, id_, {"mbox": "no address"}, COURSES[0])
        assert self.act(side, "POST", "/xapi/statements", sent).status_code == 400

    @rule(
        side=sides,
        path=documents,
        agent=agents,
        course=courses,
        method=st.sampled_from(["PUT", "POST", "DELETE"]),
    )
    def document(self, side: int, path: str, agent: Any, course: str, method: str) -> None:
        where = {**addressed(path, agent, course), DOCUMENTS[path]: "same"}
        body = None if method == "DELETE" else {"mark": self.marks[side]}
        headers = {} if path.endswith("state") or method == "POST" else {"If-Match": "*"}
        if (
            method == "PUT"
            and headers
            and self.keys[side].ask("GET", path, **where).status_code == 404
        ):
            headers = {"If-None-Match": "*"}
        reply = self.act_raw(side, method, path, body, headers, **where)
        assert reply.status_code in (204, 412), reply.data

    @rule(side=sides)
    def forget_state(self, side: int) -> None:
        self.act(
            side, "DELETE", "/xapi/activities/state", **addressed("state", AGENTS[0], COURSES[0])
        )

    @rule(side=sides)
    def follow_a_link_of_the_other(self, side: int) -> None:
        more = self.keys[1 - side].ask("GET", "/xapi/statements", limit="1").get_json()["more"]
        if more:
            assert self.keys[side].ask("GET", more).status_code == 400

    @rule(side=sides)
    def read_by_token(self, side: int) -> None:
        made = self.keys[side].made
        form = {
            "grant_type": "client_credentials",
            "client_id": made.key,
            "client_secret": made.secret,
        }
        reply = self.wire.app.test_client().post("/oauth/token", data=form)
        token = {"Authorization": f"Bearer {reply.get_json()['access_token']}"}
        by_token = self.keys[side].ask("GET", headers=token)
        self.unmarked(side, by_token)
        assert by_token.data == self.keys[side].get().data

    def forward(self, side: int) -> None:
        given = {"name": self.marks[side], "kind": "xapi", "url": "https://lrs.example.org/xapi"}
        assert self.act(side, "POST", f"{PREFIX}/forwarding", given).status_code == 201

    @rule(side=sides)
    def make_a_key(self, side: int) -> None:
        self.act(side, "POST", f"{PREFIX}/keys", {"name": self.marks[side]})

    @rule(side=sides)
    def touch_what_the_other_has(self, side: int) -> None:
        """Every route of the management API that names one thing, with the other's things."""
        theirs = self.keys[1 - side]
        for path, method in named(self.wire):
            collection = path[: path.index("/<")]
            for name in names_in(theirs.ask("GET", collection).get_json()):
                address = re.sub(r"<[^>]+>", name, path)
                body = None if method in ("GET", "DELETE") else BODIES.get(path, {})
                reply = self.act(side, method, address, body)
                assert reply.status_code in (200, 404), (method, path, reply.data)
                if reply.status_code == 200:
                    assert (method, reply.get_json()) == ("DELETE", {"dropped": 0})

    @rule(side=sides, lenient=st.booleans())
    def replay_what_the_other_was_refused(self, side: int, lenient: bool) -> None:
        theirs = names_in(self.keys[1 - side].ask("GET", f"{PREFIX}/refusals").get_json())
        if theirs:
            asked = {"ids": [int(each) for each in theirs], "lenient": lenient}
            reply = self.act(side, "POST", f"{PREFIX}/refusals/replay", asked)
            assert reply.status_code == 404, reply.data

    @rule(side=sides)
    def replay_all(self, side: int) -> None:
        self.act(side, "POST", f"{PREFIX}/refusals/replay", {"all": True, "lenient": True})


BODIES: dict[str, Any] = {f"{PREFIX}/keys/<key>": {"lenient": True}}


def addressed(path: str, agent: Any, course: str) -> dict[str, str]:
    activity, who = {"activityId": course}, {"agent": json.dumps(agent)}
    return {**activity, **who} if path.endswith("state") else who if "agents" in path else activity


def ours(wire: Wire) -> Iterator[tuple[str, str]]:
    for each in wire.app.url_map.iter_rules():
        module = wire.app.view_functions[each.endpoint].__module__
        if each.rule.startswith(PREFIX) and module.startswith("lrs."):
            for method in (each.methods or set()) - {"HEAD", "OPTIONS"}:
                yield each.rule, method


def management(wire: Wire) -> list[str]:
    """The addresses of the management API that list what there is."""
    return sorted(path for path, method in ours(wire) if method == "GET" and "<" not in path)


def named(wire: Wire) -> list[tuple[str, str]]:
    """The routes of the management API that name one thing."""
    return sorted((path, method) for path, method in ours(wire) if "<" in path)


def names_in(listed: Any) -> list[str]:
    """The names by which the things of a list are addressed."""
    if isinstance(listed, dict):
        listed = next((value for value in listed.values() if isinstance(value, list)), [])
    return [str(each.get("key") or each.get("id")) for each in listed]


@pytest.mark.parametrize(("kind", "examples"), [("sqlite", 6), ("postgresql", 2)])
def test_nothing_crosses_between_tenants(make_wire: MakeWire, kind: str, examples: int) -> None:
    wire = make_wire(kind)
    run_state_machine_as_test(
        lambda: Walls(wire),
        settings=hypothesis.settings(
            max_examples=examples,
            stateful_step_count=10,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],
            suppress_health_check=list(hypothesis.HealthCheck),
        ),
    )
