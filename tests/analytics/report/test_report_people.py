"""People are added up before pandas sees anything, however they are compared."""

from __future__ import annotations

import pytest
from pandas_made import lengths_noted

from analytics.impact import impact
from lrs.store.database import Database

PEOPLE, TEAMS = 64, 16


@pytest.mark.parametrize("by", ["team", "person"])
def test_pandas_never_holds_the_people_of_a_report(reported: Database, by: str) -> None:
    with lengths_noted() as lengths:
        found = impact(reported, 1, "https://example.org/paths/listening", "errors", by=by)
    assert found["n"]["units"] == PEOPLE
    assert found["n"]["clusters"] == (TEAMS if by == "team" else PEOPLE)
    assert 0 < max(lengths) < PEOPLE
