"""Half-open history: what `joined`, `continued` and `settled` do must agree with a day-by-day count."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from connectors.model.history import (
    ASSUMED,
    LEFT,
    OBSERVED,
    SOURCE,
    Piece,
    as_of,
    beside,
    continued,
    joined,
    overlap,
    settled,
)

DAYS = range(30)

spans = st.tuples(st.integers(0, 24), st.one_of(st.none(), st.integers(1, 6))).map(
    lambda span: (span[0], None if span[1] is None else span[0] + span[1])
)
pieces = st.builds(
    lambda kind, value, span: Piece(kind, (value,), *span),
    st.sampled_from(["membership", "job"]),
    st.sampled_from(["a", "b", "c"]),
    spans,
)


@given(st.lists(pieces, max_size=8))
def test_joined_says_the_same_of_every_day(found: list[Piece]) -> None:
    for day in DAYS:
        assert as_of(joined(found), day) == as_of(found, day)


@given(st.lists(pieces, max_size=8))
def test_joined_leaves_no_two_pieces_that_touch(found: list[Piece]) -> None:
    made = sorted(joined(found), key=lambda piece: (piece.kind, piece.values, piece.start))
    for first, second in pairwise(made):
        if (first.kind, first.values) == (second.kind, second.values):
            assert first.end is not None
            assert first.end < second.start


@given(st.lists(pieces, max_size=6), st.lists(pieces, max_size=6), st.integers(0, 29))
def test_continued_is_the_known_before_the_day_and_the_told_from_it_on(
    known: list[Piece], told: list[Piece], cut: int
) -> None:
    made = continued(known, told, cut)
    for day in DAYS:
        assert as_of(made, day) == as_of(known if day < cut else told, day)


@given(st.lists(pieces, max_size=6), st.integers(0, 29))
def test_continued_by_what_is_known_already_changes_no_day(known: list[Piece], cut: int) -> None:
    made = continued(known, known, cut)
    for day in DAYS:
        assert as_of(made, day) == as_of(known, day)


@given(spans, spans)
def test_overlap_is_sharing_a_day(
    first: tuple[int, int | None], second: tuple[int, int | None]
) -> None:
    mine, theirs = Piece("job", (), *first), Piece("job", (), *second)
    shared = any(mine.holds_on(day) and theirs.holds_on(day) for day in range(60))
    assert overlap(*first, *second) is shared


def test_half_open_spans_that_meet_share_no_day() -> None:
    assert not overlap(0, 10, 10, None)
    assert overlap(0, 11, 10, None)


def _work(start: int, end: int | None, reason: str | None = None, fte: float = 1.0) -> Piece:
    return Piece("employment", (fte, None, None, reason), start, end)


def test_employment_that_goes_on_with_other_hours_has_not_ended() -> None:
    made = settled([_work(0, 10), _work(10, None, fte=0.5)])
    assert made == {
        Piece("employment", (1.0, None, 0, None), 0, 10),
        Piece("employment", (0.5, None, 0, None), 10, None),
    }


def test_rehire_keeps_the_first_day_ever_and_the_end_before() -> None:
    made = settled([_work(0, 10, "voluntary"), _work(20, None)])
    assert made == {
        Piece("employment", (1.0, None, 0, "voluntary"), 0, 10),
        Piece("employment", (1.0, None, 0, None), 20, None),
    }


def test_day_of_leaving_that_was_given_is_of_the_source_and_one_that_was_not_is_assumed() -> None:
    assert settled([_work(0, 10, LEFT)]) == {
        Piece("employment", (1.0, None, 0, "unknown"), 0, 10, SOURCE)
    }
    assert settled([_work(0, 10)]) == {
        Piece("employment", (1.0, None, 0, "unknown"), 0, 10, ASSUMED)
    }


def test_assumed_end_is_taken_back_when_the_person_goes_on() -> None:
    known = settled([_work(0, 10)])
    assert settled(continued(known, [_work(10, None)], 10)) == {
        Piece("employment", (1.0, None, 0, None), 0, None, SOURCE)
    }


def test_start_that_only_a_snapshot_shows_is_observed() -> None:
    made = continued(
        [Piece("membership", ("a",), 0, None)], [Piece("membership", ("b",), 0, None)], 7
    )
    assert made == {
        Piece("membership", ("a",), 0, 7, SOURCE),
        Piece("membership", ("b",), 7, None, OBSERVED),
    }


def test_snapshot_that_shows_no_change_leaves_the_piece_as_it_was() -> None:
    known = [Piece("membership", ("a",), 0, None)]
    assert continued(known, known, 7) == frozenset(known)


topics = st.sets(st.sampled_from(["membership", "job"]))


@given(st.lists(pieces, max_size=6), st.lists(pieces, max_size=6), topics)
def test_beside_is_the_told_for_topics_told_and_the_known_for_the_others(
    told: list[Piece], known: list[Piece], heard: set[str]
) -> None:
    told = [piece for piece in told if piece.kind in heard]
    made = beside(frozenset(told), known, {*heard, "hours"})
    for day in DAYS:
        for kind in ("membership", "job"):
            there = {values for found, values in as_of(made, day) if found == kind}
            source = told if kind in heard else known
            assert there == {values for found, values in as_of(source, day) if found == kind}


def test_who_leaves_leaves_what_the_file_does_not_tell_of_too() -> None:
    made = beside(
        frozenset([_work(0, 10)]), [Piece("membership", ("a",), 0, None)], {"employment", "hours"}
    )
    assert Piece("membership", ("a",), 0, 10) in made


def test_hours_that_a_file_does_not_tell_of_are_as_they_were() -> None:
    known = [_work(0, 5, fte=1.0), _work(5, None, fte=0.5)]
    told = Piece("employment", (None, None, None, LEFT), 0, 20)
    assert beside(frozenset([told]), known, {"employment"}) == {
        Piece("employment", (1.0, None, None, None), 0, 5),
        Piece("employment", (0.5, None, None, LEFT), 5, 20),
    }
