"""Communication 2.2, 2.3, 2.6, 2.7 and 3.1: state and profiles, in both versions."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any, NamedTuple

import pytest
from conformance_asking import Lrs, new_id, somebody, something
from serving import Reply

KINDS = ("state", "agent profile", "activity profile")
PATHS = {
    "state": "/activities/state",
    "agent profile": "/agents/profile",
    "activity profile": "/activities/profile",
}
METHODS = ("GET", "PUT", "POST", "DELETE")
NEW = {"If-None-Match": "*"}
FIRST = {"a": 1, "b": {"c": 1, "d": 1}}
LISTED_FROM = "2020-01-01T00:00:00Z"


class Shelf(NamedTuple):
    """Where documents of nobody else lie, in one of the three resources."""

    lrs: Lrs
    kind: str
    place: dict[str, str]

    @property
    def name(self) -> str:
        """Return the parameter that names a document."""
        return "stateId" if self.kind == "state" else "profileId"

    def one(self, name: str = "one") -> dict[str, str]:
        return {**self.place, self.name: name}

    def ask(
        self, method: str, body: Any = None, headers: dict[str, Any] | None = None, **query: str
    ) -> Reply:
        """Ask with exactly these parameters; a PUT is of a new document unless it says so."""
        given = NEW if method == "PUT" and headers is None else headers
        return self.lrs.ask(method, PATHS[self.kind], body, given, **query)

    def keep(self, body: Any = FIRST, name: str = "one", **headers: str) -> None:
        kept = self.ask("PUT", body, {**NEW, **headers}, **self.one(name))
        assert (kept.status, kept.body) == (204, b"")

    def read(self, name: str = "one") -> Reply:
        return self.ask("GET", **self.one(name))

    def names(self, **query: str) -> list[str]:
        reply = self.ask("GET", **{**self.place, **query})
        assert reply.status == 200, reply.body
        return sorted(reply.json)


def shelf(lrs: Lrs, kind: str) -> Shelf:
    """A fresh place in one of the three resources."""
    agent, activity = json.dumps(somebody()), something()["id"]
    place = {
        "state": {"activityId": activity, "agent": agent},
        "agent profile": {"agent": agent},
        "activity profile": {"activityId": activity},
    }
    return Shelf(lrs, kind, place[kind])


@pytest.fixture(params=KINDS)
def docs(request: pytest.FixtureRequest, lrs: Lrs) -> Shelf:
    """Each of the three resources, on both kinds of database, in both versions."""
    return shelf(lrs, request.param)


@pytest.fixture(params=KINDS)
def lite(request: pytest.FixtureRequest, rules: Lrs) -> Shelf:
    """Each of the three resources, for rules that end before the database."""
    return shelf(rules, request.param)


@pytest.fixture(params=KINDS)
def docs2(request: pytest.FixtureRequest, lrs2: Lrs) -> Shelf:
    """Each of the three resources, in version 2.0."""
    return shelf(lrs2, request.param)


# State: 187-194, 216, 217, 230, 231, 233. Agent profiles: 259, 269-274, 280, 282, 283.
# Activity profiles: 285-293, 310-312.
def test_xapi_00187_00188_00190_00192_00217_00230_a_document_is_kept_and_given_back(
    docs: Shelf,
) -> None:
    content = b"\x00\xff any bytes \r\n"
    docs.keep(content, **{"Content-Type": "image/png"})
    reply = docs.read()
    assert (reply.status, reply.body) == (200, content)
    assert reply.headers["Content-Type"] == "image/png"
    assert docs.read("other").status == 404


def test_xapi_00259_00269_00273_00274_00282_00287_00288_00290_00293_00311_profiles_too(
    docs: Shelf,
) -> None:
    docs.keep()
    reply = docs.read()
    assert (reply.status, reply.json) == (200, FIRST)


def test_xapi_00191_00216_00271_00285_00291_a_document_is_deleted(docs: Shelf) -> None:
    docs.keep()
    docs.keep(name="two")
    reply = docs.ask("DELETE", **docs.one())
    assert (reply.status, reply.body) == (204, b"")
    assert docs.read().status == 404
    assert docs.names() == ["two"]


def test_xapi_00193_00270_00289_without_a_name_the_names_are_listed(docs: Shelf) -> None:
    assert docs.names() == []
    for name in ("two", "one", "Å/&"):
        docs.keep(name=name)
    assert docs.names() == ["one", "two", "Å/&"]


def test_xapi_00195_00221_00222_00268_00275_00294_00303_a_list_since_an_instant(
    docs: Shelf,
) -> None:
    docs.keep(name="old")
    time.sleep(0.002)
    between = docs.lrs.stored({**_STATEMENT})["stored"]
    time.sleep(0.002)
    docs.keep(name="new")
    assert docs.names(since=between) == ["new"]
    assert docs.names(since=LISTED_FROM) == ["new", "old"]
    assert docs.names(since="2099-01-01T00:00:00Z") == []


_STATEMENT = {
    "actor": {"mbox": "mailto:clock@example.org"},
    "verb": {"id": "https://example.org/verbs/looked"},
    "object": {"id": "https://example.org/clock"},
}


def test_xapi_00204_00260_00295_since_is_a_timestamp(lite: Shelf) -> None:
    for wrong in ("", "yesterday", "2026-13-01T00:00:00Z", "1"):
        assert lite.ask("GET", **lite.place, since=wrong).status == 400


def test_xapi_00205_00223_since_is_of_lists_only(lite: Shelf) -> None:
    for method in ("PUT", "POST", "DELETE"):
        body = None if method == "DELETE" else {}
        assert lite.ask(method, body, **lite.one(), since=LISTED_FROM).status == 400
    if lite.kind == "state":
        assert lite.ask("DELETE", **lite.place, since=LISTED_FROM).status == 400


def test_xapi_00189_00231_00233_00272_00280_00283_00286_00292_00310_00312_post_makes_a_new_one(
    docs: Shelf,
) -> None:
    reply = docs.ask("POST", FIRST, **docs.one())
    assert (reply.status, reply.body) == (204, b"")
    assert docs.read().json == FIRST


def test_xapi_00183_00184_00234_00279_00308_post_merges_one_level(docs: Shelf) -> None:
    docs.keep()
    merged = docs.ask("POST", {"b": {"e": 2}, "f": [1.10]}, **docs.one())
    assert (merged.status, merged.body) == (204, b"")
    assert docs.read().json == {"a": 1, "b": {"e": 2}, "f": [1.10]}
    assert docs.read().headers["Content-Type"].startswith("application/json")


def test_xapi_00229_00313_post_over_what_is_no_object_is_refused(docs: Shelf) -> None:
    docs.keep([1, 2])
    assert docs.ask("POST", FIRST, **docs.one()).status == 400
    assert docs.read().json == [1, 2]
    docs.keep(name="two")
    for wrong in ([1], "x", 1):
        assert docs.ask("POST", wrong, **docs.one("two")).status == 400
    assert docs.read("two").json == FIRST


def test_xapi_00182_00232_00278_00309_post_of_another_type_changes_nothing(docs: Shelf) -> None:
    docs.keep()
    docs.keep(b"plain", "text", **{"Content-Type": "text/plain"})
    plain = {"Content-Type": "text/plain"}
    assert docs.ask("POST", b"{}", plain, **docs.one()).status == 400
    assert docs.ask("POST", FIRST, **docs.one("text")).status == 400
    assert docs.read().json == FIRST
    assert docs.read("text").body == b"plain"


def test_xapi_00235_00281_00284_00314_post_of_broken_json_is_refused(lite: Shelf) -> None:
    for wrong in (b"{", b'{"a": }', b"{'a': 1}", b"", b"[1]", b'"x"'):
        assert lite.ask("POST", wrong, **lite.one(new_id())).status == 400


# State: 206-215. Agent profiles: 261-267. Activity profiles: 296-302.
def test_xapi_00206_to_00215_00261_to_00267_00296_to_00302_a_missing_parameter(
    lite: Shelf,
) -> None:
    for method in METHODS:
        body = {} if method in ("PUT", "POST") else None
        for name in lite.place:
            rest = {key: value for key, value in lite.one().items() if key != name}
            assert lite.ask(method, body, **rest).status == 400, (method, name)
        if method in ("PUT", "POST") or (method == "DELETE" and lite.kind != "state"):
            assert lite.ask(method, body, **lite.place).status == 400, method


# State: 196-199. Agent profiles: 255-258.
def test_xapi_00196_to_00199_00255_to_00258_an_agent_is_one(lite: Shelf) -> None:
    for wrong in ("", "ann", "{", "[]", "{}", '{"name": "Ann"}', '{"mbox": "ann@example.org"}'):
        for method in METHODS:
            body = {} if method in ("PUT", "POST") else None
            # The parameter does not exist beside an activity profile (304).
            assert lite.ask(method, body, **{**lite.one(), "agent": wrong}).status == 400


def test_xapi_00304_an_activity_profile_is_of_no_agent(rules: Lrs) -> None:
    docs = shelf(rules, "activity profile")
    for method in METHODS:
        body = {} if method in ("PUT", "POST") else None
        assert docs.ask(method, body, **docs.one(), agent=json.dumps(somebody())).status == 400


def test_xapi_00200_to_00203_a_registration_is_a_uuid(lite: Shelf) -> None:
    for method in METHODS:
        body = {} if method in ("PUT", "POST") else None
        for wrong in ("", "42", new_id() + "0"):
            assert lite.ask(method, body, **lite.one(), registration=wrong).status == 400


def test_xapi_00218_to_00220_00227_state_of_a_registration_is_another(lrs: Lrs) -> None:
    docs = shelf(lrs, "state")
    docs.keep()
    registered = {**docs.one(), "registration": new_id()}
    assert docs.ask("GET", **registered).status == 404
    assert docs.ask("PUT", {"a": 2}, **registered).status == 204
    assert docs.ask("POST", {"b": 2}, **registered).status == 204
    assert docs.ask("GET", **registered).json == {"a": 2, "b": 2}
    assert docs.read().json == FIRST
    assert docs.names(registration=registered["registration"]) == ["one"]
    assert docs.ask("DELETE", **registered).status == 204
    assert docs.ask("GET", **registered).status == 404
    assert docs.read().status == 200


def test_xapi_00194_state_is_deleted_whole(lrs: Lrs) -> None:
    docs, other = shelf(lrs, "state"), shelf(lrs, "state")
    for name in ("one", "two"):
        docs.keep(name=name)
        other.keep(name=name)
    assert docs.ask("DELETE", **docs.place).status == 204
    assert docs.names() == []
    assert other.names() == ["one", "two"]


def test_xapi_00224_to_00226_00228_00276_00277_00305_to_00307_a_name_is_any_text(
    docs: Shelf,
) -> None:
    for name in ("1", "true", '{"a": 1}', "a/b?c=d&e", "Å 🎓"):
        docs.keep({"name": name}, name)
        assert docs.read(name).json == {"name": name}
        assert docs.ask("POST", {"more": 1}, **docs.one(name)).status == 204
        assert docs.ask("DELETE", **docs.one(name)).status == 204
    assert docs.names() == []


def test_xapi_00185_00186_what_is_kept_outlives_the_connection(docs: Shelf) -> None:
    docs.keep()
    with Lrs(docs.lrs.served, docs.lrs.version) as later:
        assert docs._replace(lrs=later).read().json == FIRST


def test_xapi_00322_an_etag_says_which_content_was_read(docs: Shelf) -> None:
    docs.keep()
    reply = docs.read()
    tag = reply.headers["ETag"]
    assert tag == f'"{hashlib.sha1(reply.body, usedforsecurity=False).hexdigest()}"'
    assert docs.ask("PUT", {"a": 2}, NEW, **docs.one()).status == 412
    for method in ("PUT", "POST", "DELETE"):
        body = None if method == "DELETE" else {"a": 2}
        stale = docs.ask(method, body, {"If-Match": '"' + "0" * 40 + '"'}, **docs.one())
        assert stale.status == 412, method
    assert docs.read().json == FIRST
    assert docs.ask("PUT", {"a": 2}, {"If-Match": tag}, **docs.one()).status == 204
    newer = docs.read()
    assert newer.json == {"a": 2}
    assert newer.headers["ETag"] != tag
    match = {"If-Match": newer.headers["ETag"]}
    assert docs.ask("POST", {"b": 2}, match, **docs.one()).status == 204
    match = {"If-Match": docs.read().headers["ETag"]}
    assert docs.ask("DELETE", None, match, **docs.one()).status == 204


def test_xapi_00322_a_put_that_could_overwrite_says_so(docs: Shelf) -> None:
    first = docs.ask("PUT", FIRST, {}, **docs.one())
    careful = docs.kind != "state" and not docs.lrs.second
    assert first.status == (400 if careful else 204)
    if careful:
        docs.keep()
    again = docs.ask("PUT", {"a": 2}, {}, **docs.one())
    if docs.kind == "state" and not docs.lrs.second:
        assert again.status == 204
        return
    assert again.status == 409
    assert again.json["error"]["hint"]
    assert docs.read().json == FIRST


def test_v2_a_document_says_when_it_was_modified(docs2: Shelf) -> None:
    docs2.keep()
    for reply in (docs2.read(), docs2.ask("GET", **docs2.place)):
        assert reply.headers["Last-Modified"].endswith("GMT")
