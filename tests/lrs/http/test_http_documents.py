"""State, agent profiles and activity profiles over HTTP (Communication 2.2, 2.3, 2.6, 2.7, 3.1)."""

from __future__ import annotations

import hashlib
import json
import threading
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from wiring import Reply, Wire, new_id

AGENT = {"mbox": "mailto:ada@example.org"}
ACTIVITY = "https://example.org/courses/1"
RESOURCES = {
    "state": ("/xapi/activities/state", "stateId", {"activityId": ACTIVITY, "agent": AGENT}),
    "agent": ("/xapi/agents/profile", "profileId", {"agent": AGENT}),
    "activity": ("/xapi/activities/profile", "profileId", {"activityId": ACTIVITY}),
}


class Shelf:
    """One of the three resources, spoken to in one version."""

    def __init__(self, wire: Wire, resource: str, version: str = "1.0.3") -> None:
        self.wire = wire
        self.resource = resource
        self.path, self.name, self.context = RESOURCES[resource]
        self.version = version

    def ask(
        self,
        method: str,
        name: str | None = "d",
        body: Any = None,
        headers: dict[str, str | None] | None = None,
        **args: str,
    ) -> Reply:
        asked = {**self.context, **args}
        if name is not None:
            asked[self.name] = name
        texts = {k: json.dumps(v) if isinstance(v, dict) else v for k, v in asked.items()}
        sent = {"X-Experience-API-Version": self.version, **(headers or {})}
        return self.wire.ask(method, f"{self.path}?{urlencode(texts)}", body, sent)

    def put(self, content: Any, name: str = "d", **headers: str) -> Reply:
        return self._send("PUT", content, name, headers)

    def post(self, content: Any, name: str = "d", **headers: str) -> Reply:
        return self._send("POST", content, name, headers)

    def _send(self, method: str, content: Any, name: str, headers: dict[str, str]) -> Reply:
        named: dict[str, str | None] = {k.replace("_", "-"): v for k, v in headers.items()}
        return self.ask(method, name, content, named)

    def get(self, name: str | None = "d", **args: str) -> Reply:
        return self.ask("GET", name, **args)


@pytest.fixture(params=sorted(RESOURCES))
def shelf(request: pytest.FixtureRequest, wire: Wire) -> Shelf:
    return Shelf(wire, request.param)


@pytest.fixture(params=sorted(RESOURCES))
def shelf2(request: pytest.FixtureRequest, wire: Wire) -> Shelf:
    return Shelf(wire, request.param, "2.0.0")


def status(reply: Reply) -> int:
    return int(reply.status_code)


def test_document_comes_back_as_it_was_sent_with_type_and_sha1_etag(shelf: Shelf) -> None:
    content = b"\x00\xff anything at all"
    reply = shelf.post(content, Content_Type="image/png")
    assert reply.status_code == 204, reply.data
    back = shelf.get()
    assert (back.status_code, back.data, back.headers["Content-Type"]) == (
        200,
        content,
        "image/png",
    )
    assert back.headers["ETag"] == f'"{hashlib.sha1(content).hexdigest()}"'  # noqa: S324
    assert parsedate_to_datetime(back.headers["Last-Modified"]).year >= 2026


def test_head_answers_like_get_without_a_body(shelf: Shelf) -> None:
    shelf.post({"a": 1})
    got, head = shelf.get(), shelf.ask("HEAD")
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["ETag"] == got.headers["ETag"]


def test_what_is_not_there_is_404(shelf: Shelf) -> None:
    assert status(shelf.get()) == 404


def test_post_merges_json_one_level_and_keeps_how_numbers_were_written(shelf: Shelf) -> None:
    shelf.post(b'{"a": 1.10, "b": {"c": 1}}')
    assert status(shelf.post(b'{"b": {"d": 2}, "e": 3}')) == 204
    assert shelf.get().data == b'{"a":1.10,"b":{"d": 2},"e":3}'
    assert shelf.get().headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("there", "sent"),
    [("text/plain", "application/json"), ("application/json", "text/plain")],
)
def test_post_to_what_is_not_json_is_400_and_changes_nothing(
    shelf: Shelf, there: str, sent: str
) -> None:
    shelf.post(b'{"a":1}', Content_Type=there)
    assert status(shelf.post(b'{"b":2}', Content_Type=sent)) == 400
    assert shelf.get().data == b'{"a":1}'


