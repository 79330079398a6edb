"""Data 2.2 and the special types of Data 4: how a statement is written, in both versions."""

from __future__ import annotations

import json
from typing import Any

from conformance_asking import (
    ANN,
    BO,
    COURSE,
    DID,
    Lrs,
    both,
    new_id,
    of_activity,
    of_agent,
    reference,
    statement,
)

EXTENSION = "https://example.org/extensions/x"


def of_extensions(value: Any) -> list[dict[str, Any]]:
    """Statements with these extensions in every place that takes them."""
    return [
        *of_activity(extensions=value),
        *both(result={"extensions": value}),
        *both(context={"extensions": value}),
    ]


def of_language_map(value: Any) -> list[dict[str, Any]]:
    """Statements with this language map in every place that takes one."""
    attachment = {
        "usageType": "https://example.org/usage",
        "display": value,
        "contentType": "text/plain",
        "length": 1,
        "sha2": "0" * 64,
        "fileUrl": "https://example.org/file",
    }
    return [
        *both(verb={**DID, "display": value}),
        *of_activity(name=value),
        *of_activity(description=value),
        *of_activity(interactionType="likert", scale=[{"id": "a", "description": value}]),
        *both(attachments=[attachment]),
    ]


def test_xapi_00001_null_is_refused(rules: Lrs) -> None:
    rules.refuses(
        *both(actor={**ANN, "name": None}),
        *both(verb={**DID, "display": {"en": None}}),
        *of_activity(type=None),
        *both(result={"score": {"raw": None}}),
        *both(context={"registration": None}),
        statement(timestamp=None),
    )
    rules.takes(*of_extensions({EXTENSION: {"a": None}}))


def test_xapi_00002_numbers_keep_their_precision(lrs: Lrs) -> None:
    numbers = [1.1754944e-38, 3.4028234e38, 0.1234567, 16777217, -0.333333343]
    got = lrs.stored(statement(result={"extensions": {EXTENSION: numbers}}))
    assert got["result"]["extensions"][EXTENSION] == numbers
    assert lrs.stored(statement(result={"score": {"raw": 0.123456789}}))["result"] == {
        "score": {"raw": 0.123456789}
    }


def test_xapi_00003_a_statement_has_an_actor(rules: Lrs) -> None:
    rules.refuses(*both(actor=...))


def test_xapi_00004_a_statement_has_a_verb(rules: Lrs) -> None:
    rules.refuses(*both(verb=...))


def test_xapi_00005_a_statement_has_an_object(rules: Lrs) -> None:
    rules.refuses(*both(object=...))


def test_xapi_00006_the_wrong_type_is_refused(rules: Lrs) -> None:
    for wrong in (1, True, "text", []):
        rules.refuses(*both(actor=wrong), *both(verb=wrong), *both(object=wrong))
        rules.refuses(*both(result=wrong), *both(context=wrong))
    rules.refuses(*both(result={"success": "true"}), *both(result={"score": {"raw": "1"}}))
    rules.refuses(statement(version=1), statement(id=1), statement(attachments={}))


def test_xapi_00007_a_format_is_kept_and_never_empty(rules: Lrs) -> None:
    for value in ("", "ann@example.org", "mailto:", "mailto:ann"):
        rules.refuses(*of_agent({"mbox": value}))
    for value in ("", "courses/1", "not an iri"):
        rules.refuses(*both(object={"id": value}), *both(verb={"id": value}))
        rules.refuses(*of_agent({"openid": value}))
    for value in ("", "42", new_id() + "0"):
        rules.refuses(*both(object=reference(value or " ")), *both(context={"registration": value}))


def test_xapi_00008_00010_the_case_of_a_key_matters(rules: Lrs) -> None:
    rules.refuses(
        {**statement(), "Result": {"success": True}},
        {**statement(), "ID": new_id()},
        {"Actor": ANN, "verb": DID, "object": COURSE},
        *both(actor={"Mbox": "mailto:ann@example.org"}),
        *both(verb={"ID": "https://example.org/verbs/did"}),
        *both(result={"Success": True}),
        *both(context={"Registration": new_id()}),
        *of_activity(Name={"en": "x"}),
    )


def test_xapi_00009_the_case_of_a_listed_value_matters(rules: Lrs) -> None:
    rules.refuses(
        *both(actor={**ANN, "objectType": "agent"}),
        *both(object={**COURSE, "objectType": "activity"}),
        *both(object={**reference(), "objectType": "statementRef"}),
        *of_activity(interactionType="True-False"),
    )


def test_xapi_00011_an_iri_has_a_scheme(rules: Lrs) -> None:
    for value in ("example.org/courses/1", "/courses/1", "courses"):
        rules.refuses(*both(verb={"id": value}), *both(object={"id": value}))
        rules.refuses(*of_activity(type=value), *of_activity(moreInfo=value))
        rules.refuses(*of_agent({"account": {"homePage": value, "name": "bo"}}))


def test_xapi_00012_parameters_keep_the_formats_of_statements(rules: Lrs) -> None:
    for name, value in {
        "statementId": "42",
        "voidedStatementId": "42",
        "agent": '{"mbox": "ann@example.org"}',
        "verb": "did",
        "activity": "courses/1",
        "registration": "42",
        "since": "yesterday",
        "until": "2026-13-01T00:00:00Z",
        "limit": "-1",
        "format": "Exact",
    }.items():
        rules.faulty("GET", "/statements", **{name: value})
    rules.faulty("GET", "/activities", activityId="courses/1")
    rules.faulty("GET", "/agents", agent='{"openid": "ann"}')


