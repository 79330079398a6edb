"""Communication 2.1.1 and 2.1.2, Data 2.3 and 2.4.7 to 2.4.10: what is stored, and what the store adds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conformance_asking import (
    ANN,
    BO,
    TEAM,
    Lrs,
    new_id,
    reference,
    something,
    statement,
    sub_statement,
    voiding,
)

from lrs.xapi.times import instant_of

MORNING = "2026-03-01T08:30:00.000Z"


def two_legged(*members: Any) -> dict[str, Any]:
    """An authority of an application and a user, as three-legged OAuth has it."""
    return {"objectType": "Group", "member": list(members)}


def test_xapi_00023_00097_the_store_sets_stored(lrs: Lrs) -> None:
    sent = statement(stored=MORNING)
    for found in (lrs.stored(sent), lrs.stored(statement())):
        assert found["stored"] != MORNING
        assert instant_of(found["stored"]) is not None
    id_ = new_id()
    assert lrs.put(id_, sent).status == 204
    assert lrs.get(statementId=id_).json["stored"] != MORNING
    lrs.refuses(statement(stored="today"), statement(stored=1))


def test_v2_without_a_timestamp_it_is_as_stored(lrs: Lrs) -> None:
    found = lrs.stored(statement())
    assert found["timestamp"] == found["stored"]


def test_v2_a_timestamp_ahead_of_the_clock_is_taken(rules: Lrs) -> None:
    rules.takes(statement(timestamp="2099-01-01T00:00:00Z"))


def test_v2_a_timestamp_keeps_its_instant(lrs: Lrs) -> None:
    sent = "2026-05-04T12:00:00-05:00"
    found = lrs.stored(statement(timestamp=sent))["timestamp"]
    assert instant_of(found) == instant_of("2026-05-04T17:00:00Z")


def test_v2_a_timestamp_has_a_zone(rules2: Lrs) -> None:
    rules2.refuses(statement(timestamp="2026-03-01T08:30:00"))


def test_v2_durations_are_compared_to_the_hundredth(lrs2: Lrs) -> None:
    """The statement is kept as it came: a later one that differs in the third digit is the same."""
    sent = statement(id=new_id(), result={"duration": "P1DT12H36M0.12567S"})
    assert lrs2.stored(sent)["result"]["duration"] == "P1DT12H36M0.12567S"
    lrs2.takes({**sent, "result": {"duration": "P1DT12H36M0.12S"}})
    other = lrs2.post({**sent, "result": {"duration": "P1DT12H36M0.13S"}})
    assert other.status == 409


def test_v2_iris_are_compared_as_strings(lrs2: Lrs) -> None:
    dotted = f"https://example.org/path/../{new_id()}"
    lrs2.takes(statement(object={"id": dotted}))
    assert lrs2.ask("GET", "/activities", activityId=dotted).json["id"] == dotted
    assert lrs2.found(activity=dotted.replace("path/../", "")) == []


def test_xapi_00024_an_authority_is_an_agent_or_a_group(rules: Lrs) -> None:
    rules.takes(statement(authority=ANN), statement(authority=two_legged(ANN, BO)))
    for wrong in ("ann", 1, {}, {"name": "Ann"}, {**ANN, "objectType": "Activity"}):
        rules.refuses(statement(authority=wrong))
    for identifier in (
        {"mbox": "mailto:a@example.org"},
        {"mbox_sha1sum": "ab" * 20},
        {"openid": "https://id.example.org/a"},
        {"account": BO["account"]},
    ):
        rules.refuses(statement(authority={**two_legged(ANN, BO), **identifier}))


def test_xapi_00098_00100_an_authority_that_is_a_group_has_two_members(rules: Lrs) -> None:
    rules.takes(statement(authority=two_legged(ANN, BO)))
    third = {"mbox": "mailto:third@example.org"}
    rules.refuses(statement(authority=two_legged(ANN)), statement(authority=two_legged()))
    rules.refuses(statement(authority=two_legged(ANN, BO, third)))


def test_xapi_00099_the_store_sets_the_authority(lrs: Lrs) -> None:
    mine = lrs.stored(statement())["authority"]
    assert mine["account"]["name"]
    assert lrs.stored(statement(authority=ANN))["authority"] == mine, "nobody vouches for another"


def test_xapi_00101_a_statement_states_a_version_that_is_spoken(rules: Lrs) -> None:
    rules.takes(statement(version="1.0"), statement(version="1.0.9"), statement(version="1.0.0"))
    for wrong in ("", "0.9.9", "0.95", "1.1.0", "1", "x", 1, 1.0):
        rules.refuses(statement(version=wrong))
    if rules.second:
        rules.takes(statement(version="2.0.0"))
    else:
        rules.refuses(statement(version="2.0.0"))


def test_xapi_00330_00332_a_version_comes_back_as_it_was_stated(lrs: Lrs) -> None:
    assert lrs.stored(statement(version="1.0.2"))["version"] == "1.0.2"
    assert lrs.stored(statement())["version"] == ("2.0.0" if lrs.second else "1.0.0")


def test_xapi_00139_00147_00159_statements_have_an_address(rules: Lrs) -> None:
    assert rules.post(statement()).status == 200
    assert rules.put(new_id(), statement()).status == 204
    assert rules.get(limit="1").status == 200


def test_xapi_00142_what_is_stored_stays_as_it_is(lrs: Lrs) -> None:
    id_ = lrs.takes(statement(id=new_id(), result={"score": {"raw": 1}}))
    before = lrs.get(statementId=id_).body
    other = statement(id=id_, result={"score": {"raw": 2}})
    assert lrs.put(id_, other).status == 409
    assert lrs.post(other).status == 409
    assert lrs.post([statement(), other]).status == 409
    assert lrs.get(statementId=id_).body == before


def test_xapi_00143_00144_put_stores_under_the_id_of_the_address(lrs: Lrs) -> None:
    for sent in (statement(), statement(id=(own := new_id()))):
        id_ = sent.get("id", new_id())
        reply = lrs.put(id_, sent)
        assert (reply.status, reply.body) == (204, b"")
        assert lrs.get(statementId=id_).json["id"] == id_
    assert lrs.put(own, sent).status == 204, "the same again"


def test_xapi_00145_put_needs_an_id(rules: Lrs) -> None:
    rules.faulty("PUT", "/statements", statement())
    rules.faulty("PUT", "/statements", statement(id=new_id()))
    rules.faulty("PUT", "/statements", statement(), statementId="42")
    rules.faulty("PUT", "/statements", statement(id=new_id()), statementId=new_id())


def test_xapi_00146_post_answers_the_ids_in_order(lrs: Lrs) -> None:
    ids = [new_id() for _ in range(3)]
    reply = lrs.post([statement(id=id_) for id_ in ids])
    assert (reply.status, reply.json) == (200, ids)
    assert lrs.post(statement(id=ids[0])).json == [ids[0]], "the same again"


def test_xapi_00326_a_batch_is_stored_whole_or_not_at_all(lrs: Lrs) -> None:
    place = something()
    good = statement(object=place)
    lrs.refuses([good, statement(object=place, actor=...)], [good, good | {"verb": {"id": "x"}}])
    assert lrs.found(activity=place["id"]) == []


def test_v2_equal_ids_in_one_batch_are_refused(lrs: Lrs) -> None:
    place, id_ = something(), new_id()
    lrs.refuses([statement(id=id_, object=place), statement(id=id_, object=place)])
    assert lrs.found(activity=place["id"]) == []


def test_xapi_00016_what_voids_is_not_voided(lrs: Lrs) -> None:
    target = lrs.takes(statement())
    voids = lrs.takes(voiding(target))
    lrs.takes(voiding(voids))
    assert lrs.get(statementId=voids).status == 200
    assert lrs.get(statementId=target).status == 404, "and what it voided stays voided"
    lrs.takes(voiding(new_id()))  # the statement need not be here


def test_xapi_00017_00020_what_voids_refers_to_a_statement(rules: Lrs) -> None:
    verb = voiding(new_id())["verb"]
    for wrong in (something(), {"objectType": "Agent", **BO}, TEAM, sub_statement()):
        rules.refuses(statement(verb=verb, object=wrong))


def test_xapi_00018_00155_00157_a_voided_statement_is_read_as_such(lrs: Lrs) -> None:
    sent = statement(id=new_id())
    target = lrs.takes(sent)
    assert lrs.get(voidedStatementId=target).status == 404
    lrs.takes(voiding(target))
    assert lrs.get(statementId=target).status == 404
    found = lrs.get(voidedStatementId=target)
    assert (found.status, found.json["id"]) == (200, target)


def test_v2_a_statement_may_be_voided_before_it_comes(lrs: Lrs) -> None:
    target = new_id()
    lrs.takes(voiding(target))
    lrs.takes(statement(id=target))
    assert lrs.get(statementId=target).status == 404
    assert lrs.get(voidedStatementId=target).status == 200


def test_xapi_00019_only_the_verb_voided_voids(lrs: Lrs) -> None:
    target = lrs.takes(statement())
    other = {"id": "https://example.org/verbs/voided"}
    lrs.takes(statement(verb=other, object=reference(target)))
    assert lrs.get(statementId=target).status == 200


def test_xapi_00162_00163_a_list_holds_what_points_to_a_voided_statement(lrs: Lrs) -> None:
    place = something()
    target = lrs.takes(statement(object=place))
    pointing = lrs.takes(statement(object=reference(target)))
    voids = lrs.takes(voiding(target))
    found = lrs.found(activity=place["id"])
    assert found == [voids, pointing]
    assert target not in lrs.found(limit="5")


@pytest.mark.parametrize("name", ["id", "timestamp", "context"])
def test_xapi_00170_what_was_sent_comes_back_unchanged(lrs: Lrs, name: str) -> None:
    given = {
        "id": new_id(),
        "timestamp": "2026-03-01T09:30:00.120+01:00",
        "context": {"extensions": {"https://example.org/x": [1.10, {"z": None, "a": "Å"}]}},
    }
    sent = statement(**{name: given[name]})
    text = json.dumps(sent[name], separators=(",", ":"), ensure_ascii=False)
    body = json.dumps(sent, separators=(",", ":"), ensure_ascii=False).encode()
    found = lrs.get(statementId=lrs.takes(body))
    assert f'"{name}":{text}' in found.body.decode()
