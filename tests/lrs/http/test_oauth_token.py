"""`POST /oauth/token` (RFC 6749, 4.4) and the tokens it answers (RFC 6750)."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from wiring import MakeWire, Reply, Wire, a_statement

from lrs.access.keys import make_key, revoke_key, update_key
from lrs.access.ring import now_us

TOKEN = "/oauth/token"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def wire(make_wire: MakeWire) -> Wire:
    return make_wire("sqlite")


def asked(
    wire: Wire, *, auth: tuple[str, str] | None = None, type_: str = FORM, **form: str
) -> Reply:
    body = urlencode(form)
    return wire.app.test_client().post(TOKEN, data=body, content_type=type_, auth=auth)


def granted(wire: Wire, **form: str) -> dict[str, Any]:
    pair = {"client_id": wire.made.key, "client_secret": wire.made.secret}
    reply = asked(wire, grant_type="client_credentials", **pair, **form)
    assert reply.status_code == 200, reply.data
    found: dict[str, Any] = reply.get_json()
    return found


def by_token(token: str) -> dict[str, str | None]:
    return {"Authorization": f"Bearer {token}"}


def test_a_token_is_answered_as_the_standard_says(wire: Wire) -> None:
    pair = {"client_id": wire.made.key, "client_secret": wire.made.secret}
    reply = asked(wire, grant_type="client_credentials", **pair)
    assert reply.status_code == 200
    assert reply.mimetype == "application/json"
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["Pragma"] == "no-cache"
    body = reply.get_json()
    assert set(body) == {"access_token", "token_type", "expires_in", "scope"}
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, "all")


def test_the_client_may_sign_in_by_http_basic(wire: Wire) -> None:
    pair = (wire.made.key, wire.made.secret)
    assert asked(wire, auth=pair, grant_type="client_credentials").status_code == 200
    encoded = (quote(pair[0], safe=""), "".join(f"%{ord(c):02X}" for c in pair[1]))
    assert asked(wire, auth=encoded, grant_type="client_credentials").status_code == 200
    again = asked(wire, auth=pair, grant_type="client_credentials", client_id=pair[0])
    assert again.status_code == 200


def test_what_linkedin_learning_sends_is_taken(wire: Wire) -> None:
    narrow = wire.as_key("statements/write", name="LinkedIn Learning")
    body = granted(narrow, scope="xapi:write")
    assert body["scope"] == "xapi:write"
    sent = a_statement(id=None)
    headers = {**by_token(body["access_token"]), "X-Experience-API-Version": "1.0.0"}
    assert narrow.ask("POST", body=sent, headers=headers).status_code == 200
    (stored,) = wire.stored()
    assert stored["authority"]["name"] == "LinkedIn Learning"


@pytest.mark.parametrize(
    ("scopes", "name"), [(["statements/write"], None), (["statements/write", "define"], "Course")]
)
def test_what_linkedin_learning_posts_is_named_if_its_key_may_define(
    wire: Wire, scopes: list[str], name: str | None
) -> None:
    narrow = wire.as_key(*scopes, name="LinkedIn Learning")
    token = granted(narrow, scope="xapi:write")["access_token"]
    iri = "https://example.org/course"
    course = {"id": iri, "definition": {"name": {"en": "Course"}}}
    assert (
        narrow.ask("POST", body=a_statement(object=course), headers=by_token(token)).status_code
        == 200
    )
    known = wire.ask("GET", "/xapi/activities", activityId=iri).get_json()
    assert known.get("definition", {"name": {"en": None}})["name"]["en"] == name
    assert narrow.ask("GET", headers=by_token(token)).status_code == 403


def test_a_type_without_application_is_taken_too(wire: Wire) -> None:
    pair = {"client_id": wire.made.key, "client_secret": wire.made.secret}
    reply = asked(wire, type_="x-www-form-urlencoded", grant_type="client_credentials", **pair)
    assert reply.status_code == 200


def test_a_token_works_on_every_resource_like_its_key(wire: Wire) -> None:
    token = granted(wire)["access_token"]
    sent = a_statement()
    assert wire.ask("POST", body=sent, headers=by_token(token)).status_code == 200
    state = "/xapi/activities/state"
    where = {"activityId": "https://example.org/1", "agent": '{"mbox":"mailto:a@example.org"}'}
    put = wire.ask("PUT", state, {"a": 1}, by_token(token), **where, stateId="x")
    assert put.status_code == 204
    for path, query in (
        ("/xapi/statements", {}),
        (state, where),
        ("/xapi/agents", {"agent": where["agent"]}),
        ("/xapi/activities", {"activityId": where["activityId"]}),
        ("/api/v1/keys", {}),
    ):
        assert wire.ask("GET", path, headers=by_token(token), **query).status_code == 200, path


def test_a_token_may_do_what_it_was_asked_for_and_nothing_else(wire: Wire) -> None:
    token = granted(wire, scope="statements/write state")["access_token"]
    assert wire.ask("POST", body=a_statement(), headers=by_token(token)).status_code == 200
    reply = wire.ask("GET", headers=by_token(token))
    assert reply.status_code == 403
    assert 'error="insufficient_scope"' in reply.headers["WWW-Authenticate"]


def test_a_token_reads_as_its_own_what_its_key_stored(wire: Wire) -> None:
    mine = wire.as_key("statements/write", "statements/read/mine", name="Mine")
    wire.post(a_statement())
    own = a_statement()
    mine.post(own)
    token = granted(mine)["access_token"]
    found = mine.ask("GET", headers=by_token(token)).get_json()["statements"]
    assert [each["id"] for each in found] == [own["id"]]


def refused(reply: Reply, error: str, status: int = 400) -> None:
    assert (reply.status_code, reply.get_json()["error"]) == (status, error)
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.get_json()["error_description"].isascii()


def test_a_client_that_is_not_valid_is_told_nothing_of_why(wire: Wire) -> None:
    gone = wire.as_key("all")
    revoke_key(wire.database, gone.made.key)
    settings = wire.database.settings
    over = make_key(wire.database, settings, name="Over", expires_at=now_us() - 1)
    pairs = [
        ("unknown", wire.made.secret),
        (wire.made.key, "wrong"),
        (gone.made.key, gone.made.secret),
        (over.key, over.secret),
        ("", ""),
        ("\0", "\udc80".encode("utf-8", "surrogatepass").decode("latin-1")),
    ]
    replies = [
        asked(wire, grant_type="client_credentials", client_id=key, client_secret=secret)
        for key, secret in pairs
    ]
    for reply in replies:
        refused(reply, "invalid_client", 401)
        assert reply.headers["WWW-Authenticate"].startswith("Basic ")
    assert len({reply.data for reply in replies}) == 1


def test_a_grant_that_is_not_offered_is_refused(wire: Wire) -> None:
    pair = {"client_id": wire.made.key, "client_secret": wire.made.secret}
    refused(asked(wire, **pair, grant_type="password"), "unsupported_grant_type")
    refused(asked(wire, **pair), "invalid_request")
    refused(asked(wire, **pair, grant_type=""), "invalid_request")


@pytest.mark.parametrize(
    "scope", ["everything", "all", "statements/read", "xapi:all", "statements/write everything"]
)
def test_a_scope_the_key_does_not_have_is_refused(wire: Wire, scope: str) -> None:
    narrow = wire.as_key("statements/write", "state")
    pair = {"client_id": narrow.made.key, "client_secret": narrow.made.secret}
    refused(asked(wire, grant_type="client_credentials", **pair, scope=scope), "invalid_scope")


def test_a_request_that_is_no_form_is_refused(wire: Wire) -> None:
    pair = (wire.made.key, wire.made.secret)
    refused(asked(wire, auth=pair, type_="application/json"), "invalid_request")

    def raw(body: bytes) -> Reply:
        return wire.app.test_client().post(TOKEN, data=body, content_type=FORM, auth=pair)

    refused(raw(b"grant_type=client_credentials&grant_type=client_credentials"), "invalid_request")
    refused(raw(b"grant_type=\xff"), "invalid_request")
    refused(raw(b"a=" + b"x" * 20_000), "invalid_request")
    refused(raw(b"&".join(b"%d=1" % n for n in range(100))), "invalid_request")
    sent: Any = {"wsgi.input": io.BytesIO(b"a=" + b"x" * 20_000), "wsgi.input_terminated": True}
    sent["HTTP_TRANSFER_ENCODING"] = "chunked"
    unmeasured = wire.app.test_client().post(
        TOKEN, content_type=FORM, auth=pair, environ_overrides=sent
    )
    refused(unmeasured, "invalid_request")
    assert "too large" in unmeasured.get_json()["error_description"]


def test_a_client_that_names_itself_twice_is_refused(wire: Wire) -> None:
    pair = (wire.made.key, wire.made.secret)
    for twice in ({"client_secret": pair[1]}, {"client_id": "another"}):
        refused(asked(wire, auth=pair, grant_type="client_credentials", **twice), "invalid_request")


def test_a_secret_in_the_address_is_not_taken(wire: Wire) -> None:
    pair = urlencode({"client_id": wire.made.key, "client_secret": wire.made.secret})
    reply = wire.app.test_client().post(
        f"{TOKEN}?{pair}", data="grant_type=client_credentials", content_type=FORM
    )
    refused(reply, "invalid_client", 401)


def test_the_address_takes_posts_alone(wire: Wire) -> None:
    reply = wire.app.test_client().get(TOKEN)
    assert reply.status_code == 405
    assert "POST" in reply.headers["Allow"]


@pytest.mark.parametrize("token", ["", "x", "vk1.YQ.YQ", "é", "a b"])
def test_a_token_that_is_none_is_401_and_says_so(wire: Wire, token: str) -> None:
    reply = wire.ask("GET", headers=by_token(token.encode().decode("latin-1")))
    assert reply.status_code == 401
    assert 'error="invalid_token"' in reply.headers["WWW-Authenticate"]
    assert "/oauth/token" in reply.get_json()["error"]["hint"]


def test_a_token_obeys_the_origins_of_its_key(wire: Wire) -> None:
    token = granted(wire)["access_token"]
    other = wire.as_key("all")
    update_key(wire.database, other.made.key, origins=["https://learn.example.org"])
    bound = granted(other)["access_token"]
    elsewhere = {"Origin": "https://elsewhere.example.org"}
    assert wire.ask("GET", headers={**by_token(token), **elsewhere}).status_code == 200
    assert wire.ask("GET", headers={**by_token(bound), **elsewhere}).status_code == 403


def test_the_token_address_is_described_with_its_scopes(wire: Wire) -> None:
    whole = wire.ask("GET", "/api/openapi.json", headers={"Authorization": None}).get_json()
    flow = whole["components"]["securitySchemes"]["token"]["flows"]["clientCredentials"]
    assert flow["tokenUrl"] == TOKEN
    assert "statements/write" in flow["scopes"]
    assert {"200", "400", "401"} <= set(whole["paths"][TOKEN]["post"]["responses"])
