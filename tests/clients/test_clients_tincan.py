"""The Python client `tincan` posts, retries, reads back, follows pages and voids, unchanged."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest
from serving import Served
from tincan import Activity, Agent, RemoteLRS, Statement, StatementRef, Verb

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
