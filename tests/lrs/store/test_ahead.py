"""What is made ahead comes in order, fails in its place, and stops when nobody takes it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from lrs.store.ahead import ahead


def test_items_come_in_order() -> None:
    assert list(ahead(iter(range(100)))) == list(range(100))
    assert list(ahead(iter([]))) == []


def test_no_more_is_made_than_may_wait() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(50):
            made.append(number)
            yield number

    for taken in ahead(items(), 2):
        # One is in use, two wait, and one more stands before the full line.
        assert len(made) <= taken + 4


def test_a_fault_is_raised_in_its_place() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise LookupError("the second")

    taken = ahead(items())
    assert next(taken) == 1
    with pytest.raises(LookupError, match="the second"):
        next(taken)


def test_the_thread_ends_with_its_user() -> None:
    before = threading.active_count()
    items = ahead(iter(range(1_000)))
    assert next(items) == 0
    items.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
