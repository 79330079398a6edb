"""Data 2.4.2, agents and groups; Data 2.4.9, authority; and the normal form."""

from __future__ import annotations

from typing import Any

import pytest
from xapi_samples import ANN, BO, TEAM, V2, both_versions, refused, statement, sub_statement, taken

from lrs.xapi.agents import AgentIdentifier, agent_of, identifier_of, normal_form
from lrs.xapi.terms import SpecVersion

SHA1 = "A" * 40
IDENTIFIED = [
    {"mbox": "mailto:ann@example.org"},
    {"mbox_sha1sum": SHA1},
    {"openid": "https://ann.example.org/"},
    BO,
]

# Everywhere an agent or a group may stand: what makes the statement, and the path to it.
PLACES = [
    (lambda agent: statement(actor=agent), "$.actor"),
    (lambda agent: statement(authority=agent), "$.authority"),
    (lambda agent: statement(context={"instructor": agent}), "$.context.instructor"),
    (lambda agent: statement(object=sub_statement(actor=agent)), "$.object.actor"),
    (
        lambda agent: statement(object=sub_statement(context={"instructor": agent})),
        "$.object.context.instructor",
    ),
    (lambda agent: statement(object={"objectType": "Agent", **agent}), "$.object"),
]
in_every_place = pytest.mark.parametrize(("put", "path"), PLACES, ids=[path for _, path in PLACES])


@in_every_place
@pytest.mark.parametrize("agent", IDENTIFIED, ids=lambda agent: next(iter(agent)))
def test_data_2_4_2_1_an_agent_has_one_identifier(agent: Any, put: Any, path: str) -> None:
    assert taken(put(agent)).id_given is False


@in_every_place
def test_data_2_4_2_1_an_agent_without_identifier_is_refused(put: Any, path: str) -> None:
    assert refused(put({"name": "Ann"})) == path


@in_every_place
@pytest.mark.parametrize("second", IDENTIFIED[1:], ids=lambda agent: next(iter(agent)))
def test_data_2_4_2_1_an_agent_with_two_identifiers_is_refused(
    second: Any, put: Any, path: str
) -> None:
    assert refused(put({**IDENTIFIED[0], **second})).startswith(f"{path}.")


@in_every_place
@pytest.mark.parametrize(
    ("identifier", "below"),
    [
        ({"mbox": "ann@example.org"}, "mbox"),
        ({"mbox": "http://example.org"}, "mbox"),
        ({"mbox": "mailto:example.org"}, "mbox"),
        ({"mbox": "mailto:@example.org"}, "mbox"),
        ({"mbox": "mailto:ann@"}, "mbox"),
        ({"mbox": "mailto:ann@b@example.org"}, "mbox"),
        ({"mbox": "mailto:ann lee@example.org"}, "mbox"),
        ({"mbox": "mailto:ann@example.org\n"}, "mbox"),
        ({"mbox": "mailto:ann\0@example.org"}, "mbox"),
        ({"mbox": ""}, "mbox"),
        ({"mbox": ["mailto:ann@example.org"]}, "mbox"),
        ({"mbox_sha1sum": "a" * 39}, "mbox_sha1sum"),
        ({"mbox_sha1sum": "g" * 40}, "mbox_sha1sum"),
        ({"mbox_sha1sum": 4}, "mbox_sha1sum"),
        ({"openid": "ann.example.org"}, "openid"),
        ({"openid": ""}, "openid"),
        ({"account": "ann"}, "account"),
        ({"account": {"homePage": "https://hr.example.org"}}, "account.name"),
        ({"account": {"name": "ann"}}, "account.homePage"),
        ({"account": {"homePage": "hr.example.org", "name": "ann"}}, "account.homePage"),
        ({"account": {"homePage": "ab=c://example.org", "name": "ann"}}, "account.homePage"),
        ({"account": {"homePage": "https://hr.example.org", "name": 17}}, "account.name"),
        ({"account": {"homePage": "https://hr.example.org", "name": "a\0"}}, "account.name"),
    ],
)
def test_data_2_4_2_3_an_identifier_has_its_form(
    identifier: Any, below: str, put: Any, path: str
) -> None:
    assert refused(put(identifier)) == f"{path}.{below}"


def test_data_2_4_2_1_an_agent_as_object_needs_its_object_type() -> None:
    assert refused(statement(object=ANN | {"objectType": "Activity"})) == "$.object.name"
    assert refused(statement(object={"mbox": ANN["mbox"]})) == "$.object.mbox"


