"""Communication 2.1.3, the parameters of GET statements."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from xapi_samples import ANN, BO, REF_ID, TEAM, V1, V2, both_versions

from lrs.errors import BadInput
from lrs.xapi.queries import ById, StatementQuery, parse_query
from lrs.xapi.terms import SpecVersion
from lrs.xapi.times import instant_of


def where(args: dict[str, str], version: SpecVersion = V1) -> str | None:
    with pytest.raises(BadInput) as caught:
        parse_query(args, version)
    assert caught.value.status == 400
    return caught.value.where


def asked(version: SpecVersion = V1, **args: str) -> StatementQuery:
    found = parse_query(args, version)
    assert isinstance(found, StatementQuery)
    return found


@both_versions
def test_without_parameters_everything_is_asked_for(version: SpecVersion) -> None:
    assert parse_query({}, version) == StatementQuery()


@both_versions
def test_every_filter_is_read(version: SpecVersion) -> None:
    assert asked(
        version,
        agent=json.dumps(BO),
        verb="https://example.org/did",
        activity="https://example.org/1",
        registration=REF_ID.upper(),
        related_activities="true",
        related_agents="false",
        since="2026-01-01T00:00:00Z",
        until="2026-01-02T00:00:00+01:00",
        limit="20",
        format="ids",
        attachments="true",
        ascending="true",
    ) == StatementQuery(
        agent="account https://hr.example.org bo 17",
        verb="https://example.org/did",
        activity="https://example.org/1",
        registration=REF_ID,
        related_activities=True,
        related_agents=False,
        since=instant_of("2026-01-01T00:00:00Z"),
        until=instant_of("2026-01-01T23:00:00Z"),
        limit=20,
        format="ids",
        attachments=True,
        ascending=True,
    )


@pytest.mark.parametrize(
    ("name", "voided"), [("statementId", False), ("voidedStatementId", True)], ids=["id", "voided"]
)
def test_one_statement_is_asked_for_by_its_id(name: str, voided: bool) -> None:
    assert parse_query({name: REF_ID}, V1) == ById(UUID(REF_ID), voided=voided)
    args = {name: REF_ID, "format": "canonical", "attachments": "true"}
    assert parse_query(args, V2) == ById(
        UUID(REF_ID), voided=voided, format="canonical", attachments=True
    )
    assert where({name: "1"}) == name
    assert where({name: ""}) == name


def test_both_ids_exclude_each_other() -> None:
    assert where({"statementId": REF_ID, "voidedStatementId": REF_ID}) == "voidedStatementId"


@pytest.mark.parametrize("name", ["statementId", "voidedStatementId"])
@pytest.mark.parametrize(
    "other",
    [
        "agent",
        "verb",
        "activity",
        "registration",
        "related_activities",
        "related_agents",
        "since",
        "until",
        "limit",
        "ascending",
    ],
)
def test_beside_an_id_stand_only_format_and_attachments(name: str, other: str) -> None:
    assert where({name: REF_ID, other: "true"}) == other


@both_versions
@pytest.mark.parametrize(
    "name", ["statementid", "StatementId", "Agent", "verbs", "cursor", "page", ""]
)
def test_communication_3_2_an_unknown_parameter_is_refused(name: str, version: SpecVersion) -> None:
    assert where({name: "x"}, version) == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("agent", "ann@example.org"),
        ("agent", "[]"),
        ("agent", '"mailto:ann@example.org"'),
        ("agent", "{}"),
        ("agent", '{"mbox": "mailto:a@example.org", "mbox": "nobody"}'),
        ("agent", "[" * 2_000),
        ("agent", '{"a":' * 900 + "1" + "}" * 900),
        ("agent", "\ud800"),
        ("verb", "did"),
        ("verb", ""),
        ("verb", "http://example.org/\0"),
        ("verb", "http://example.org/\udc80"),
        ("activity", "course 1"),
        ("registration", "1"),
        ("related_agents", "yes"),
        ("related_activities", "1"),
        ("ascending", ""),
        ("attachments", "null"),
        ("since", "yesterday"),
        ("since", ""),
        ("until", "2026-01-01"),
        ("until", "2026-02-30T00:00:00Z"),
        ("limit", "-1"),
        ("limit", "ten"),
        ("limit", "1.5"),
        ("limit", ""),
        ("limit", "\u0661"),
        ("limit", "9" * 30),
        ("format", "Exact"),
        ("format", "csv"),
    ],
)
def test_data_2_2_a_parameter_keeps_the_standards_of_statements(name: str, value: str) -> None:
    found = where({name: value})
    assert found is not None
    assert found.split(".")[0] == name


def test_the_fault_of_an_agent_is_told_with_its_path() -> None:
    assert where({"agent": '{"mbox": "ann"}'}) == "agent.mbox"
    assert where({"agent": '{"account": {"name": "ann"}}'}) == "agent.account.homePage"


def test_an_identified_group_can_be_asked_for_and_an_anonymous_one_not() -> None:
    assert asked(agent=json.dumps(TEAM)).agent == "mbox mailto:team@example.org"
    assert where({"agent": json.dumps({"objectType": "Group", "member": [ANN]})}) == "agent"


@both_versions
@pytest.mark.parametrize(
    "written",
    [
        "2026-01-01T12:00:00Z",
        "2026-01-01T12:00:00.000000Z",
        "2026-01-01 12:00:00",  # tincan
        "2026-01-01 12:00:00Z",
        "2026-01-01T12:00:00",
        "2026-01-01T14:00:00+02:00",
        "2026-01-01T14:00:00 02:00",  # a plus sign that was not escaped
        "2026-01-01 14:00:00 02:00",
        "2026-01-01t12:00:00z",
    ],
)
def test_instants_are_read_as_real_clients_write_them(written: str, version: SpecVersion) -> None:
    wanted = instant_of("2026-01-01T12:00:00Z")
    assert asked(version, since=written).since == wanted
    assert asked(version, until=written).until == wanted


def test_booleans_are_read_as_python_clients_write_them() -> None:
    assert asked(ascending="True").ascending is True
    assert asked(ascending="False").ascending is False
