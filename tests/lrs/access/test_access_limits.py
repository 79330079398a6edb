"""The limit of a key: as many requests in any minute as it says, and not one fewer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.access.limits import Limits


class _Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


def let_in(limits: Limits, n: int, limit: int = 10, key: int = 1) -> int:
    return sum(limits.wait_s(key, limit) == 0 for _ in range(n))


def test_a_burst_up_to_the_limit_is_let_in_and_no_more(clock: _Clock) -> None:
    assert let_in(Limits(clock=clock), 15) == 10


def test_no_limit_lets_everything_in(clock: _Clock) -> None:
    limits = Limits(clock=clock)
    assert all(limits.wait_s(1, None) == 0 for _ in range(1000))


def test_each_key_has_its_own(clock: _Clock) -> None:
    limits = Limits(clock=clock)
    assert let_in(limits, 15, key=1) == let_in(limits, 15, key=2) == 10


def test_who_waits_as_told_is_let_in(clock: _Clock) -> None:
    limits = Limits(clock=clock)
    let_in(limits, 10)
    wait = limits.wait_s(1, 10)
    assert 60 <= wait <= 61
    clock.now += wait - 1.5
    assert limits.wait_s(1, 10) > 0
    clock.now += 1.5
    assert limits.wait_s(1, 10) == 0


def test_refused_requests_do_not_make_the_wait_longer(clock: _Clock) -> None:
    limits = Limits(clock=clock)
    let_in(limits, 10)
    for _ in range(61):
        limits.wait_s(1, 10)
        clock.now += 1
    assert limits.wait_s(1, 10) == 0


def test_a_changed_limit_holds_from_the_next_request(clock: _Clock) -> None:
    limits = Limits(clock=clock)
    assert let_in(limits, 10, limit=10) == 10
    assert let_in(limits, 10, limit=12) == 2
    assert let_in(limits, 10, limit=5) == 0


@given(st.lists(st.floats(0, 20), max_size=120), st.integers(1, 20))
def test_in_any_minute_no_more_than_the_limit_is_let_in(pauses: list[float], limit: int) -> None:
    clock = _Clock()
    limits = Limits(clock=clock)
    let: list[float] = []
    for pause in pauses:
        clock.now += pause
        if limits.wait_s(1, limit) == 0:
            let.append(clock.now)
    for at in let:
        assert sum(at <= other < at + 60 for other in let) <= limit
