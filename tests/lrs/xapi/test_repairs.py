"""The known faults of senders: each is repaired, named with its place, and nothing else changes."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lrs.errors import BadStatement
from lrs.xapi.batches import Leniency, look_at_each
from lrs.xapi.parsing import parse_statement
from lrs.xapi.repairs import repaired
from lrs.xapi.statement import Statement, check
from lrs.xapi.terms import SpecVersion

HOME = "https://lrs.example.org"
ADA = "mailto:ada@example.org"


def body(**changed: Any) -> dict[str, Any]:
    whole = {
        "actor": {"mbox": ADA},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"},
        "object": {"id": "https://example.org/q/1"},
    }
    return {k: v for k, v in (whole | changed).items() if v is not None}


def mend(
    statement: dict[str, Any] | bytes, version: SpecVersion = SpecVersion.V1_0
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Repair a statement that is refused as it is; it must hold then."""
    raw = statement if isinstance(statement, bytes) else orjson.dumps(statement)
    parsed = parse_statement(raw)
    with pytest.raises(BadStatement):
        check(parsed, version)
    mended, repairs = repaired(parsed, version, HOME)
    check(mended, version)
    assert orjson.loads(mended.raw) == mended.body
    return mended.body, [tuple(one) for one in repairs]


@pytest.mark.parametrize("mbox", ["ada@example.org", " ada@example.org ", "MAILTO:ada@example.org"])
def test_a_mail_address_gets_its_scheme(mbox: str) -> None:
    found, repairs = mend(body(actor={"mbox": mbox}))
    assert found["actor"] == {"mbox": ADA}
    assert repairs == [("$.actor.mbox", "mbox-form")]


@pytest.mark.parametrize("address", ["ada@example.org", ADA])
def test_an_address_where_its_hash_belongs_is_hashed(address: str) -> None:
    found, repairs = mend(body(actor={"mbox_sha1sum": address}))
    assert (
        found["actor"]["mbox_sha1sum"]
        == hashlib.sha1(ADA.encode(), usedforsecurity=False).hexdigest()
    )
    assert repairs == [("$.actor.mbox_sha1sum", "mbox-sha1sum-address")]


@pytest.mark.parametrize("account", [{"name": "42"}, {"name": "42", "homePage": ""}])
def test_an_account_without_home_page_gets_that_of_the_key(account: dict[str, str]) -> None:
    found, repairs = mend(body(actor={"account": account}))
    assert found["actor"]["account"] == {"name": "42", "homePage": HOME}
    assert repairs == [("$.actor.account.homePage", "account-home-page")]


def test_an_account_name_that_is_a_number_becomes_text() -> None:
    found, repairs = mend(body(actor={"account": {"name": 42, "homePage": HOME}}))
    assert found["actor"]["account"]["name"] == "42"
    assert repairs == [("$.actor.account.name", "account-name-number")]


def test_of_several_identifiers_the_first_that_holds_is_kept() -> None:
    account = {"homePage": HOME, "name": "ada"}
    both = {"objectType": "Agent", "name": "Ada", "account": account, "mbox": ADA}
    found, repairs = mend(body(actor=both))
    assert found["actor"] == {"objectType": "Agent", "name": "Ada", "mbox": ADA}
    assert repairs == [("$.actor", "several-identifiers")]
    found, _ = mend(body(actor=both | {"mbox": "nobody"}))
    assert found["actor"] == {"objectType": "Agent", "name": "Ada", "account": account}


@pytest.mark.parametrize(
    ("place", "sent", "meant"),
    [
        ("object", {"id": "https://example.org/q", "objectType": "GroupActivity"}, "Activity"),
        ("object", {"id": "https://example.org/q", "objectType": "activity"}, "Activity"),
        ("actor", {"mbox": ADA, "objectType": "agent"}, "Agent"),
        ("actor", {"mbox": ADA, "objectType": "group"}, "Group"),
    ],
)
def test_an_object_type_is_written_as_the_specification_does(
    place: str, sent: dict[str, Any], meant: str
) -> None:
    found, repairs = mend(body(**{place: sent}))
    assert found[place]["objectType"] == meant
    assert repairs == [(f"$.{place}.objectType", "object-type")]


