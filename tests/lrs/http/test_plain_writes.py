"""Plain writes go past the framework, and nobody can tell."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from io import BytesIO
from types import MappingProxyType
from typing import Any, NamedTuple

import flask
import pytest
from wiring import MakeWire, Reply, Wire, a_statement, new_id

from lrs import plugins
from lrs.access.key_options import KeyOptions
from lrs.access.keys import update_key
from lrs.http.plain_writes import PlainWrites
from lrs.store.refusals import list_refusals

OF_EACH = {"X-Request-ID", "X-Experience-API-Consistent-Through", "Date"}
ID = "5f2c4b0e-4f5c-4a57-9a2f-0f3c5d6e7a81"
NOTHING: Mapping[str, Any] = MappingProxyType({})
PLAIN = {"Content-Type": "application/json"}
SIGNED = {"usageType": "http://adlnet.gov/expapi/attachments/signature", "display": {"en": "s"}}


class Asked(NamedTuple):
    """A request, told apart from others by its name in the test's own."""

    method: str
    body: bytes
    headers: Mapping[str, str | None] = NOTHING
    query: Mapping[str, str] = NOTHING


def post(body: Any, **headers: str | None) -> Asked:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Asked("POST", body if isinstance(body, bytes) else json.dumps(body).encode(), named)


def put(body: Any, statement_id: str = ID, **query: str) -> Asked:
    return Asked("PUT", json.dumps(body).encode(), {}, {"statementId": statement_id, **query})


ONE = a_statement(id=ID)
BARE = a_statement(id=None, timestamp="2026-03-01T08:30:00.000Z")
PLAIN_REQUESTS = {
    "one": post(ONE),
    "several": post([ONE, a_statement(id=new_id())]),
    "two point nought": post(ONE, X_Experience_API_Version="2.0.0"),
    "an older patch": post(ONE, X_Experience_API_Version="1.0.0"),
    "of a page": post(ONE, Origin="https://lms.example.org"),
    "in a charset": post(ONE, Content_Type="application/json; charset=UTF-8"),
    "put": put(BARE),
    "put with its id": put(ONE),
    "in long numbers": post(json.dumps(ONE)[:-1].encode() + b',"result":{"score":{"raw":1.10}}}'),
}
OTHER_REQUESTS = {
    "packed": post(gzip.compress(json.dumps(ONE).encode()), Content_Encoding="gzip"),
    "of another kind": post(ONE, Content_Type="text/plain"),
    "of no kind": post(ONE, Content_Type=None),
    "empty": post(b""),
    "an empty batch": post([]),
    "no JSON": post(b'{"actor":'),
    "a fault": post(a_statement(id=ID, verb={"id": "did"})),
    "one id twice": post([ONE, ONE]),
    "a signature without its file": post(
        a_statement(
            id=ID,
            attachments=[
                {**SIGNED, "contentType": "text/plain", "length": 1, "sha2": "0" * 64},
            ],
        )
    ),
    "without a version": post(ONE, X_Experience_API_Version=None),
    "of no version": post(ONE, X_Experience_API_Version="0.95"),
    "without a key": post(ONE, Authorization=None),
    "with a wrong secret": post(ONE, Authorization="Basic eDp5"),
    "with a broken token": post(ONE, Authorization="Bearer x"),
    "with a parameter": Asked("POST", json.dumps(ONE).encode(), {}, {"statementId": ID}),
    "put without id": Asked("PUT", json.dumps(ONE).encode()),
    "put under another id": put(ONE, new_id()),
    "put of no id": put(BARE, "x" * 36),
    "put of several": put([BARE]),
    "put with more": put(BARE, since="2026-01-01"),
}


@pytest.fixture
def whole(make_wire: MakeWire) -> Wire:
    """The same application with nothing going past it."""
    wire = make_wire("sqlite")
    wire.app.wsgi_app = plain(wire).whole  # type: ignore[method-assign]
    return wire


def plain(wire: Wire) -> PlainWrites:
    found = wire.app.wsgi_app
    assert isinstance(found, PlainWrites)
    return found


