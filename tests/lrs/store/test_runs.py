"""Many statements in a row of ``ref``: each is found as if it had a row of its own."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import sqlalchemy as sa
from store_making import TENANT, VERBS, body, checked, ids, pages, pointing, voiding, write

from lrs.store import runs
from lrs.store.authorities import as_authority
from lrs.store.checking import check_store
from lrs.store.database import Database
from lrs.store.found_by import FoundBy
from lrs.store.gathered import gather
from lrs.store.rows import Incoming
from lrs.store.schema import ref, statement
from lrs.store.waiting import put_in_order
from lrs.xapi.digests import digest16
from lrs.xapi.terms import Role, Scope

_AUTHORITY = {"mbox": "mailto:lms@example.org"}
_COURSE = "https://example.org/course"


def _ordered(database: Database) -> None:
    with database.write() as conn:
        put_in_order(conn)


def _rows(database: Database) -> list[sa.Row[tuple[int, ...]]]:
    with database.read() as conn:
        return list(conn.execute(sa.select(ref).order_by(*ref.primary_key)).all())


def _named(database: Database) -> set[tuple[int, ...]]:
    with database.read() as conn:
        each = runs.each_named(conn.dialect.name).c
        found = conn.execute(
            sa.select(each.term_id, each.scope, each.seq, each.verb_id, each.roles)
        )
        return set(map(tuple, found))


def _overlaps(database: Database) -> Iterator[tuple[int, int]]:
    reached: dict[tuple[int, int], int] = {}
    for row in _rows(database):
        key, named = (row.term_id, row.scope), runs.read(row)
        if row.seq < reached.get(key, 0) or (len(named) > 1 and row.seq == reached.get(key)):
            yield key
        reached[key] = named[-1].seq


def _varied(number: int) -> dict[str, object]:
    return body(
        actor={"mbox": f"mailto:p{number % 3}@example.org"},
        verb={"id": VERBS + ("failed" if number % 4 else "passed")},
        context={"contextActivities": {"parent": [{"id": _COURSE}]}} if number % 5 else {},
    )


def test_what_a_batch_names_often_is_few_rows(database: Database) -> None:
    write(database, *map(_varied, range(60)))
    _ordered(database)
    rows, named = _rows(database), _named(database)
    assert len(rows) < len(named) / 5
    assert len(named) == sum(len(runs.read(row)) for row in rows)
    assert check_store(database, full=True).faults == []


@pytest.mark.parametrize("ascending", [False, True])
@pytest.mark.parametrize("limit", [1, 3, 40])
def test_a_page_may_end_within_a_row(database: Database, ascending: bool, limit: int) -> None:
    sent = [_varied(number) for number in range(40)]
    for some in (sent[:17], sent[17:18], sent[18:]):
        write(database, *some)
        _ordered(database)
    query = {"limit": limit, "ascending": ascending}
    in_order = sent if ascending else sent[::-1]
    for number, verb in ((1, "failed"), (0, "passed")):
        wanted = [one["id"] for one in in_order if one["verb"] == {"id": VERBS + verb}]
        assert ids(pages(database, verb=VERBS + verb, **query)) == wanted, number
    for actor in ("mailto:p0@example.org", "mailto:p1@example.org"):
        own = [one for one in in_order if one["actor"] == {"mbox": actor}]
        about = [one["id"] for one in own if one["context"]]
        found = pages(
            database,
            agent=f"mbox {actor}",
            activity=_COURSE,
            related_activities=True,
            **query,
        )
        assert ids(found) == about


def test_a_page_begins_where_the_last_one_ended(database: Database) -> None:
    sent = [_varied(number) for number in range(30)]
    write(database, *sent)
    _ordered(database)
    with database.read() as conn:
        stamps = (
            conn.execute(sa.select(statement.c.stored_at).order_by(statement.c.seq)).scalars().all()
        )
    for at in (0, 7, 28):
        within = {"since": stamps[at], "verb": VERBS + "failed"}
        wanted = [one["id"] for n, one in enumerate(sent) if n > at and n % 4]
        assert ids(pages(database, ascending=True, **within)) == wanted
        assert ids(pages(database, **within)) == wanted[::-1]


def test_what_points_to_another_parts_the_row_that_it_lies_in(database: Database) -> None:
    first = body(verb={"id": VERBS + "answered"}, actor={"mbox": "mailto:zoe@example.org"})
    write(database, first)
    around = [_varied(number) for number in range(1, 12)]
    chain = pointing(first["id"], actor={"mbox": "mailto:p1@example.org"})
    write(database, *around[:6], chain, *around[6:])
    _ordered(database)
    assert ids(pages(database, agent="mbox mailto:zoe@example.org")) == [chain["id"], first["id"]]
    assert list(_overlaps(database)) == []
    assert check_store(database, full=True).faults == []


def test_what_is_pointed_to_later_is_found_in_its_place(database: Database) -> None:
    """The pointing ones are stored, many in a row, before what they point to is."""
    gone = body(actor={"mbox": "mailto:zoe@example.org"})
    sent = [
        pointing(gone["id"], actor={"mbox": "mailto:p1@example.org"}) if n % 3 == 0 else _varied(n)
        for n in range(12)
    ]
    write(database, *sent)
    _ordered(database)
    write(database, gone)
    _ordered(database)
    about = [one["id"] for n, one in enumerate(sent) if n % 3 == 0]
    found = ids(pages(database, agent="mbox mailto:zoe@example.org", limit=2))
    assert found == [gone["id"], *about[::-1]]
    own = [one["id"] for one in sent if one["actor"] == {"mbox": "mailto:p1@example.org"}]
    assert ids(pages(database, agent="mbox mailto:p1@example.org")) == own[::-1]
    assert list(_overlaps(database)) == []
    assert check_store(database, full=True).faults == []


def test_voiding_one_of_a_row_leaves_the_others(database: Database) -> None:
    sent = [_varied(number) for number in range(9)]
    write(database, *sent)
    _ordered(database)
    write(database, voiding(sent[4]["id"]))
    failed = [one["id"] for n, one in enumerate(sent) if n % 4 and n != 4]
    assert set(ids(pages(database, verb=VERBS + "failed"))) >= set(failed)
    assert sent[4]["id"] not in ids(pages(database, verb=VERBS + "passed"))
    assert check_store(database, full=True).faults == []


@pytest.mark.parametrize("seed", range(5))
def test_a_row_is_parted_without_loss(database: Database, seed: int) -> None:
    chance = random.Random(seed)
    write(database, *map(_varied, range(40)))
    _ordered(database)
    before = _named(database)
    terms = {row.term_id for row in _rows(database)}
    for seq in chance.sample(range(1, 41), 8):
        with database.write() as conn:
            runs.part_around(conn, terms, map(int, Scope), seq)
        assert _named(database) == before
        assert list(_overlaps(database)) == []
        for row in _rows(database):
            if row.run is not None:
                named = [one.seq for one in runs.read(row)]
                assert not named[0] <= seq <= named[-1]


def test_some_of_a_batch_are_named_as_if_there_were_no_others() -> None:
    incoming = [Incoming(one, as_authority(_AUTHORITY)) for one in checked(*map(_varied, range(9)))]
    fresh = [1, 2, 5, 8]
    kept = [incoming[place] for place in fresh]
    some = _values(incoming, fresh)
    assert some == _values(kept, range(4))
    assert len(some) > len(fresh)
    assert _values(incoming, []) == []


def _values(incoming: Sequence[Incoming], fresh: Sequence[int]) -> list[tuple[Any, ...]]:
    gathered = gather(incoming)
    numbers = [int.from_bytes(digest16(value)[:4]) for _, value in gathered.names]
    values = FoundBy(gathered, numbers).values(TENANT, 100, fresh)
    width = len(runs.COLUMNS)
    return sorted(tuple(values[at : at + width]) for at in range(0, len(values), width))


@pytest.mark.parametrize(
    ("numbers", "sizes"),
    [
        ([5], [1]),
        (list(range(runs.MOST)), [runs.MOST]),
        (list(range(runs.MOST + 1)), [runs.MOST, 1]),
        ([1, runs.SPAN], [2]),
        ([1, runs.SPAN + 1], [1, 1]),
        ([1, 2, 9_000, 9_001, 20_000], [2, 2, 1]),
        ([], []),
    ],
)
def test_a_row_has_an_end(numbers: list[int], sizes: list[int]) -> None:
    assert [len(numbers[each]) for each in runs.pieces(numbers)] == sizes
    assert [n for each in runs.pieces(numbers) for n in numbers[each]] == numbers


def test_verbs_that_share_a_mark_are_told_apart(database: Database) -> None:
    sent = [body(verb={"id": f"{VERBS}{n % 80}"}, object={"id": _COURSE}) for n in range(160)]
    write(database, *sent)
    _ordered(database)
    for number in range(0, 80, 7):
        wanted = [one["id"] for n, one in enumerate(sent) if n % 80 == number]
        found = pages(database, activity=_COURSE, verb=f"{VERBS}{number}", ascending=True)
        assert ids(found) == wanted


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda numbers: numbers[:-1], "rows of ref that are missing"),
        (lambda numbers: [*numbers, numbers[-1] + 1], "rows of ref that no body asks for"),
        (lambda numbers: [*numbers[:-1], numbers[-1] ^ 1 << 12], "or say another role"),
    ],
)
def test_damage_within_a_row_is_found(
    database: Database, make: Callable[[list[int]], list[int]], told: str
) -> None:
    write(database, *map(_varied, range(9)))
    _ordered(database)
    row = next(row for row in _rows(database) if row.run is not None and row.scope)
    run = ",".join(map(str, make([int(number) for number in row.run.split(",")])))
    with database.write() as conn:
        own = (ref.c.term_id == row.term_id) & (ref.c.seq == row.seq)
        conn.execute(sa.update(ref).where(own).values(run=run))
    assert told in "\n".join(check_store(database, full=True).faults)


def test_every_role_has_room_in_a_row() -> None:
    assert sum(Role) < 1 << runs.ROLE_BITS
