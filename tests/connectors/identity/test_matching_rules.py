"""Rules 2 to 6 of who is who, one by one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.identity.matching import Adopted, Ask, Claim, Link, adopted, is_shared, match
from lrs.xapi.agents import AgentIdentifier, identifier_of

ALWAYS = Claim(1, 0, None)
PAGE = "https://lms.example.org"


def _lookup(**known: list[Claim]) -> Callable[[Ask], list[Claim]]:
    """Claims by scheme, whatever the normal form."""
    return lambda ask: known.get(ask.scheme, [])


def _account(name: str) -> AgentIdentifier:
    return identifier_of(f"account {PAGE} {name}")


def _rules(found: tuple[Link, ...]) -> list[tuple[int, int]]:
    return [(link.person_id, link.rule) for link in found]


@pytest.mark.parametrize(
    ("actor", "scheme", "rule"),
    [
        (f"account {PAGE} ann", "account", 2),
        (f"account {PAGE} ann@example.org", "sso", 4),
        ("openid https://id.example.org/ann", "sso", 4),
        ("mbox mailto:ann@example.org", "sso", 4),
        ("mbox mailto:ann@example.org", "mail", 5),
        (f"account {PAGE} ann@example.org", "mail", 5),
        (f"mbox_sha1sum {'ab' * 20}", "sha1", 6),
    ],
)
def test_rule_by_what_the_actor_is(actor: str, scheme: str, rule: int) -> None:
    found = match(identifier_of(actor), {}, _lookup(**{scheme: [ALWAYS]}))
    assert _rules(found.links) == [(1, rule)]


@pytest.mark.parametrize(("scheme", "rule"), [("native", 2), ("employee_number", 3)])
def test_account_on_an_adopted_page_is_the_key_of_a_record(scheme: str, rule: int) -> None:
    pages = {PAGE: Adopted(scheme, 0.9, "adopted")}
    assert _rules(match(_account("E1001"), pages, _lookup(**{scheme: [ALWAYS]})).links) == [
        (1, rule)
    ]
    assert match(_account("E1001"), {}, _lookup(**{scheme: [ALWAYS]})).links == ()


def test_first_rule_that_knows_anybody_decides() -> None:
    found = match(
        _account("ann@example.org"), {}, _lookup(account=[ALWAYS], mail=[Claim(2, 0, None)])
    )
    assert _rules(found.links) == [(1, 2)]


def test_nobody_is_found_for_what_nobody_has() -> None:
    found = match(_account("ann"), {}, _lookup())
    assert (found.links, found.reason) == ((), "unknown")


def test_mail_of_two_people_at_once_is_nobodys() -> None:
    claims = [Claim(1, 0, None), Claim(2, 100, None)]
    found = match(identifier_of("mbox mailto:desk@example.org"), {}, _lookup(mail=claims))
    assert (found.links, found.reason, found.candidates) == ((), "conflict", (1, 2))


def test_freed_mail_joins_each_holder_for_their_own_time() -> None:
    claims = [Claim(1, 0, 100), Claim(2, 100, None)]
    found = match(identifier_of("mbox mailto:ann@example.org"), {}, _lookup(mail=claims))
    assert [(link.person_id, link.start, link.end) for link in found.links] == [
        (1, 0, 100),
        (2, 100, None),
    ]


def test_shared_identifier_becomes_one_persons_when_the_other_is_ruled_out() -> None:
    claims = [Claim(1, 0, None), Claim(2, 0, None)]
    found = match(identifier_of("mbox mailto:a@example.org"), {}, _lookup(mail=claims), never={2})
    assert _rules(found.links) == [(1, 5)]


def test_never_leaves_an_actor_to_the_next_rule() -> None:
    known = _lookup(account=[ALWAYS], mail=[Claim(2, 0, None)])
    assert _rules(match(_account("ann@example.org"), {}, known, never={1}).links) == [(2, 5)]


def test_times_of_one_person_that_touch_are_one_link() -> None:
    claims = [Claim(1, 0, 10), Claim(1, 10, 20), Claim(1, 30, None)]
    found = match(identifier_of("mbox mailto:a@example.org"), {}, _lookup(mail=claims))
    assert [(link.start, link.end) for link in found.links] == [(0, 20), (30, None)]


spans = st.tuples(st.integers(0, 20), st.one_of(st.none(), st.integers(1, 8)))
claims = st.builds(
    lambda person, span: Claim(person, span[0], None if span[1] is None else span[0] + span[1]),
    st.integers(1, 3),
    spans,
)


@given(st.lists(claims, max_size=6))
def test_shared_is_two_people_on_one_day(found: list[Claim]) -> None:
    def holders(day: int) -> set[int]:
        return {c.person_id for c in found if c.start <= day and (c.end is None or day < c.end)}

    assert is_shared(found) is any(len(holders(day)) > 1 for day in range(30))


@given(st.lists(claims, min_size=1, max_size=6))
def test_no_day_of_an_actor_is_ever_two_peoples(found: list[Claim]) -> None:
    links = match(identifier_of("mbox mailto:a@example.org"), {}, _lookup(mail=found)).links
    for day in range(30):
        people = [k for k in links if k.start <= day and (k.end is None or day < k.end)]
        assert len(people) <= 1


@pytest.mark.parametrize(
    ("names", "natives", "numbers", "scheme"),
    [
        (100, 100, 0, "native"),
        (100, 90, 0, "native"),
        (100, 89, 0, None),
        (100, 0, 95, "employee_number"),
        (4, 4, 0, "native"),
        (4, 3, 0, None),
        (0, 0, 0, None),
    ],
)
def test_page_is_adopted_when_nearly_all_its_names_are_keys(
    names: int, natives: int, numbers: int, scheme: str | None
) -> None:
    found = adopted(PAGE, names, natives, numbers)
    assert (found.scheme if found else None) == scheme


def test_few_names_are_less_sure_than_many() -> None:
    few, many = adopted(PAGE, 2, 2, 0), adopted(PAGE, 200, 200, 0)
    assert few is not None
    assert many is not None
    assert few.confidence < many.confidence


def test_user_17_of_one_system_is_not_record_17_of_another() -> None:
    pages = {PAGE: Adopted("native", 0.95, "adopted")}
    assert match(_account("17"), pages, _lookup(native=[ALWAYS])).links == ()
