"""Whatever is sent to a described address, the answer is one that is described, and no fault of ours.

The requests are made from the description itself: right values and wrong ones in every parameter,
header and body, with a key, without one, and with one that may do little.
"""

from __future__ import annotations

import copy
import json
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wiring import Wire, a_statement

TEXT = st.text(max_size=12) | st.sampled_from(
    ["", "\0", "💥", "null", "[]", "{}", "-1", "%", "a/b"]
)
SCALAR = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
JSON = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
BY_FORMAT = {
    "uuid": st.uuids().map(str),
    "iri": st.sampled_from(["https://example.org/courses/1", "urn:x:1"]),
    "date-time": st.sampled_from(["2026-03-01T08:30:00Z", "2026-03-01 08:30:00", "0001-01-01"]),
}
BY_TYPE = {
    "boolean": st.sampled_from(["true", "false"]),
    "integer": st.integers(-2, 10**20).map(str),
}
AGENT = st.sampled_from(
    ['{"mbox":"mailto:ada@example.org"}', '{"objectType":"Group","member":[]}', '{"mbox":1}']
)
TYPES = st.sampled_from(
    [
        "application/json",
        "application/octet-stream",
        "multipart/mixed; boundary=x",
        "text/plain",
        "",
    ]
)
WHOLE = a_statement(
    result={"score": {"scaled": 0.5, "raw": 1}, "duration": "PT1S", "extensions": {"urn:x": 1}},
    context={
        "registration": "6690e6c9-3ef0-4ed3-8b37-7f3964730bee",
        "instructor": {"account": {"homePage": "https://example.org", "name": "x"}},
        "contextActivities": {"parent": {"id": "urn:x:1"}},
    },
    version="1.0.0",
)


class Request(NamedTuple):
    """One request to an address of the description."""

    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes | None
    signed: str


def values(schema: dict[str, Any], name: str) -> st.SearchStrategy[str]:
    """Values for a parameter: mostly ones of its kind."""
    if name == "agent":
        return AGENT | TEXT
    right = BY_FORMAT.get(schema.get("format", ""), BY_TYPE.get(str(schema.get("type")), TEXT))
    if "enum" in schema:
        right = st.sampled_from(schema["enum"])
    return right | right | TEXT


@st.composite
def changed(draw: st.DrawFn, whole: Any = WHOLE) -> Any:
    """A statement with something in it put in another's place, added, or left out."""
    made = copy.deepcopy(whole)
    place = made
    while True:
        key = draw(st.sampled_from(sorted(place)))
        if not isinstance(place[key], dict) or not place[key] or draw(st.booleans()):
            break
        place = place[key]
    if draw(st.booleans()):
        place[key] = draw(JSON)
    elif draw(st.booleans()):
        del place[key]
    else:
        place[draw(TEXT)] = draw(JSON)
    return made


STATEMENTS = st.just(WHOLE) | changed() | st.lists(changed(), max_size=3) | JSON