@pytest.mark.parametrize("content", [b"[1]", b'"text"', b"{broken", b"", b'{"a":NaN}'])
def test_post_of_json_that_is_no_object_is_400(shelf: Shelf, content: bytes) -> None:
    assert status(shelf.post(content)) == 400
    assert status(shelf.get()) == 404


def test_put_with_an_old_etag_is_412_and_with_the_new_one_204(shelf: Shelf) -> None:
    shelf.post({"a": 1})
    tag = shelf.get().headers["ETag"]
    assert status(shelf.put({"a": 2}, If_Match='"1234"')) == 412
    assert shelf.get().get_json() == {"a": 1}
    assert status(shelf.put({"a": 2}, If_Match=tag)) == 204
    assert status(shelf.put({"a": 3}, If_Match=tag)) == 412
    assert shelf.get().get_json() == {"a": 2}


def test_etag_without_quotes_is_taken(shelf: Shelf) -> None:
    shelf.post({"a": 1})
    bare = shelf.get().headers["ETag"].strip('"')
    assert status(shelf.put({"a": 2}, If_Match=bare)) == 204


def test_if_none_match_star_takes_new_and_refuses_existing(shelf: Shelf) -> None:
    assert status(shelf.put({"a": 1}, If_None_Match="*")) == 204
    assert status(shelf.put({"a": 2}, If_None_Match="*")) == 412
    assert shelf.get().get_json() == {"a": 1}


def test_post_and_delete_hold_if_match(shelf: Shelf) -> None:
    shelf.post({"a": 1})
    assert status(shelf.post({"b": 1}, If_Match='"1234"')) == 412
    assert status(shelf.ask("DELETE", headers={"If-Match": '"1234"'})) == 412
    tag = shelf.get().headers["ETag"]
    assert status(shelf.ask("DELETE", headers={"If-Match": tag})) == 204
    assert status(shelf.get()) == 404


def test_delete_of_what_is_gone_is_204(shelf: Shelf) -> None:
    assert status(shelf.ask("DELETE")) == 204


@pytest.mark.parametrize("resource", ["agent", "activity"])
def test_1_0_3_put_of_a_profile_without_condition_is_400_new_and_409_existing(
    wire: Wire, resource: str
) -> None:
    profile = Shelf(wire, resource)
    assert status(profile.put({"a": 1})) == 400
    profile.post({"a": 1})
    assert status(profile.put({"a": 2})) == 409
    assert profile.get().get_json() == {"a": 1}


def test_1_0_3_put_of_state_needs_no_condition(wire: Wire) -> None:
    state = Shelf(wire, "state")
    assert [status(state.put({"a": n})) for n in (1, 2)] == [204, 204]
    assert state.get().get_json() == {"a": 2}


def test_2_0_put_without_condition_takes_new_and_is_409_over_existing(shelf2: Shelf) -> None:
    assert status(shelf2.put({"a": 1})) == 204
    reply = shelf2.put({"a": 2})
    assert (reply.status_code, reply.headers["X-Experience-API-Version"]) == (409, "2.0.0")
    assert "hint" in reply.get_json()["error"]
    assert shelf2.get().get_json() == {"a": 1}


def test_list_names_all_and_since_only_what_changed_after(shelf: Shelf) -> None:
    assert shelf.get(None).get_json() == []
    for name in ("b", "a", "c"):
        shelf.post({"n": name}, name)
    assert shelf.get(None).get_json() == ["a", "b", "c"]
    assert shelf.get(None, since="2999-01-01T00:00:00Z").get_json() == []
    assert shelf.get(None, since="2001-01-01T00:00:00Z").get_json() == ["a", "b", "c"]


