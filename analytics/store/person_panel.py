"""The panel of the record store by person: `analytics.estimators.panel.Panel`, from one look at the records.

Each person is a cluster, and their own start is the cohort. Of people too many to list nothing is left
once they are read but sums, products and counts.
"""

from __future__ import annotations

from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
import sqlalchemy as sa

from analytics.estimators.grid import FloatArray, Grid
from analytics.estimators.moments import LISTED, Moments
from analytics.estimators.panel import Scores
from analytics.store import stage
from analytics.store.numbers import whole_numbers
from analytics.store.observed import Observed
from analytics.store.person_levels import take_levels_off
from analytics.store.person_months import PersonMonths, Starts
from analytics.store.spells import Spells
from analytics.store.stage import fill, temporary_table
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
        people = PersonMonths(*self._staged(), np.arange(first, last + 1))
        people.take(
            observed.records(first, last),
            weighed=self.measure.form == "ratio",
            nothing_counts=self.measure.fills_zero,
        )
        self.left_out = take_levels_off(people) if levels else None
        gone = people.leave_out_months(unread) if unread is not None else 0
        self.unread = unread if gone else None
        self._behind = people.behind()
        self._cells, self._sizes = people.cells(), people.sizes()
        many = int(self._sizes["clusters"].sum()) > LISTED
        self._listed = None if many else people
        self._added_up = people.added_up() if many else None

    def _staged(self) -> tuple[Spells, Starts]:
        at_work, learner = stage.employed.c, stage.learner.c
        spells = sa.select(at_work.person_id, at_work.from_ix, at_work.to_ix).where(
            at_work.from_ix <= self.last, at_work.to_ix > self.first
        )
        # A start after the last month is none: nothing in the panel is trained by then.
        starts = sa.select(learner.person_id, learner.start_ix).where(learner.start_ix <= self.last)
        return Spells(*whole_numbers(self.conn, spells)), Starts(*whole_numbers(self.conn, starts))

    @cached_property
    def people(self) -> sa.Table:
        """Return everybody behind the figures, with their cohort, in a short-lived table."""
        table = temporary_table(
            f"people_{self.measure.metric_id}",
            *(sa.Column(name, sa.BigInteger, primary_key=True) for name in ("cohort", "person_id")),
        )
        table.create(self.conn, checkfirst=False)
        fill(self.conn, table, zip(*(column.tolist() for column in self._behind), strict=True))
        return table

    def drop(self) -> None:
        """Give back the room."""
        if "people" in self.__dict__:
            self.people.drop(self.conn, checkfirst=False)

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
