"""Communication 1.1 to 1.4, 3 and 4: HEAD, forms instead of requests, versions, keys, errors."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from conformance_asking import Lrs, new_id, somebody, something, statement
from serving import Reply, basic

from lrs.access.keys import make_key
from lrs.store.database import Database

FORM = "application/x-www-form-urlencoded"
VERSION = "X-Experience-API-Version"


def readable(lrs: Lrs) -> list[tuple[str, dict[str, str]]]:
    """Return an address of every resource that can be read, with something there."""
    agent, activity = json.dumps(somebody()), something()["id"]
    one = {"activityId": activity, "agent": agent, "stateId": "x"}
    assert lrs.ask("PUT", "/activities/state", {"a": 1}, **one).status == 204
    return [
        ("/statements", {"limit": "2"}),
        ("/statements", {"statementId": lrs.takes(statement())}),
        ("/activities/state", one),
        ("/activities/state", {"activityId": activity, "agent": agent}),
        ("/agents/profile", {"agent": agent}),
        ("/activities/profile", {"activityId": activity}),
        ("/agents", {"agent": agent}),
        ("/activities", {"activityId": activity}),
        ("/about", {}),
    ]


def test_xapi_00125_00126_head_is_get_without_the_body(lrs: Lrs) -> None:
    for path, query in readable(lrs):
        get, head = lrs.ask("GET", path, **query), lrs.ask("HEAD", path, **query)
        assert (head.status, head.body) == (200, b""), path
        named = ("Content-Type", "Content-Length", "ETag", "Last-Modified", VERSION)
        assert [head.headers[each] for each in named] == [get.headers[each] for each in named]
    assert lrs.ask("HEAD", "/statements", statementId=new_id()).status == 404
    assert lrs.ask("HEAD", "/statements", limit="x").status == 400


def test_xapi_00140_00141_every_resource_answers(rules: Lrs) -> None:
    for path, query in readable(rules):
        assert rules.ask("GET", path, **query).status == 200, path


def form(
    lrs: Lrs, method: str, path: str, headers: dict[str, Any] | None = None, **given: str
) -> Reply:
    """Send a request in the alternate syntax: everything but the method stands in the form."""
    inside = {**lrs.served.headers, VERSION: lrs.version, **(headers or {}), **given}
    outside = {"Content-Type": FORM, "Authorization": None, VERSION: None}
    body = urlencode({key: value for key, value in inside.items() if value is not None})
    return lrs.ask("POST", f"{path}?method={method}", body.encode(), outside)


def test_xapi_00148_a_form_reads_statements(rules1: Lrs) -> None:
    id_ = rules1.takes(statement())
    assert form(rules1, "GET", "/statements", statementId=id_).json["id"] == id_
    assert form(rules1, "GET", "/statements", limit="1").json["statements"]


def test_xapi_00336_a_form_stands_for_every_request(rules1: Lrs) -> None:
    id_, made = new_id(), {"Content-Type": "application/json"}
    text = json.dumps(statement(result={"response": "Å & = 🎓"}))
    put = form(rules1, "PUT", "/statements", made, statementId=id_, content=text)
    assert put.status == 204
    got = form(rules1, "GET", "/statements", statementId=id_)
    assert got.json["result"]["response"] == "Å & = 🎓"
    assert form(rules1, "POST", "/statements", made, content=text).status == 200
    assert form(rules1, "HEAD", "/statements", statementId=id_).status == 200
    one = {"activityId": something()["id"], "agent": json.dumps(somebody()), "stateId": "x"}
    state = "/activities/state"
    assert form(rules1, "PUT", state, {"If-None-Match": "*"}, **one, content="{}").status == 204
    assert form(rules1, "POST", state, made, **one, content='{"a": 1}').status == 204
    assert form(rules1, "DELETE", state, **one).status == 204
    assert form(rules1, "GET", state, **one).status == 404


def test_xapi_00336_a_form_that_is_none_is_refused(rules1: Lrs) -> None:
    rules1.faulty("POST", "/statements?method=GET&limit=1")
    assert form(rules1, "PATCH", "/statements", limit="1").status == 400
    assert form(rules1, "PUT", "/statements", statementId=new_id()).status == 400, "no content"


def test_v2_has_no_alternate_syntax(rules2: Lrs) -> None:
    assert form(rules2, "GET", "/statements", limit="1").status == 400


@pytest.mark.parametrize("name", ["limit", "since", "activity", "statementId"])
def test_xapi_00324_00325_a_parameter_is_known_and_written_as_it_is(rules: Lrs, name: str) -> None:
    for wrong in (name.upper() if name != "statementId" else "statementid", f"{name}x"):
        rules.faulty("GET", "/statements", **{wrong: "1"})
    rules.faulty("POST", "/statements", statement(), foo="bar")
    rules.faulty("PUT", "/statements", statement(), statementId=new_id(), foo="bar")
    rules.faulty("GET", "/agents", agent=json.dumps(somebody()), foo="bar")
    rules.faulty("GET", "/agents", Agent=json.dumps(somebody()))
    rules.faulty("GET", "/activities", activityid=something()["id"])
    one = {"activityId": something()["id"], "agent": json.dumps(somebody())}
    rules.faulty("GET", "/activities/state", **one, stateid="x")
    rules.faulty("GET", "/agents/profile", agent=one["agent"], ProfileId="x")
    rules.faulty("GET", "/activities/profile", activityId=one["activityId"], profileID="x")


def test_xapi_00323_each_refusal_has_the_status_of_its_fault(lrs: Lrs) -> None:
    stored = statement(id=new_id())
    lrs.takes(stored)
    assert lrs.post({}).status == 400
    assert lrs.ask("POST", "/statements", stored, {"Authorization": None}).status == 401
    assert lrs.get(statementId=new_id()).status == 404
    assert lrs.post({**stored, "result": {"success": True}}).status == 409
    for method in ("DELETE", "PATCH"):
        assert lrs.ask(method, "/statements").status == 405
    assert lrs.ask("GET", "/statement").status == 404


def test_xapi_00327_a_key_without_the_scope_is_403(lrs: Lrs) -> None:
    settings = lrs.served.settings
    database = Database(settings)
    reader = make_key(database, settings, name="Reader", scopes=("statements/read",))
    database.close()
    headers = {"Authorization": basic(reader.key, reader.secret)}
    assert lrs.ask("POST", "/statements", statement(), headers).status == 403
    assert lrs.ask("GET", "/statements", None, headers, limit="1").status == 200


def test_xapi_00328_a_body_over_the_limit_is_413(rules: Lrs) -> None:
    limit = rules.served.settings.max_body_bytes
    assert rules.post(b" " * (limit + 1)).status == 413


def test_xapi_00331_a_version_is_one_that_is_spoken(rules: Lrs) -> None:
    for spoken in ("1.0", "1.0.0", "1.0.9", "2.0", "2.0.0"):
        reply = rules.ask("GET", "/statements", headers={VERSION: spoken}, limit="1")
        assert reply.status == 200, spoken
    for wrong in ("", "0.9", "0.95", "1", "1.1", "1.1.0", "2.1.0", "3.0.0", "x"):
        reply = rules.ask("GET", "/statements", headers={VERSION: wrong}, limit="1")
        assert reply.status == 400, wrong


def test_xapi_00333_every_answer_names_the_version(rules: Lrs) -> None:
    wanted = "2.0.0" if rules.second else "1.0.3"
    for reply in (
        rules.get(limit="1"),
        rules.post(statement()),
        rules.post({}),
        rules.get(statementId=new_id()),
        rules.ask("GET", "/about"),
    ):
        assert reply.headers[VERSION] == wanted
    older = rules.ask("GET", "/statements", headers={VERSION: "1.0.1"}, limit="1")
    assert re.fullmatch(r"1\.0\.[0-9]+", older.headers[VERSION])


def test_xapi_00334_who_has_no_key_or_a_wrong_one_is_401(lrs: Lrs) -> None:
    key, secret = lrs.served.key, lrs.served.secret
    for wrong in (None, "Basic", "Basic ?", basic(key, "x"), basic("x", secret), "Bearer x", "x"):
        for method, body in (("GET", None), ("POST", statement())):
            reply = lrs.ask(method, "/statements", body, {"Authorization": wrong})
            assert reply.status == 401, wrong
            scheme = "Bearer" if wrong == "Bearer x" else "Basic"
            assert reply.headers["WWW-Authenticate"].startswith(scheme)


def test_xapi_00335_a_key_signs_in_by_http_basic(lrs: Lrs) -> None:
    signed = {"Authorization": basic(lrs.served.key, lrs.served.secret)}
    assert lrs.ask("GET", "/statements", headers=signed, limit="1").status == 200