# -- groups ----------------------------------------------------------------------------------------

GROUP_PLACES = [
    (lambda group: statement(actor=group), "$.actor"),
    (lambda group: statement(object=group), "$.object"),
    (lambda group: statement(context={"instructor": group}), "$.context.instructor"),
    (lambda group: statement(context={"team": group}), "$.context.team"),
    (
        lambda group: statement(object=sub_statement(context={"team": group})),
        "$.object.context.team",
    ),
]
in_every_group_place = pytest.mark.parametrize(
    ("put", "path"), GROUP_PLACES, ids=[path for _, path in GROUP_PLACES]
)


@in_every_group_place
def test_data_2_4_2_2_an_anonymous_group_has_members(put: Any, path: str) -> None:
    assert taken(put({"objectType": "Group", "member": [ANN, BO]}))
    assert refused(put({"objectType": "Group", "name": "Some"})) == f"{path}.member"


@in_every_group_place
@pytest.mark.parametrize("identifier", IDENTIFIED, ids=lambda agent: next(iter(agent)))
def test_data_2_4_2_2_an_identified_group_needs_no_members(
    identifier: Any, put: Any, path: str
) -> None:
    assert taken(put({"objectType": "Group", **identifier}))


@in_every_group_place
def test_data_2_4_2_2_an_identified_group_has_one_identifier(put: Any, path: str) -> None:
    assert refused(put({**TEAM, "openid": "https://team.example.org"})) == f"{path}.openid"


@in_every_group_place
@pytest.mark.parametrize(
    ("member", "below"),
    [
        ({"objectType": "Group", "member": [ANN]}, ".member[1].member"),
        ({"objectType": "Group", **BO}, ".member[1].objectType"),
        ({"name": "Nobody"}, ".member[1]"),
        ("ann", ".member[1]"),
    ],
)
def test_data_2_4_2_2_members_are_agents(member: Any, below: str, put: Any, path: str) -> None:
    assert refused(put({"objectType": "Group", "member": [ANN, member]})) == path + below


@in_every_group_place
def test_data_2_4_2_2_members_are_an_array(put: Any, path: str) -> None:
    assert refused(put({"objectType": "Group", "member": ANN})) == f"{path}.member"


def test_data_2_4_6_a_team_is_a_group() -> None:
    assert refused(statement(context={"team": ANN})) == "$.context.team.objectType"
    assert refused(statement(context={"team": BO})) == "$.context.team.objectType"


@both_versions
def test_data_2_4_9_an_authority_that_is_a_group_has_two_members(version: SpecVersion) -> None:
    group = {"objectType": "Group", "member": [BO, ANN]}
    assert taken(statement(authority=group), version)
    for wrong in (
        {**group, "member": [BO]},
        {**group, "member": [BO, ANN, ANN]},
        {**group, "mbox": "mailto:team@example.org"},
    ):
        assert refused(statement(authority=wrong), version) == "$.authority"


# -- the normal form -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agent", "normal"),
    [
        (ANN, "mbox mailto:ann@example.org"),
        ({"mbox": "mailto:Ann@Example.ORG"}, "mbox mailto:Ann@example.org"),
        ({"mbox_sha1sum": SHA1}, f"mbox_sha1sum {'a' * 40}"),
        ({"openid": "https://ann.example.org/"}, "openid https://ann.example.org/"),
        (BO, "account https://hr.example.org bo 17"),
        (TEAM, "mbox mailto:team@example.org"),
        ({"objectType": "Group", "member": [ANN]}, None),
    ],
)
def test_the_normal_form_of_an_agent(agent: dict[str, Any], normal: str | None) -> None:
    assert normal_form(agent) == normal
    assert taken(statement(actor=agent)).actor == normal


@pytest.mark.parametrize("agent", IDENTIFIED, ids=lambda agent: next(iter(agent)))
def test_an_agent_comes_back_from_its_normal_form(agent: dict[str, Any]) -> None:
    normal = normal_form(agent)
    assert normal is not None
    assert normal_form(agent_of(normal)) == normal
    assert taken(statement(actor=agent_of(normal)), V2).actor == normal


def test_the_parts_of_a_normal_form() -> None:
    assert identifier_of("account https://hr.example.org bo 17") == AgentIdentifier(
        "account", "https://hr.example.org", "bo 17"
    )
    assert identifier_of("mbox mailto:a@b.c") == AgentIdentifier("mbox", None, "mailto:a@b.c")
    assert identifier_of("account https://hr.example.org ").value == ""
