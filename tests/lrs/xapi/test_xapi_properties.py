"""Properties: statements made by chance from the specification's tables are taken, and each fault
that is put into one of them is found, at its place.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xapi_samples import V1, V2

from lrs.errors import BadInput, BadStatement
from lrs.xapi.comparing import same_statement
from lrs.xapi.faults import path_of
from lrs.xapi.parsing import parse_statement
from lrs.xapi.queries import parse_query
from lrs.xapi.statement import check
from lrs.xapi.terms import SpecVersion
from lrs.xapi.wire import as_answer

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
iris = st.sampled_from(["http", "https", "urn", "tag"]).flatmap(
    lambda scheme: st.text("abcåü0/?=&#:.[]", min_size=1, max_size=8).map(
        lambda rest: f"{scheme}:{rest}"
    )
)
tags = st.sampled_from(["en", "sv-SE", "zh-Hant", "nl", "und", "x-a"])
maps = st.dictionaries(tags, texts, max_size=2)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(-1e9, 1e9) | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
extensions = st.dictionaries(iris, json_values, max_size=2)
uuids = st.uuids().map(str)
instants = st.datetimes().map(lambda moment: moment.isoformat(timespec="milliseconds") + "Z")
mails = st.from_regex(r"[a-z]{1,4}@[a-z]{1,4}\.org", fullmatch=True).map(
    lambda mail: f"mailto:{mail}"
)
identifiers = st.one_of(
    mails.map(lambda mbox: {"mbox": mbox}),
    st.from_regex(r"[0-9a-f]{40}", fullmatch=True).map(lambda sha: {"mbox_sha1sum": sha}),
    iris.map(lambda openid: {"openid": openid}),
    st.builds(
        lambda home, name: {"account": {"homePage": home, "name": name}},
        iris,
        texts.filter(lambda name: "\0" not in name),
    ),
)
optional_name = st.just({}) | texts.map(lambda name: {"name": name})
agents = st.builds(lambda a, b: {"objectType": "Agent", **a, **b}, identifiers, optional_name)
groups = st.builds(
    lambda identifier, name, member: {
        "objectType": "Group",
        **identifier,
        **name,
        "member": member,
    },
    st.just({}) | identifiers,
    optional_name,
    st.lists(agents, max_size=3),
)
components = st.lists(
    st.builds(lambda name, what: {"id": name, "description": what}, texts, maps),
    max_size=2,
    unique_by=lambda component: component["id"],
)
definitions = st.fixed_dictionaries(
    {},
    optional={"name": maps, "description": maps, "type": iris, "moreInfo": iris}
    | {"extensions": extensions},
) | st.fixed_dictionaries(
    {"interactionType": st.sampled_from(["choice", "likert", "other"]), "choices": components},
    optional={"correctResponsesPattern": st.lists(texts, max_size=2)},
)
activities = st.fixed_dictionaries(
    {"id": iris}, optional={"objectType": st.just("Activity"), "definition": definitions}
)
references = uuids.map(lambda target: {"objectType": "StatementRef", "id": target})
results = st.fixed_dictionaries(
    {},
    optional={
        "score": st.fixed_dictionaries(
            {},
            optional={
                "scaled": st.floats(-1, 1),
                "raw": st.floats(0, 10),
                "min": st.just(-1) | st.just(0.0),
                "max": st.just(10) | st.just(100.5),
            },
        ),
        "success": st.booleans(),
        "completion": st.booleans(),
        "response": texts,
        "duration": st.sampled_from(["PT1S", "P4W", "P1Y2M3DT4H5M6.789S", "PT0.5H"]),
        "extensions": extensions,
    },
)
verbs = st.fixed_dictionaries({"id": iris}, optional={"display": maps})
attachments = st.builds(
    lambda usage, display: {
        "usageType": usage,
        "display": display,
        "contentType": "text/plain",
        "length": 3,
        "sha2": "ab" * 32,
        "fileUrl": "https://example.org/f",
    },
    iris,
    maps,
)


def contexts(version: SpecVersion, *, beside_activity: bool) -> st.SearchStrategy[dict[str, Any]]:
    held = activities | st.lists(activities, max_size=2)
    parts: dict[str, st.SearchStrategy[Any]] = {
        "registration": uuids,
        "instructor": agents | groups,
        "team": groups,
        "contextActivities": st.fixed_dictionaries(
            {}, optional=dict.fromkeys(("parent", "grouping", "category", "other"), held)
        ),
        "language": tags,
        "statement": references,
        "extensions": extensions,
    }
    if beside_activity:
        parts |= {"revision": texts, "platform": texts}
    if version is V2:
        types = st.lists(iris, min_size=1, max_size=2)
        parts["contextAgents"] = st.lists(
            st.builds(
                lambda agent, kinds: {
                    "objectType": "contextAgent",
                    "agent": agent,
                    "relevantTypes": kinds,
                },
                agents,
                types,
            ),
            max_size=2,
        )
    return st.fixed_dictionaries({}, optional=parts)


@st.composite
def statements(draw: Any, version: SpecVersion, *, sub: bool = False) -> dict[str, Any]:
    kinds = [activities, agents, groups, references]
    if not sub:
        kinds.append(statements(version, sub=True))
    about = draw(st.sampled_from(kinds).flatmap(lambda kind: kind))
    beside_activity = about.get("objectType", "Activity") == "Activity"
    made: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {"actor": agents | groups, "verb": verbs, "object": st.just(about)},
            optional={
                "result": results,
                "context": contexts(version, beside_activity=beside_activity),
                "timestamp": instants,
                "attachments": st.lists(attachments, max_size=1),
                **({} if sub else {"id": uuids, "version": st.just("1.0.0"), "authority": agents}),
            },
        )
    )
    return {"objectType": "SubStatement", **made} if sub else made


def places(value: Any, at: Any = "$", *, free: bool = False) -> Iterator[tuple[Any, Any, bool]]:
    """Yield each object with its place, and whether it lies inside extensions."""
    if isinstance(value, dict):
        yield at, value, free
        for key, item in value.items():
            yield from places(item, (at, key), free=free or key == "extensions")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (at, index), free=free)


def checked(body: Any, version: SpecVersion) -> Any:
    return check(parse_statement(json.dumps(body).encode()), version)


@pytest.mark.parametrize("version", [V1, V2], ids=["1.0", "2.0"])
@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_what_the_specification_allows_is_taken(data: st.DataObject, version: SpecVersion) -> None:
    body = data.draw(statements(version))
    found = checked(body, version)
    assert found.body == body
    assert same_statement(body, found.body, version)
    answer = as_answer(
        found.raw, id=found.id, stored=0, authority_json=b'{"mbox":"mailto:a@b.c"}', version=version
    )
    # What is answered is itself a statement, and the same one.
    assert same_statement(checked(json.loads(answer), version).body, body, version)


def _null(thing: dict[str, Any], key: str) -> str:
    thing[key] = None
    return key


def _other_case(thing: dict[str, Any], key: str) -> str:
    thing[key.swapcase()] = thing.pop(key)
    return key.swapcase()


def _unknown(thing: dict[str, Any], key: str) -> str:
    thing["no such thing"] = thing[key]
    return "no such thing"


def _wrong_type(thing: dict[str, Any], key: str) -> str:
    thing[key] = [[thing[key]]]
    return key


@pytest.mark.parametrize("damage", [_null, _other_case, _unknown, _wrong_type])
@pytest.mark.parametrize("version", [V1, V2], ids=["1.0", "2.0"])
@settings(max_examples=30, deadline=None, derandomize=True)
@given(data=st.data())
def test_a_fault_put_anywhere_is_found_at_its_place(
    data: st.DataObject, version: SpecVersion, damage: Callable[[dict[str, Any], str], str]
) -> None:
    body = copy.deepcopy(data.draw(statements(version)))
    held = [
        (at, thing)
        for at, thing, free in places(body)
        # A language map takes any tag, so a key in another case is still one.
        if thing and not free and not (damage is _other_case and set(thing) <= LANGUAGE_TAGS)
    ]
    at, thing = data.draw(st.sampled_from(held))
    key = damage(thing, data.draw(st.sampled_from(sorted(thing))))
    with pytest.raises(BadStatement) as caught:
        checked(body, version)
    where, wanted = caught.value.where, path_of((at, key))
    assert where is not None
    # A missing or a second property of the same object may be met first.
    assert where.startswith((wanted, path_of(at))) or wanted.startswith(where)


LANGUAGE_TAGS = {"en", "sv-SE", "zh-Hant", "nl", "und", "x-a"}


@settings(max_examples=120, deadline=None, derandomize=True)
@given(json_values)
def test_any_json_is_answered_with_bad_statement_or_taken(value: Any) -> None:
    for version in (V1, V2):
        for body in (value, {"actor": value, "verb": value, "object": value}):
            with pytest.raises(BadStatement):
                checked(body, version)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    st.dictionaries(
        st.sampled_from(["agent", "verb", "since", "until", "limit", "statementId", "format"])
        | st.text(max_size=5),
        st.text(max_size=12) | iris | instants | uuids | agents.map(json.dumps),
        max_size=3,
    )
)
def test_any_parameters_are_answered_with_bad_input_or_taken(args: dict[str, str]) -> None:
    try:
        found = parse_query(args, V1)
    except BadInput as exc:
        named = exc.where
    else:
        named = None
        assert found.format in ("ids", "exact", "canonical")
    assert named is None or named == "" or any(named.startswith(name[:80]) for name in args)