def ask(wire: Wire, asked: Asked) -> Reply:
    return wire.ask(
        asked.method, body=asked.body, headers={**PLAIN, **asked.headers}, **asked.query
    )


def met(wire: Wire, asked: Iterable[Asked]) -> int:
    """Ask, and return how many of the requests the application met."""
    met = [0]
    found, whole = plain(wire), plain(wire).whole

    def counting(environ: Any, start_response: Any) -> Iterable[bytes]:
        met[0] += 1
        return whole(environ, start_response)

    found.whole = counting
    try:
        for each in asked:
            ask(wire, each)
    finally:
        found.whole = whole
    return met[0]


def warm(wire: Wire) -> None:
    """Let the application show how it answers."""
    for version in ("1.0.3", "2.0.0"):
        headers: dict[str, str | None] = {"X-Experience-API-Version": version}
        for method, query in (("POST", {}), ("PUT", {"statementId": new_id()})):
            told = json.dumps(a_statement(id=None, actor={"mbox": "mailto:warm@example.org"}))
            assert ask(wire, Asked(method, told.encode(), headers, query)).status_code < 300


def told(reply: Reply) -> tuple[int, dict[str, str], Any]:
    headers = {name: value for name, value in reply.headers.items() if name not in OF_EACH}
    assert OF_EACH - {"Date"} <= {*reply.headers.keys()} or reply.status_code in (400, 401)
    body = reply.data
    if reply.status_code >= 400:
        body = {k: v for k, v in reply.get_json()["error"].items() if k != "request_id"}
    return reply.status_code, headers, body


def kept(wire: Wire) -> list[Any]:
    """What is stored and what was refused, but for what is of each store."""
    with wire.database.read() as conn:
        refused = [
            (each.code, each.path, each.message) for each in list_refusals(conn, 1, limit=100)
        ]
    own = ("stored", "authority", "timestamp")
    statements = [{k: v for k, v in one.items() if k not in own} for one in wire.stored()]
    return [[one for one in statements if "warm" not in one["actor"]["mbox"]], refused]


def assert_alike(lite: Wire, whole: Wire, asked: Asked) -> None:
    assert told(ask(lite, asked)) == told(ask(whole, asked))
    assert kept(lite) == kept(whole)


@pytest.mark.parametrize("asked", PLAIN_REQUESTS.values(), ids=PLAIN_REQUESTS)
def test_a_plain_write_is_answered_and_kept_as_by_the_application(
    lite: Wire, whole: Wire, asked: Asked
) -> None:
    for wire in (lite, whole):
        warm(wire)
    assert met(lite, [asked, asked]) == 0
    for wire in (lite, whole):
        first, again = told(ask(wire, asked)), told(ask(wire, asked))
        assert first == again
    assert_alike(lite, whole, asked)


@pytest.mark.parametrize("asked", OTHER_REQUESTS.values(), ids=OTHER_REQUESTS)
def test_what_is_not_plain_or_does_not_hold_is_the_applications(
    lite: Wire, whole: Wire, asked: Asked
) -> None:
    for wire in (lite, whole):
        warm(wire)
    assert_alike(lite, whole, asked)
    assert met(lite, [asked]) == 1


def test_it_is_stored_on_every_database(wire: Wire) -> None:
    warm(wire)
    sent = [a_statement() for _ in range(3)]
    reply = ask(wire, post(sent))
    assert reply.get_json() == [each["id"] for each in sent]
    assert [one["id"] for one in wire.stored()[:3]] == [each["id"] for each in reversed(sent)]


def test_an_id_that_is_taken_is_a_conflict_and_kept_once(wire: Wire) -> None:
    warm(wire)
    sent = a_statement()
    ask(wire, post(sent))
    reply = ask(wire, post({**sent, "verb": {"id": "https://example.org/else"}}))
    assert (reply.status_code, reply.get_json()["error"]["code"]) == (409, "conflict")
    with wire.database.read() as conn:
        assert [each.code for each in list_refusals(conn, 1, limit=100)] == ["conflict"]


