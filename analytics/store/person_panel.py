"""The panel of the record store by person: `analytics.estimators.panel.Panel`, from one look at the records.

Each person is a cluster, and their own start is the cohort. Of people too many to list nothing is left
once they are read but sums, products and counts.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from analytics.estimators.grid import FloatArray, Grid
from analytics.estimators.moments import LISTED, Moments
from analytics.estimators.panel import Scores
from analytics.store.observed import Observed
from analytics.store.person_levels import take_levels_off
from analytics.store.person_months import PersonMonths
from analytics.store.spells import Spells
from analytics.store.team_panel import Behind
from analytics.store.unread import Unread


class PersonPanel:
    """One metric of one path's people, between two months; needs the stages of `stage` filled."""

    level: Literal["person"] = "person"

    def __init__(
        self,
        observed: Observed,
        first: int,
        last: int,
        *,
        levels: bool,
        unread: Unread | None = None,
    ) -> None:
        """With ``levels``, let who comes and goes be no effect; ``left_out`` is who has none."""
        self.conn = observed.conn
        self.measure = observed.measure
        self.first = first
        self.last = last
        spells, starts = self._at_work(observed), observed.people.learners.starts(last)
        people = PersonMonths(spells, starts, np.arange(first, last + 1))
        people.take(
            observed.records(first, last),
            weighed=self.measure.form == "ratio",
            nothing_counts=self.measure.fills_zero,
        )
        self.left_out = take_levels_off(people) if levels else None
        gone = people.leave_out_months(unread) if unread is not None else 0
        self.unread = unread if gone else None
        self.behind = Behind(*people.behind())
        self._cells, self._sizes = people.cells(), people.sizes()
        many = int(self._sizes["clusters"].sum()) > LISTED
        self._listed = None if many else people
        self._added_up = people.added_up() if many else None

    def _at_work(self, observed: Observed) -> Spells:
        at_work = observed.people.staff.employed
        within = (at_work.begins <= self.last) & (at_work.ends > self.first)
        return Spells(*(column[within] for column in at_work))

    def drop(self) -> None:
        """Give back the room."""
        self.behind = self.behind.where(np.zeros(0, np.int64))

    def cells(self) -> pd.DataFrame:
        """Return one row per cohort and period."""
        return self._cells

    def sizes(self) -> pd.DataFrame:
        """Return one row per cohort: clusters and people."""
        return self._sizes

    def scores(self, weights: pd.DataFrame) -> Scores:
        """Return each person's scores; `LookupError` where they are too many to list."""
        if self._listed is None:
            raise LookupError("people too many to list have moments")
        return self._listed.scores(weights)

    def moments(self, grid: Grid, mean: FloatArray) -> Moments | None:
        """Return the sums and products of people where they are too many to list."""
        return None if self._added_up is None else self._added_up.about(grid, mean)
