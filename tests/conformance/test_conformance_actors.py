"""Data 2.4.1 to 2.4.3: ids, agents, groups and verbs, in both versions."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from conformance_asking import ANN, BO, DID, Lrs, both, new_id, of_agent, statement

IDENTIFIERS: dict[str, Any] = {
    "mbox": "mailto:ann@example.org",
    "mbox_sha1sum": "0123456789abcdef0123456789abcdef01234567",
    "openid": "https://id.example.org/ann",
    "account": BO["account"],
}
GROUP = {"objectType": "Group"}


def test_xapi_00026_an_id_is_made_where_there_is_none(lrs: Lrs) -> None:
    ids = lrs.post([statement(), statement()]).json
    assert len({str(uuid.UUID(each)) for each in ids}) == 2
    assert lrs.get(statementId=ids[0]).json["id"] == ids[0]


def test_xapi_00028_an_id_is_a_string(rules: Lrs) -> None:
    for wrong in (1, True, [new_id()], {"id": new_id()}):
        rules.refuses(statement(id=wrong))


def test_xapi_00031_an_actor_is_an_agent_or_a_group(rules: Lrs) -> None:
    rules.takes(*both(actor={**ANN, "objectType": "Agent"}), *both(actor={**BO, **GROUP}))
    for wrong in ("Activity", "Person", "agent", ""):
        rules.refuses(*both(actor={**ANN, "objectType": wrong}))


def test_xapi_00032_00033_the_type_and_the_name_of_an_agent_are_strings(rules: Lrs) -> None:
    rules.takes(*of_agent({**BO, "name": "Bo"}))
    for wrong in (1, True, ["Agent"], {"en": "Bo"}):
        rules.refuses(*of_agent({**BO, "name": wrong}), *both(actor={**BO, "objectType": wrong}))


@pytest.mark.parametrize("one", IDENTIFIERS)
def test_xapi_00034_an_agent_has_exactly_one_identifier(rules: Lrs, one: str) -> None:
    agent = {one: IDENTIFIERS[one]}
    rules.takes(*of_agent(agent))
    rules.refuses(*both(actor={"objectType": "Agent", "name": "Nobody"}))
    for other, value in IDENTIFIERS.items():
        if other != one:
            rules.refuses(*of_agent({**agent, other: value}))


def test_xapi_00035_a_group_without_identifier_has_members_and_an_agent_none(rules: Lrs) -> None:
    rules.takes(*of_agent({**GROUP, "member": [BO]}))
    rules.refuses(*both(actor=GROUP), *both(actor={**GROUP, "name": "Team"}))
    rules.refuses(*both(actor={**ANN, "member": [BO]}))


def test_xapi_00036_members_are_a_list_of_agents(rules: Lrs) -> None:
    rules.takes(*both(actor={**GROUP, "member": [BO, ANN]}))
    for wrong in (BO, "bo", 1, [1], ["bo"], [{}], [{**BO, **GROUP}]):
        rules.refuses(*both(actor={**GROUP, "member": wrong}))


@pytest.mark.parametrize("one", IDENTIFIERS)
def test_xapi_00037_a_group_has_at_most_one_identifier(rules: Lrs, one: str) -> None:
    group = {**GROUP, one: IDENTIFIERS[one]}
    rules.takes(*of_agent(group), *of_agent({**group, "member": [BO]}))
    for other, value in IDENTIFIERS.items():
        if other != one:
            rules.refuses(*of_agent({**group, other: value}))


@pytest.mark.parametrize("kind", [{}, GROUP])
def test_xapi_00038_mbox_is_a_mail_address_as_an_iri(rules: Lrs, kind: dict[str, Any]) -> None:
    rules.takes(*of_agent({**kind, "mbox": "mailto:Ann.B+x@mail.example.org"}))
    for wrong in ("ann@example.org", "mailto:", "mailto:ann", "http://ann@example.org", 1, {}):
        rules.refuses(*of_agent({**kind, "mbox": wrong}))


@pytest.mark.parametrize("kind", [{}, GROUP])
def test_xapi_00039_mbox_sha1sum_is_the_hex_of_a_hash(rules: Lrs, kind: dict[str, Any]) -> None:
    rules.takes(*of_agent({**kind, "mbox_sha1sum": "AB" * 20}))
    for wrong in ("", "ab" * 19, "zz" * 20, 1, ["ab" * 20], {}):
        rules.refuses(*of_agent({**kind, "mbox_sha1sum": wrong}))


@pytest.mark.parametrize("kind", [{}, GROUP])
def test_xapi_00040_openid_is_a_uri(rules: Lrs, kind: dict[str, Any]) -> None:
    rules.takes(*of_agent({**kind, "openid": "https://id.example.org/ann"}))
    for wrong in ("", "ann", "id.example.org/ann", 1, {}):
        rules.refuses(*of_agent({**kind, "openid": wrong}))


@pytest.mark.parametrize("kind", [{}, GROUP])
def test_xapi_00042_an_account_has_a_home_page(rules: Lrs, kind: dict[str, Any]) -> None:
    rules.takes(*of_agent({**kind, "account": {"homePage": "http://x.example.org", "name": "1"}}))
    rules.refuses(*of_agent({**kind, "account": {"name": "1"}}))
    for wrong in ("", "x.example.org", 1, {}):
        rules.refuses(*of_agent({**kind, "account": {"homePage": wrong, "name": "1"}}))


@pytest.mark.parametrize("kind", [{}, GROUP])
def test_xapi_00043_an_account_has_a_name(rules: Lrs, kind: dict[str, Any]) -> None:
    rules.refuses(*of_agent({**kind, "account": {"homePage": "http://x.example.org"}}))
    for wrong in (1, True, ["1"], {}):
        account = {"homePage": "http://x.example.org", "name": wrong}
        rules.refuses(*of_agent({**kind, "account": account}))


def test_xapi_00044_a_verb_has_an_id_that_is_an_iri(rules: Lrs) -> None:
    rules.refuses(*both(verb={}), *both(verb={"display": {"en": "did"}}))
    for wrong in ("did", "", "expapi/verbs/did", 1, {}):
        rules.refuses(*both(verb={"id": wrong}))


def test_xapi_00045_the_display_of_a_verb_is_a_language_map(rules: Lrs) -> None:
    rules.takes(*both(verb={**DID, "display": {}}), *both(verb={"id": DID["id"]}))
    for wrong in ("did", 1, [], {"en": 1}, {"en_GB": "did"}, {"en": {}}):
        rules.refuses(*both(verb={**DID, "display": wrong}))
