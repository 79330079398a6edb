"""How many connections each process holds, as the others see it."""

from __future__ import annotations

from lrs.evenly import Held


def test_who_holds_more_than_another_has_a_large_share() -> None:
    held = Held(3)
    first, second, third = (held.of(place) for place in range(3))
    for share in (first, second, third):
        share.tell(2)
    assert not first.is_large()
    first.tell(3)
    assert first.is_large()
    assert not second.is_large()
    third.tell(1)
    assert second.is_large()