def test_an_id_on_its_way_is_kept_and_told_to_the_log(
    lite: Wire, capsys: pytest.CaptureFixture[str]
) -> None:
    warm(lite)
    capsys.readouterr()
    assert met(lite, [post(ONE, X_Request_ID="the-id-of-a-proxy")]) == 0
    (line,) = [json.loads(each) for each in capsys.readouterr().err.splitlines()]
    assert {name: line[name] for name in ("event", "method", "route", "status", "key")} == {
        "event": "request",
        "method": "POST",
        "route": "/xapi/statements",
        "status": 200,
        "key": "Tests",
    }
    assert line["request_id"] == "the-id-of-a-proxy"
    reply = ask(lite, post(ONE, X_Request_ID="the-id-of-a-proxy"))
    assert reply.headers["X-Request-ID"] == "the-id-of-a-proxy"


@pytest.mark.parametrize(
    "options",
    [
        {"lenient": True},
        {"partial": True},
        {"deduplicate": True},
        {"limit_per_minute": 1_000},
        {"origins": ["https://lms.example.org"]},
    ],
    ids=lambda options: next(iter(options)),
)
def test_a_key_with_settings_of_its_own_is_the_applications(
    make_wire: MakeWire, options: dict[str, Any]
) -> None:
    assert next(iter(options)) in KeyOptions.__slots__
    wire = make_wire("sqlite")
    update_key(wire.database, wire.made.key, **options)
    assert met(wire, [post(a_statement()) for _ in range(3)]) == 3


def test_a_key_that_may_not_write_is_told_so(lite: Wire) -> None:
    reader = lite.as_key("statements/read")
    assert met(reader, [post(ONE), post(ONE)]) == 2
    assert ask(reader, post(ONE)).status_code == 403


def test_more_statements_than_are_taken_are_refused(make_wire: MakeWire) -> None:
    wire = make_wire("sqlite", max_statements=2)
    warm(wire)
    assert ask(wire, post([a_statement() for _ in range(3)])).status_code == 413


def test_what_activities_are_called_is_learned_from_it_if_the_key_may(lite: Wire) -> None:
    activity = "https://example.org/courses/7"
    said = {"id": activity, "definition": {"name": {"en": "Seven"}}}
    writer = lite.as_key("statements/write")
    for wire, names in ((writer, None), (lite, {"en": "Seven"})):
        warm(wire)
        assert met(wire, [post(a_statement(object=said))]) == 0
        known = lite.ask("GET", "/xapi/activities", activityId=activity).get_json()
        assert known.get("definition", {}).get("name") == names


@pytest.mark.parametrize("hook", ["before_request", "after_request", "teardown_request"])
def test_nothing_goes_past_a_hook_of_somebody_else(lite: Wire, hook: str) -> None:
    seen: list[object] = []

    def look(given: Any = None) -> Any:
        seen.append(given)
        return given

    getattr(lite.app, hook)((lambda: look()) if hook == "before_request" else look)
    assert met(lite, [post(a_statement()) for _ in range(3)]) == 3
    assert len(seen) == 3