@pytest.mark.parametrize(
    ("sent", "version", "meant", "rule"),
    [
        ("2026-01-31 09:30:00", SpecVersion.V1_0, "2026-01-31T09:30:00", "timestamp-space"),
        (
            "2026-01-31 09:30:00 +0100",
            SpecVersion.V1_0,
            "2026-01-31T09:30:00+0100",
            "timestamp-space",
        ),
        ("2026-01-31 09:30:00Z", SpecVersion.V2_0, "2026-01-31T09:30:00Z", "timestamp-space"),
        ("2026-01-31T09:30:00", SpecVersion.V2_0, "2026-01-31T09:30:00.000000Z", "timestamp-zone"),
        ("2026-01-31 09:30:00", SpecVersion.V2_0, "2026-01-31T09:30:00.000000Z", "timestamp-zone"),
        (
            "2026-01-31T09:30:00-00:00",
            SpecVersion.V1_0,
            "2026-01-31T09:30:00.000000Z",
            "timestamp-form",
        ),
        ("20260131T093000+0100", SpecVersion.V2_0, "2026-01-31T08:30:00.000000Z", "timestamp-form"),
    ],
)
def test_a_timestamp_that_is_plain_is_written_rightly(
    sent: str, version: SpecVersion, meant: str, rule: str
) -> None:
    found, repairs = mend(body(timestamp=sent), version)
    assert found["timestamp"] == meant
    assert repairs == [("$.timestamp", rule)]


def test_what_is_null_is_left_out_but_not_in_extensions() -> None:
    raw = body(result={"score": None, "extensions": {"https://example.org/x": None}})
    raw["context"] = {"platform": None}
    found, repairs = mend(raw)
    assert found["result"] == {"extensions": {"https://example.org/x": None}}
    assert found["context"] == {}
    assert repairs == [
        ("$.result.score", "null-property"),
        ("$.context.platform", "null-property"),
    ]


def test_numbers_and_truth_sent_as_text_become_what_they_are() -> None:
    found, repairs = mend(
        body(result={"success": "true", "completion": "False", "score": {"scaled": "0.80"}})
    )
    assert found["result"] == {"success": True, "completion": False, "score": {"scaled": 0.8}}
    assert [rule for _, rule in repairs] == ["boolean-text", "boolean-text", "number-text"]


def test_a_language_tag_is_written_with_a_hyphen() -> None:
    verb = {"id": "https://example.org/v", "display": {"en_US": "did", "sv": "gjorde"}}
    found, repairs = mend(body(verb=verb, context={"language": "sv_SE"}))
    assert found["verb"]["display"] == {"en-US": "did", "sv": "gjorde"}
    assert found["context"]["language"] == "sv-SE"
    assert repairs == [
        ("$.verb.display.en_US", "language-tag"),
        ("$.context.language", "language-tag"),
    ]


def test_faults_are_found_wherever_an_agent_or_activity_stands() -> None:
    bad = {"mbox": "ada@example.org"}
    group = {"objectType": "Group", "member": [{"mbox": ADA}, bad]}
    inner = body(actor=bad, object={"id": "https://e.org/x", "objectType": "GroupActivity"})
    found, repairs = mend(
        body(
            object=inner | {"objectType": "SubStatement"},
            context={
                "instructor": bad,
                "team": group,
                "contextActivities": {
                    "parent": {"id": "https://e.org/p", "objectType": "activity"},
                    "other": [{"id": "https://e.org/o", "objectType": "GroupActivity"}],
                },
                "contextAgents": [{"objectType": "contextAgent", "agent": bad}],
                "contextGroups": [{"objectType": "contextGroup", "group": group}],
            },
        ),
        SpecVersion.V2_0,
    )
    assert found["context"]["team"]["member"] == [{"mbox": ADA}, {"mbox": ADA}]
    assert {path for path, _ in repairs} == {
        "$.object.actor.mbox",
        "$.object.object.objectType",
        "$.context.instructor.mbox",
        "$.context.team.member[1].mbox",
        "$.context.contextActivities.parent.objectType",
        "$.context.contextActivities.other[0].objectType",
        "$.context.contextAgents[0].agent.mbox",
        "$.context.contextGroups[0].group.member[1].mbox",
    }


