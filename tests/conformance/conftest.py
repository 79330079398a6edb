"""A running store for all requirements: one on each kind of database, spoken to in both versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from conformance_asking import V1, V2, Lrs
from serving import Served

StoreOn = Callable[[str], Served]


@pytest.fixture(params=[V1, V2])
def rules(request: pytest.FixtureRequest, store_on: StoreOn) -> Iterator[Lrs]:
    """The store, for rules that end before the database: one kind is enough."""
    with Lrs(store_on("sqlite"), request.param) as spoken:
        yield spoken


@pytest.fixture(
    params=[(kind, version) for kind in ("sqlite", "postgresql") for version in (V1, V2)],
    ids=lambda pair: "-".join(pair),
)
def lrs(request: pytest.FixtureRequest, store_on: StoreOn) -> Iterator[Lrs]:
    """The store: the test runs once on each kind of database and in each version."""
    kind, version = request.param
    with Lrs(store_on(kind), version) as spoken:
        yield spoken


@pytest.fixture
def rules1(store_on: StoreOn) -> Iterator[Lrs]:
    """The store spoken to in 1.0.3, for rules that only that version has."""
    with Lrs(store_on("sqlite"), V1) as spoken:
        yield spoken


@pytest.fixture
def rules2(store_on: StoreOn) -> Iterator[Lrs]:
    """The store spoken to in 2.0, for rules that only that version has."""
    with Lrs(store_on("sqlite"), V2) as spoken:
        yield spoken


@pytest.fixture(params=["sqlite", "postgresql"])
def lrs2(request: pytest.FixtureRequest, store_on: StoreOn) -> Iterator[Lrs]:
    """The store spoken to in 2.0, for what only that version stores."""
    with Lrs(store_on(request.param), V2) as spoken:
        yield spoken
