"""Actors of real statements are joined to people, by the rules and by an administrator's word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha1
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from people_kept import TENANT, Kept, account, mbox

from connectors.importing import import_people
from connectors.model.days import BEGINNING, day_of, iso
from connectors.resolving import Resolved, resolve, resolve_actors
from connectors.store import schema
from connectors.store.links import LinkStore
from connectors.store.queue import actor_number, linked_actors, person_number, waiting_actors
from lrs.errors import NotFound
from lrs.store.database import Database
from lrs.store.schema import term

Say = Callable[..., None]
LMS = "https://lms.example.org"


@pytest.fixture
def hire(database: Database, csv_file: Callable[..., Path]) -> Callable[..., None]:
    """Return ``f(header, *rows, **options)``: imports people."""

    def run(*lines: str, **options: Any) -> None:
        report = import_people(database, TENANT, csv_file(*lines), **options)
        assert report.refused == 0, report.issues

    return run


@pytest.fixture
def who(database: Database) -> Callable[[], dict[str, list[tuple[Any, ...]]]]:
    """Return ``f()``: by actor, who it is by which rule, from when to when."""

    def look() -> dict[str, list[tuple[Any, ...]]]:
        resolve_actors(database, TENANT)
        found: dict[str, list[tuple[Any, ...]]] = {}
        with database.read() as conn:
            for one in linked_actors(conn, TENANT):
                row = (one.person, one.rule, one.valid_from, one.valid_to)
                found.setdefault(one.actor, []).append(row)
        return found

    return look


Who = Callable[[], dict[str, list[tuple[Any, ...]]]]
Hire = Callable[..., None]


def _waiting(database: Database) -> dict[str, tuple[str, tuple[str, ...]]]:
    with database.read() as conn:
        return {one.actor: (one.reason, one.candidates) for one in waiting_actors(conn, TENANT)}


def test_each_rule_finds_its_actor(hire: Hire, say: Say, who: Who) -> None:
    hire(
        "person_id,email,employee_number,upn,account_home_page,account_name,valid_from",
        f"ann,,,,{LMS}/,Ann.B,2024-01-01",
        "bob1,,E-2002,,,,2024-01-01",
        "cid,,,cid@login.example.org,,,2024-01-01",
        "dan,Dan@example.org,,,,,2024-01-01",
        "eve,Eve@example.org,,,,,2024-01-01",
    )
    hashed = sha1(b"Eve@example.org", usedforsecurity=False).hexdigest()
    say(
        account("ann.b", LMS),
        account("E-2002", "https://payroll.example.org"),
        account("CID@login.example.org", "https://sso.example.org"),
        mbox("dan@EXAMPLE.org"),
        {"mbox_sha1sum": hashed},
    )
    assert who() == {
        f"account {LMS} ann.b": [("ann", 2, "2024-01-01", None)],
        "account https://payroll.example.org E-2002": [("bob1", 3, "2024-01-01", None)],
        "account https://sso.example.org CID@login.example.org": [("cid", 4, "2024-01-01", None)],
        "mbox mailto:dan@example.org": [("dan", 5, "2024-01-01", None)],
        f"mbox_sha1sum {hashed}": [("eve", 6, "2024-01-01", None)],
    }


def test_account_named_like_a_record_is_that_person_for_all_time(
    hire: Hire, say: Say, who: Who, kept: Kept
) -> None:
    hire("person_id,valid_from,termination_date", "P0001,2024-01-01,2024-05-01")
    say(account("P0001"))
    assert who() == {"account https://hr.example.org P0001": [("P0001", 2, None, None)]}
    (link,) = kept.rows(schema.actor_link)
    assert link.valid_from == BEGINNING


def test_page_with_many_other_names_is_only_a_suggestion(
    hire: Hire, say: Say, who: Who, database: Database
) -> None:
    hire("person_id,valid_from", "P0001,2024-01-01")
    say(account("P0001", LMS), *(account(f"user{n}", LMS) for n in range(9)))
    assert who() == {}
    assert _waiting(database)[f"account {LMS} P0001"] == ("suggestion", ("P0001",))


def test_page_whose_accounts_the_records_name_is_not_guessed_at(
    hire: Hire, say: Say, who: Who
) -> None:
    hire(
        "person_id,account_home_page,account_name,valid_from",
        f"alpha,{LMS},beta,2024-01-01",
        f"beta,{LMS},alpha,2024-01-01",
    )
    say(account("alpha", LMS), account("beta", LMS))
    people = {actor.rsplit(" ", 1)[1]: links[0][0] for actor, links in who().items()}
    assert people == {"alpha": "beta", "beta": "alpha"}


def test_accounts_on_a_named_page_are_person_ids(hire: Hire, say: Say, who: Who) -> None:
    hire("person_id,valid_from", "17,2024-01-01", accounts_on=LMS)
    say(account("17", LMS), account("17", "https://elsewhere.example.org"))
    assert list(who()) == [f"account {LMS} 17"]


def test_mail_freed_and_given_to_another_joins_neither_to_the_others_time(
    hire: Hire, say: Say, who: Who
) -> None:
    hire(
        "person_id,email,valid_from,termination_date",
        "old,kim@example.org,2022-01-01,2023-06-01",
        "new,kim@example.org,2024-02-01,",
    )
    say(mbox("kim@example.org"))
    assert who()["mbox mailto:kim@example.org"] == [
        ("old", 5, "2022-01-01", "2023-06-01"),
        ("new", 5, "2024-02-01", None),
    ]


def test_shared_mailbox_is_nobodys_and_waits_with_its_candidates(
    hire: Hire, say: Say, who: Who, database: Database
) -> None:
    hire(
        "person_id,email,employee_number,valid_from",
        "P1,desk@example.org,E1,2024-01-01",
        "P2,desk@example.org,E2,2024-01-01",
    )
    say(mbox("desk@example.org"))
    assert who() == {}
    assert _waiting(database) == {"mbox mailto:desk@example.org": ("conflict", ("P1", "P2"))}
    assert resolve_actors(database, TENANT) == Resolved(1, 0, 1, 1)


def test_link_is_taken_back_when_the_mailbox_turns_out_to_be_shared(
    hire: Hire, say: Say, who: Who, kept: Kept
) -> None:
    hire("person_id,email,valid_from", "P1,desk@example.org,2024-01-01")
    say(mbox("desk@example.org"))
    assert len(who()) == 1
    hire("person_id,email,valid_from", "P2,desk@example.org,2024-03-01")
    assert who() == {}
    (link,) = kept.rows(schema.actor_link, all_of_them=True)
    assert link.superseded_run is not None


def test_learner_who_comes_before_the_people_do_is_resolved_later(
    hire: Hire, say: Say, who: Who, database: Database
) -> None:
    say(mbox("ann@example.org"))
    assert resolve_actors(database, TENANT) == Resolved(1, 0, 1, 0)
    hire("person_id,email,valid_from", "P1,ann@example.org,2024-01-01")
    assert resolve_actors(database, TENANT) == Resolved(1, 1, 0, 0)
    assert _waiting(database) == {}


def test_authority_of_statements_is_no_learner(say: Say, database: Database) -> None:
    say(mbox("ann@example.org"))
    assert resolve_actors(database, TENANT).actors == 1


def test_second_look_writes_nothing(
    hire: Hire, say: Say, who: Who, kept: Kept, database: Database
) -> None:
    hire("person_id,email,valid_from", "P1,ann@example.org,2024-01-01")
    say(mbox("ann@example.org"), mbox("nobody@example.org"), account("P00x", LMS))
    who()
    before, runs = kept.everything(), kept.rows(schema.sync_run)
    first = resolve_actors(database, TENANT)
    with database.write() as conn:
        assert resolve(conn, TENANT, anew=True) == first
    assert (kept.everything(), kept.rows(schema.sync_run)) == (before, runs)


def test_more_names_on_a_page_leave_its_links_as_they_are(
    hire: Hire, say: Say, who: Who, kept: Kept
) -> None:
    hire("person_id,valid_from", *(f"P000{n},2024-01-01" for n in range(4)))
    say(account("P0001"), account("P0002"))
    who()
    before = kept.rows(schema.actor_link, all_of_them=True)
    say(account("P0003"))
    assert len(who()) == 3
    assert kept.rows(schema.actor_link, all_of_them=True)[:2] == before


def _decide(database: Database, say: Callable[[sa.Connection, LinkStore], object]) -> None:
    with database.write() as conn:
        say(conn, LinkStore(conn, TENANT, lambda: 1))
        resolve(conn, TENANT, anew=True)


def _numbers(conn: sa.Connection, actor: str, person: str) -> Sequence[int]:
    return actor_number(conn, TENANT, actor), person_number(conn, TENANT, person)


def test_administrators_word_stands_above_the_rules_and_stays(
    hire: Hire, say: Say, who: Who, database: Database
) -> None:
    hire(
        "person_id,email,valid_from",
        "P1,ann@example.org,2024-01-01",
        "P2,bo@example.org,2024-01-01",
    )
    say(mbox("ann@example.org"))
    assert who()["mbox mailto:ann@example.org"][0][:2] == ("P1", 5)
    _decide(
        database,
        lambda conn, links: links.decide(
            *_numbers(conn, "ann@example.org", "P2"), "Kim", None, None
        ),
    )
    assert who()["mbox mailto:ann@example.org"] == [("P2", 1, None, None)]
    hire("person_id,email,valid_from", "P3,new@example.org,2024-01-01")
    assert who()["mbox mailto:ann@example.org"] == [("P2", 1, None, None)]
    _decide(
        database, lambda conn, links: links.take_back(actor_number(conn, TENANT, "ann@example.org"))
    )
    assert who()["mbox mailto:ann@example.org"][0][:2] == ("P1", 5)


def test_never_undoes_a_link_and_settles_a_conflict(
    hire: Hire, say: Say, who: Who, database: Database
) -> None:
    hire(
        "person_id,email,valid_from",
        *("P1,desk@example.org,2024-01-01", "P2,desk@example.org,2024-01-01"),
    )
    say(mbox("desk@example.org"))
    for person, left in (("P1", [("P2", 5, "2024-01-01", None)]), ("P2", None)):
        _decide(
            database,
            lambda conn, links, person=person: links.forbid(
                *_numbers(conn, "desk@example.org", person), "Kim"
            ),
        )
        assert who().get("mbox mailto:desk@example.org") == left


def test_two_words_for_two_times_stand_beside_each_other(
    hire: Hire, say: Say, who: Who, database: Database
) -> None:
    hire("person_id,valid_from", "P1,2022-01-01", "P2,2022-01-01")
    say(mbox("desk@example.org"))
    turn = day_of("2023-01-01")
    for person, start, end in (("P1", None, turn), ("P2", turn, None)):
        _decide(
            database,
            lambda conn, links, person=person, start=start, end=end: links.decide(
                *_numbers(conn, "desk@example.org", person), "Kim", start, end
            ),
        )
    assert who()["mbox mailto:desk@example.org"] == [
        ("P1", 1, None, iso(turn)),
        ("P2", 1, iso(turn), None),
    ]


def test_who_is_not_there_cannot_be_named(database: Database) -> None:
    with database.read() as conn:
        with pytest.raises(NotFound, match="no statement names"):
            actor_number(conn, TENANT, "nobody@example.org")
        with pytest.raises(NotFound, match="no person"):
            person_number(conn, TENANT, "P1")


def test_actors_of_another_tenant_are_not_looked_at(
    hire: Hire, say: Say, who: Who, database: Database
) -> None:
    say(mbox("ann@example.org"))
    with database.write() as conn:
        conn.execute(sa.update(term).values(tenant_id=2))
    hire("person_id,email,valid_from", "P1,ann@example.org,2024-01-01")
    assert who() == {}
    assert resolve_actors(database, TENANT) == Resolved(0, 0, 0, 0)