def test_what_is_not_repaired_keeps_its_bytes() -> None:
    raw = (
        b'{"actor": {"mbox" : "ada@example.org"}, "verb":{"id":"https://e.org/v"},'
        b' "object":{"id":"https://e.org/o"}, "result": {"score": {"raw": 1.10}},'
        b' "context": {"language": "en_US", "extensions": {"https://e.org/n": 12345678901234567890123}}}'
    )
    mended, _ = repaired(parse_statement(raw), SpecVersion.V1_0, HOME)
    assert b'{"score": {"raw": 1.10}}' in mended.raw
    assert b'{"https://e.org/n": 12345678901234567890123}' in mended.raw
    assert b'"en-US"' in mended.raw


@pytest.mark.parametrize(
    "changed",
    [
        {"actor": {"mbox": "ada"}},
        {"actor": {"mbox_sha1sum": "abc"}},
        {"actor": {"account": {}}},
        {"actor": {}},
        {"actor": "ada@example.org"},
        {"verb": {"id": "did"}},
        {"object": {}},
        {"timestamp": "yesterday"},
        {"timestamp": "01/02/2026 10:00"},
        {"timestamp": 1767600000},
        {"result": {"score": {"scaled": "high"}}},
        {"result": {"success": 1}},
        {"context": {"language": "?"}},
        {"verb": {"id": "https://e.org/v", "display": {"en_US": "a", "en-US": "b"}}},
    ],
)
def test_what_is_not_plain_is_refused_as_before(changed: dict[str, Any]) -> None:
    raw = orjson.dumps(body(**changed))
    strict = look_at_each(raw, SpecVersion.V1_0)[0].found
    lenient = look_at_each(raw, SpecVersion.V1_0, leniency=Leniency(HOME))[0]
    assert isinstance(strict, BadStatement)
    assert isinstance(lenient.found, BadStatement)
    assert (lenient.found.message, lenient.found.where) == (strict.message, strict.where)
    assert lenient.repairs == ()


def test_what_holds_is_not_touched() -> None:
    raw = orjson.dumps(body(timestamp="2026-01-31T09:30:00"))  # no zone: version 1.0 takes it
    (found,) = look_at_each(raw, SpecVersion.V1_0, leniency=Leniency(HOME))
    assert isinstance(found.found, Statement)
    assert (found.found.raw, found.repairs) == (raw, ())


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
_KEYS = ("actor", "verb", "object", "result", "context", "timestamp", "attachments", "authority")
_INNER = (
    "objectType",
    "mbox",
    "account",
    "member",
    "score",
    "team",
    "display",
    "definition",
    "name",
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(
        st.sampled_from(_KEYS), _json | st.dictionaries(st.sampled_from(_INNER), _json), max_size=5
    )
)
def test_whatever_comes_is_repaired_or_left(statement: dict[str, Any]) -> None:
    parsed = parse_statement(orjson.dumps(statement))
    mended, repairs = repaired(parsed, SpecVersion.V2_0, HOME)
    assert orjson.loads(mended.raw) == mended.body
    assert (mended.raw == parsed.raw) == (not repairs)
    again, more = repaired(mended, SpecVersion.V2_0, HOME)
    assert (again.raw, more) == (mended.raw, ())
