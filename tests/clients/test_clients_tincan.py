"""The Python client `tincan` posts, retries, reads back, follows pages and voids, unchanged."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest
from serving import Served
from tincan import Activity, Agent, RemoteLRS, Statement, StatementRef, Verb
from tincan.documents import ActivityProfileDocument, StateDocument

pytestmark = pytest.mark.client


def a_statement(n: int, course: str = "https://example.org/tincan") -> Statement:
    return Statement(
        id=str(uuid.uuid4()),
        actor=Agent(name=f"Åsa {n}", mbox=f"mailto:tincan{n}@example.org"),
        verb=Verb(id="http://adlnet.gov/expapi/verbs/completed", display={"en": "completed"}),
        object=Activity(id=course, definition={"name": {"en": "TinCan"}}),
        result={"completion": True, "score": {"scaled": 0.5}},
        timestamp=datetime(2026, 3, 1, 8, n, tzinfo=UTC),
    )


@pytest.fixture
def lrs(store: Served) -> RemoteLRS:
    return RemoteLRS(
        version="1.0.3", endpoint=f"{store.endpoint}/", username=store.key, password=store.secret
    )


def test_about(lrs: RemoteLRS) -> None:
    found = lrs.about()
    assert found.success
    assert "1.0.3" in found.content.version


def test_save_and_retrieve(lrs: RemoteLRS) -> None:
    sent = a_statement(1)
    assert lrs.save_statement(sent).success
    assert lrs.save_statement(sent).success, "a retry is no fault"
    back = lrs.retrieve_statement(sent.id).content
    assert back.actor.name == "Åsa 1"
    assert back.result.score.scaled == 0.5
    assert back.timestamp == sent.timestamp
    assert back.stored is not None


def test_save_without_id(lrs: RemoteLRS) -> None:
    sent = a_statement(1)
    sent.id = None
    assert lrs.save_statement(sent).success
    assert lrs.retrieve_statement(sent.id).success


def test_pages_and_filters(lrs: RemoteLRS) -> None:
    course = "https://example.org/tincan/pages"
    sent = [a_statement(n, course) for n in range(5)]
    ids = [str(each.id) for each in sent]
    assert lrs.save_statements(sent).success
    found = lrs.query_statements(
        {
            "activity": Activity(id=course),
            "limit": 2,
            "since": datetime(2026, 1, 1),
            "ascending": True,
            "related_activities": False,
        }
    )
    assert found.success, found.data
    seen = [str(each.id) for each in found.content.statements]
    while found.content.more:
        found = lrs.more_statements(found.content)
        assert found.success, found.data
        seen += [str(each.id) for each in found.content.statements]
    assert seen == ids
    asked = {"agent": sent[2].actor, "verb": sent[2].verb, "activity": Activity(id=course)}
    by_agent = lrs.query_statements(asked).content
    assert [str(each.id) for each in by_agent.statements] == [ids[2]]


def test_void(lrs: RemoteLRS) -> None:
    sent = a_statement(1)
    lrs.save_statement(sent)
    voiding = Statement(
        actor=sent.actor,
        verb=Verb(id="http://adlnet.gov/expapi/verbs/voided"),
        object=StatementRef(id=sent.id),
    )
    assert lrs.save_statement(voiding).success
    assert not lrs.retrieve_statement(sent.id).success
    assert str(lrs.retrieve_voided_statement(sent.id).content.id) == str(sent.id)


@pytest.mark.parametrize("version", ["1.0.0", "1.0.1", "1.0.2"])
def test_an_older_client_is_answered_in_its_version(store: Served, version: str) -> None:
    older = RemoteLRS(
        version=version, endpoint=store.endpoint, username=store.key, password=store.secret
    )
    sent = a_statement(1)
    assert older.save_statement(sent).success
    assert str(older.retrieve_statement(sent.id).content.id) == str(sent.id)


def test_state_is_kept_changed_listed_and_cleared(lrs: RemoteLRS) -> None:
    """The client sends each state twice, as fast as it can."""
    place = {
        "activity": Activity(id="https://example.org/tincan/state"),
        "agent": Agent(mbox="mailto:state@example.org"),
    }
    for content in (b"page 3", b"page 4"):
        kept = StateDocument(id="bookmark", content=bytearray(content), **place)
        assert lrs.save_state(kept).success
        back = lrs.retrieve_state(place["activity"], place["agent"], "bookmark").content
        assert bytes(back.content) == content
    assert lrs.retrieve_state_ids(**place).content == ["bookmark"]
    assert lrs.clear_state(**place).success
    assert lrs.retrieve_state_ids(**place).content == []


def test_a_profile_is_changed_under_the_condition_that_the_standard_wants(
    store: Served, lrs: RemoteLRS
) -> None:
    """The client cannot say that a profile must be new, so it changes those that others made."""
    activity = Activity(id="https://example.org/tincan/profile")
    profile = ActivityProfileDocument(
        id="level",
        activity=activity,
        content=bytearray(b'{"level": 2}'),
        content_type="application/json",
    )
    assert lrs.save_activity_profile(profile).response.status == 400
    address = f"/xapi/activities/profile?activityId={activity.id}&profileId=level"
    assert store.ask("PUT", address, {"level": 1}, {"If-None-Match": "*"}).status == 204
    found = lrs.retrieve_activity_profile(activity, "level")
    profile.etag = found.response.getheader("ETag")
    assert lrs.save_activity_profile(profile).success
    assert lrs.save_activity_profile(profile).response.status == 412, "the tag is an old one now"
    assert lrs.retrieve_activity_profile_ids(activity).content == ["level"]
    back = lrs.retrieve_activity_profile(activity, "level").content
    assert bytes(back.content) == b'{"level": 2}'
    assert lrs.delete_activity_profile(back).success
    assert lrs.retrieve_activity_profile_ids(activity).content == []