def test_nothing_goes_past_what_a_plug_in_put_before_the_application(
    make_wire: MakeWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def routes(app: flask.Flask) -> None:
        inner = app.wsgi_app

        def outer(environ: Any, start_response: Any) -> Iterable[bytes]:
            seen.append(environ["PATH_INFO"])
            return inner(environ, start_response)

        app.wsgi_app = outer  # type: ignore[method-assign]

    found = [*plugins.installed(), plugins.Plugin("guest", routes="guest:routes")]
    load = plugins.load
    monkeypatch.setattr(plugins, "installed", lambda: found)
    monkeypatch.setattr(plugins, "load", lambda at: routes if at == "guest:routes" else load(at))
    wire = make_wire("sqlite")
    for _ in range(3):
        assert wire.post(a_statement()).status_code == 200
    assert seen == ["/xapi/statements"] * 3


def test_nothing_goes_past_a_view_of_somebody_else(lite: Wire) -> None:
    def view() -> str:
        return "theirs"

    lite.app.view_functions["xapi_statements.post"] = view
    assert met(lite, [post(a_statement()) for _ in range(3)]) == 3


def test_nothing_goes_past_who_listens_to_requests(lite: Wire) -> None:
    warm(lite)
    seen: list[object] = []

    def listen(sender: object, **_: object) -> None:
        seen.append(sender)

    with flask.request_finished.connected_to(listen, lite.app):
        assert met(lite, [post(ONE), post(ONE)]) == 2
    assert len(seen) == 2
    assert met(lite, [post(ONE)]) == 0


def test_who_forwards_is_told_of_each(lite: Wire) -> None:
    warm(lite)
    told: list[int] = []
    plain(lite).verkan.on_stored.append(lambda: told.append(1))
    for asked in (post(a_statement()), put(BARE)):
        ask(lite, asked)
    assert len(told) == 2


def test_a_database_that_is_away_is_told_and_nothing_is_lost(make_wire: MakeWire) -> None:
    wire = make_wire("sqlite")
    warm(wire)
    wire.database.disconnect()
    home = wire.database.settings.home_folder
    away = home.with_name("away")
    shutil.move(home, away)
    reply = ask(wire, post(ONE))
    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "5")
    wire.database.disconnect()
    with suppress(FileNotFoundError):
        shutil.rmtree(home)
    shutil.move(away, home)
    assert ask(wire, post(ONE)).status_code == 200


@pytest.mark.parametrize("signed", ["Basic eDp5", "Bearer x", None])
def test_a_body_is_not_read_without_a_key(lite: Wire, signed: str | None) -> None:
    warm(lite)
    read: list[int] = []

    class Input(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            read.append(1)
            return super().read(size)

    headers = {**PLAIN, **lite.headers, **({} if signed is None else {"Authorization": signed})}
    reply = lite.app.test_client().open(
        "/xapi/statements",
        method="POST",
        headers=headers,
        environ_overrides={"wsgi.input": Input(b"{}"), "CONTENT_LENGTH": "2"},
    )
    assert (reply.status_code, read) == (401, [])


def test_a_sender_that_has_gone_is_nobodys_statement(lite: Wire, whole: Wire) -> None:
    answers = []
    for wire in (lite, whole):
        warm(wire)
        before = len(wire.stored())
        body = json.dumps(a_statement()).encode()
        reply = wire.app.test_client().open(
            "/xapi/statements",
            method="POST",
            data=body,
            headers={**PLAIN, **wire.headers},
            environ_overrides={"CONTENT_LENGTH": str(len(body) + 1)},
            auth=(wire.made.key, wire.made.secret),
        )
        answers.append(told(reply))
        assert len(wire.stored()) == before
    assert answers[0] == answers[1]
    assert answers[0][0] == 400


def test_what_nobody_foresaw_is_the_applications_to_tell(
    lite: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm(lite)

    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("lrs.http.plain_writes.write_statements", fail)
    assert met(lite, [post(a_statement())]) == 1
    assert ask(lite, post(ONE)).status_code == 200


def test_what_is_stored_is_not_stored_again_when_its_answer_fails(
    lite: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm(lite)
    before = len(lite.stored())

    def fail() -> None:
        raise ZeroDivisionError

    plain(lite).verkan.on_stored.append(fail)
    reply = ask(lite, post(a_statement(id=None)))
    assert (reply.status_code, reply.get_json()["error"]["code"]) == (500, "internal")
    assert len(lite.stored()) == before + 1


def test_how_it_is_answered_is_looked_at_again_after_some_seconds(
    lite: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("lrs.http.plain_writes.monotonic", lambda: now[0])
    assert met(lite, [post(a_statement()) for _ in range(3)]) == 1
    now[0] += 6
    assert met(lite, [post(a_statement()) for _ in range(3)]) == 1