def test_2_0_every_answer_with_documents_says_when_it_was_modified(shelf2: Shelf) -> None:
    shelf2.post({"a": 1})
    assert "Last-Modified" in shelf2.get().headers
    assert "Last-Modified" in shelf2.get(None).headers


def test_state_of_a_registration_is_another_document(wire: Wire) -> None:
    state = Shelf(wire, "state")
    one = new_id()
    state.post({"n": 0})
    state.ask("POST", body={"n": 1}, registration=one)
    assert state.get().get_json() == {"n": 0}
    assert state.get(registration=one).get_json() == {"n": 1}
    assert status(state.get(registration=new_id())) == 404
    assert state.get(None).get_json() == ["d"]


def test_delete_of_state_without_an_id_clears_the_context_only(wire: Wire) -> None:
    state, one = Shelf(wire, "state"), new_id()
    other = Shelf(wire, "state")
    other.context = {**state.context, "agent": {"mbox": "mailto:bo@example.org"}}
    for shelf in (state, other):
        shelf.post({"n": 0}, "x")
        shelf.ask("POST", "y", {"n": 1}, registration=one)
    assert status(state.ask("DELETE", None, registration=one)) == 204
    assert state.get(None).get_json() == ["x"]
    assert status(state.ask("DELETE", None)) == 204
    assert state.get(None).get_json() == []
    assert other.get(None).get_json() == ["x", "y"]


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
@pytest.mark.parametrize("resource", ["agent", "activity"])
def test_profiles_are_written_by_name_only(wire: Wire, resource: str, method: str) -> None:
    reply = Shelf(wire, resource).ask(method, None, {}, {"If-None-Match": "*"})
    assert (reply.status_code, reply.get_json()["error"]["where"]) == (400, "profileId")


@pytest.mark.parametrize(
    ("resource", "args", "where"),
    [
        ("state", {"agent": "nobody"}, "agent"),
        ("state", {"agent": '{"name":"no identifier"}'}, "agent"),
        ("state", {"activityId": "not an iri"}, "activityId"),
        ("state", {"registration": "1"}, "registration"),
        ("agent", {"registration": "6f1b1d3e-8a52-4c05-9c43-8f2a35fd3c1b"}, "registration"),
        ("activity", {"colour": "red"}, "colour"),
        ("activity", {"since": "yesterday"}, "since"),
    ],
)
def test_a_parameter_that_cannot_be_is_400_and_named(
    wire: Wire, resource: str, args: dict[str, str], where: str
) -> None:
    reply = Shelf(wire, resource).ask("GET", None, **args)
    assert reply.status_code == 400
    assert reply.get_json()["error"]["where"].startswith(where)


def test_documents_of_another_tenant_are_not_there(wire: Wire, shelf: Shelf) -> None:
    shelf.post({"a": 1})
    stranger = Shelf(wire.as_key("all", tenant="other"), shelf.resource)
    assert status(stranger.get()) == 404
    assert stranger.get(None).get_json() == []
    assert status(stranger.ask("DELETE")) == 204
    assert status(shelf.get()) == 200


def test_a_key_for_statements_may_not_touch_documents(wire: Wire, shelf: Shelf) -> None:
    narrow = wire.as_key("statements/write", "statements/read")
    other = Shelf(narrow, shelf.resource)
    assert status(other.get()) == 403
    assert status(other.post({"a": 1})) == 403


def test_a_reading_key_reads_documents_and_writes_none(wire: Wire, shelf: Shelf) -> None:
    shelf.post({"a": 1})
    reader = wire.as_key("all/read")
    other = Shelf(reader, shelf.resource)
    assert status(other.get()) == 200
    assert status(other.post({"a": 1})) == 403


def test_of_many_that_make_the_same_document_at_once_one_does(wire: Wire) -> None:
    replies: list[int] = []
    start = threading.Barrier(6)

    def make(number: int) -> None:
        start.wait()
        replies.append(status(Shelf(wire, "activity").put({"n": number}, If_None_Match="*")))

    threads = [threading.Thread(target=make, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(replies) == [204, 412, 412, 412, 412, 412]