def test_xapi_00013_00121_the_keys_of_a_language_map_are_language_tags(rules: Lrs) -> None:
    for tag in ("en", "sv-SE", "zh-Hant-TW", "de-CH-1996", "x-klingon", "i-default", "und"):
        rules.takes(statement(verb={**DID, "display": {tag: "x"}}))
    for tag in ("", "e", "swedish1234", "en_GB", "en-", "en-abcdefghi", "12"):
        rules.refuses(*of_language_map({tag: "x"}))


def test_xapi_00014_a_statement_is_well_formed_json(rules: Lrs) -> None:
    whole = json.dumps(statement()).encode()
    rules.refuses(whole[:-1], whole + b"}", b"", b"{'actor': 1}", b'{"a": 1,}', b"[" + whole)


def test_xapi_00015_text_is_utf_8(lrs: Lrs) -> None:
    name = "Åsa فعل 読む 🎓"
    got = lrs.stored(
        json.dumps(statement(actor={**ANN, "name": name}), ensure_ascii=False).encode()
    )
    assert got["actor"]["name"] == name
    lrs.refuses(json.dumps(statement(), ensure_ascii=False).encode().replace(b"Ann", b"\xc5sa"))


def test_xapi_00021_a_property_stands_once(rules: Lrs) -> None:
    whole = json.dumps(statement(result={"success": True, "score": {"raw": 1}}))
    for twice in ('"actor"', '"verb"', '"object"', '"result"', '"success"', '"raw"', '"mbox"'):
        key = twice.strip('"')
        doubled = whole.replace(f'"{key}":', f'"{key}": 1, "{key}":', 1)
        rules.refuses(doubled.encode())


def test_xapi_00118_the_keys_of_extensions_are_iris(rules: Lrs) -> None:
    rules.takes(*of_extensions({EXTENSION: 1, "tag:example.org,2026:x": 2}))
    rules.refuses(*of_extensions({"x": 1}), *of_extensions({"": 1}))


def test_xapi_00119_an_extension_may_be_empty(lrs: Lrs) -> None:
    for value in (None, "", {}, [], {"a": {}}):
        lrs.takes(*of_extensions({EXTENSION: value}))
        id_ = new_id()
        sent = statement(context={"extensions": {EXTENSION: value}})
        assert lrs.put(id_, sent).status == 204
        got = lrs.get(statementId=id_).json
        assert got["context"]["extensions"] == {EXTENSION: value}


def test_xapi_00120_extensions_are_an_object(rules: Lrs) -> None:
    rules.takes(*of_extensions({}))
    for wrong in ([], "x", 1, True):
        rules.refuses(*of_extensions(wrong))


def test_xapi_00122_a_timestamp_keeps_its_milliseconds(lrs: Lrs) -> None:
    got = lrs.stored(statement(timestamp="2026-03-01T08:30:00.123Z"))
    assert ".123" in got["timestamp"]
    assert "." in got["stored"]
    assert len(got["stored"].partition(".")[2].rstrip("Z")) >= 3


def test_xapi_00123_a_timestamp_is_iso_8601(rules: Lrs) -> None:
    for value in (
        "2026-03-01T08:30:00Z",
        "2026-03-01T08:30:00.000Z",
        "2026-03-01T08:30:00+01:00",
        "2026-03-01T08:30:00.123456-05:30",
    ):
        rules.takes(*both(timestamp=value))
    for value in (
        "",
        "yesterday",
        "01/03/2026",
        "2026-02-30T08:30:00Z",
        "2026-03-01T25:30:00Z",
        "2026-03-01T08:30:00-00:00",
        "2026-03-01T08:30:00-0000",
        "2026-03-01T08:30:00-00",
    ):
        rules.refuses(*both(timestamp=value))


def test_xapi_00124_a_duration_is_iso_8601(rules: Lrs) -> None:
    for value in ("P1Y2M3DT4H5M6S", "PT1.5S", "P3W", "PT0S", "P1DT12H36M0.12567S"):
        rules.takes(*both(result={"duration": value}))
    for value in ("", "P", "PT", "1 hour", "PT1", "P1H", "P1DT", "P-1D", "P1W1D"):
        rules.refuses(*both(result={"duration": value}))


def test_xapi_00027_00028_00029_00030_a_uuid_is_one_in_its_usual_form(rules: Lrs) -> None:
    rules.takes(statement(id=new_id()), statement(id=new_id().upper()))
    for value in (
        "",
        "42",
        new_id().replace("-", ""),
        "{" + new_id() + "}",
        "urn:uuid:" + new_id(),
        new_id()[:-1],
        new_id()[:-1] + "g",
    ):
        rules.refuses(statement(id=value))
        rules.refuses(*both(context={"registration": value}), *both(object=reference(value or "x")))


def test_xapi_00022_a_timestamp_is_a_timestamp(rules: Lrs) -> None:
    rules.takes(*both(timestamp="2026-03-01T08:30:00Z"))
    for wrong in (1, True, [], {}, "2026", "soon"):
        rules.refuses(*both(timestamp=wrong))


def test_xapi_00056_00059_texts_of_an_activity_are_language_maps(rules: Lrs) -> None:
    rules.takes(*of_activity(name={"en": "x"}, description={}))
    for wrong in ("x", 1, [], {"en": 1}, {"en": {}}):
        rules.refuses(*of_activity(name=wrong), *of_activity(description=wrong))


def test_xapi_00041_an_account_belongs_to_an_agent_or_group(rules: Lrs) -> None:
    rules.takes(*of_agent(BO), *of_agent({"objectType": "Group", **BO}))
    for wrong in ("bo", 1, [], True):
        rules.refuses(*of_agent({"account": wrong}))
