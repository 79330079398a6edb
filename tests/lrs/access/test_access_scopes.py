"""What a scope lets a key do."""

from __future__ import annotations

import pytest

from lrs.access.scopes import SCOPES, allows, checked_scopes
from lrs.errors import BadInput


@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_meets_itself(scope: str) -> None:
    assert allows({scope}, scope)


@pytest.mark.parametrize("scope", SCOPES)
def test_all_meets_every_scope(scope: str) -> None:
    assert allows({"all"}, scope)


@pytest.mark.parametrize(
    ("held", "needed"),
    [
        ("all/read", "statements/read"),
        ("all/read", "statements/read/mine"),
        ("statements/read", "statements/read/mine"),
    ],
)
def test_a_wider_scope_meets_a_narrower_one(held: str, needed: str) -> None:
    assert allows({held}, needed)


@pytest.mark.parametrize(
    ("held", "needed"),
    [
        ("all/read", "statements/write"),
        ("all/read", "all"),
        ("statements/read/mine", "statements/read"),
        ("statements/read", "all/read"),
        ("statements/read", "statements/write"),
        ("statements/write", "statements/read/mine"),
        ("state", "statements/read/mine"),
        ("profile", "state"),
        ("define", "statements/write"),
    ],
)
def test_a_scope_meets_nothing_beside_or_above_it(held: str, needed: str) -> None:
    assert not allows({held}, needed)


def test_no_scope_meets_nothing() -> None:
    assert not any(allows((), scope) for scope in SCOPES)


def test_an_unknown_scope_is_refused_with_those_there_are() -> None:
    with pytest.raises(BadInput, match="statements/wirte") as caught:
        checked_scopes(["all", "statements/wirte"])
    assert "statements/write" in str(caught.value.hint)


def test_no_scope_at_all_is_refused() -> None:
    with pytest.raises(BadInput, match="at least one"):
        checked_scopes([])