def fitting(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values of the JSON type that the schema has, and others."""
    kind = schema.get("type")
    for known, right in (
        (
            "array",
            st.lists(fitting(schema.get("items", {})), max_size=2) if "items" in schema else JSON,
        ),
        ("boolean", st.booleans()),
        ("integer", st.integers(-1, 10**12)),
        ("string", st.sampled_from(schema.get("enum", ["x", "2099-01-01T00:00:00Z"])) | TEXT),
    ):
        if kind == known or (isinstance(kind, list) and known in kind):
            return right | right | right | JSON
    return JSON


@st.composite
def body_of(draw: st.DrawFn, operation: dict[str, Any]) -> tuple[str, bytes]:
    """A body and its type: near to what the operation takes, or nothing like it."""
    content = operation["requestBody"]["content"]
    kind = draw(st.sampled_from(sorted(content)) | TYPES)
    schema = content.get(kind, {}).get("schema", {})
    fields = {name: fitting(each) for name, each in schema.get("properties", {}).items()}
    if kind == "application/x-www-form-urlencoded":
        known = {"grant_type": "client_credentials"}
        form = draw(st.dictionaries(st.sampled_from(sorted(fields)) | TEXT, TEXT, max_size=4))
        return kind, urlencode({**known, **form} if draw(st.booleans()) else form).encode()
    if draw(st.integers(0, 5)) == 0:
        return kind, draw(st.binary(max_size=30))
    wanted = {name: fields.pop(name) for name in schema.get("required", []) if name in fields}
    form = st.fixed_dictionaries(wanted, optional=fields)
    return kind, json.dumps(draw(form | form | JSON if wanted or fields else STATEMENTS)).encode()


@st.composite
def requests(
    draw: st.DrawFn,
    path: str,
    operation: dict[str, Any],
    inherited: list[dict[str, Any]],
    there: str,
) -> Request:
    """A request to this operation."""
    query: list[tuple[str, str]] = []
    headers = {"X-Experience-API-Version": draw(st.sampled_from(["1.0.3", "2.0.0", "2.0.0", "x"]))}
    for parameter in [*operation.get("parameters", []), *inherited]:
        name, schema = parameter["name"], parameter.get("schema", {})
        if parameter["in"] == "path":
            value = draw(st.just(there) | values(schema, name))
            path = path.replace(f"{{{name}}}", quote(value, safe="") or "x")
        elif parameter["in"] == "query" and (parameter.get("required") or draw(st.booleans())):
            query += [(name, draw(values(schema, name)))] * draw(
                st.sampled_from([1, 1, 1, 1, 0, 2])
            )
        elif parameter["in"] == "header" and name.startswith("If-") and draw(st.booleans()):
            headers[name] = draw(st.sampled_from(["*", '"0"', "0", '""', 'W/"x", "y"']))
    if draw(st.integers(0, 9)) == 0:
        query.append((draw(TEXT), draw(TEXT)))
    body = None
    if "requestBody" in operation:
        headers["Content-Type"], body = draw(body_of(operation))
    return Request(path, query, headers, body, draw(st.sampled_from(["all"] * 6 + ["little", ""])))


def hold(wire: Wire, place: tuple[str, str], item: dict[str, Any], examples: int) -> None:
    """Hold one operation to what its description says of its answers."""
    path, method = place
    signed = {"all": wire, "little": wire.as_key("define", name="Little")}
    there = wire.as_key("statements/read", name="There").made.key
    described = set(item[method]["responses"])

    @settings(
        max_examples=examples,
        derandomize=examples < 100,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(requests(path, item[method], item.get("parameters", []), there))
    def answered(request: Request) -> None:
        nobody = None if request.signed else {"Authorization": "Basic eDp4"}
        reply = signed.get(request.signed, wire).ask(
            method.upper(),
            f"{request.path}?{urlencode(request.query)}",
            request.body,
            {**request.headers, **(nobody or {})},
        )
        assert reply.status_code < 500, (place, request, reply.text)
        known = str(reply.status_code) in described
        assert known or (reply.status_code >= 400 and "default" in described), (
            place,
            request,
            reply.status_code,
            reply.text,
        )

    answered()


def resolved(part: Any, schemas: dict[str, Any]) -> Any:
    """The description with what it refers to in its place."""
    if isinstance(part, list):
        return [resolved(each, schemas) for each in part]
    if not isinstance(part, dict):
        return part
    name = str(part.get("$ref", "")).rpartition("/")[2]
    if name:
        return resolved(schemas.get(name, {}), schemas)
    return {key: resolved(each, schemas) for key, each in part.items()}


def hold_all(wire: Wire, examples: int) -> None:
    """Hold every operation of the description to it."""
    told = wire.ask("GET", "/api/openapi.json", headers={"Authorization": None}).get_json()
    paths: dict[str, dict[str, Any]] = resolved(told["paths"], told["components"]["schemas"])
    for path, item in paths.items():
        for method in sorted(set(item) - {"parameters"}):
            hold(wire, (path, method), item, examples)


def test_every_answer_is_a_described_one(wire: Wire) -> None:
    hold_all(wire, 12)


@pytest.mark.slow
def test_every_answer_is_a_described_one_of_many(wire: Wire) -> None:
    hold_all(wire, 400)
