"""Errors: by hand, by the bootstrap, and where clusters are few, crossed or alone."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import pytest
from rollouts import roll_out
from scipy import stats

from analytics.estimators import fits, group_time
from analytics.estimators.errors import Measured, deviations_of, measure
from analytics.estimators.estimate import Estimate
from analytics.estimators.grid import Grid, grid_of
from analytics.estimators.moments import Moments
from analytics.estimators.panel import NEVER
from analytics.estimators.row_panel import RowPanel
from analytics.store.adding import Rows, added_up, in_blocks


def measured(frame: pd.DataFrame) -> Measured:
    panel = RowPanel(frame)
    grid = grid_of(panel)
    effects = group_time.group_time(grid, "both")
    weights = {"simple": group_time.simple(effects), "imputation": fits.imputation(grid)}
    return measure(deviations_of(panel, grid), weights)


def test_people_in_one_cluster_count_as_one() -> None:
    """Ten copies of each row say nothing new when the cluster is told."""
    frame = roll_out(cohorts={5: 8, NEVER: 8})
    copies = pd.concat([frame.assign(unit=frame["unit"] + 1000 * copy) for copy in range(10)])
    one, many = measured(frame)["simple"], measured(copies)["simple"]
    assert many.value == pytest.approx(one.value, abs=1e-12)
    assert many.se == pytest.approx(one.se, rel=1e-12)


def test_clusters_that_lie_in_two_cohorts_are_added_up_first() -> None:
    """Trained and untrained in one team share its shocks; summing first makes them cancel."""
    random = np.random.default_rng(4)
    rows = []
    for team in range(12):
        shock = 3 * random.normal(size=6)
        for person in range(8):
            cohort = 3 if person < 4 else NEVER
            for period in range(6):
                value = shock[period] + 0.3 * random.normal()
                rows.append((f"{team}-{person}", period, cohort, team, value))
    frame = pd.DataFrame(rows, columns=["unit", "period", "cohort", "cluster", "num"])
    team, person = measured(frame)["simple"], measured(frame.assign(cluster=frame["unit"]))
    assert team.df == 11
    assert team.se < 0.25 * person["simple"].se


def test_error_is_that_of_the_cluster_bootstrap() -> None:
    frame = roll_out(cohorts={3: 20, 6: 20, NEVER: 20}, periods=8, people=2)
    told = measured(frame)
    random = np.random.default_rng(5)
    rows = [own for _, own in frame.groupby("cluster")]  # 20 of each cohort, one after another
    drawn = []
    for _ in range(200):
        picks = np.concatenate([at + random.integers(0, 20, 20) for at in (0, 20, 40)])
        grid = grid_of(RowPanel(pd.concat([rows[pick] for pick in picks])))
        effects = group_time.group_time(grid, "both")
        both = (group_time.simple(effects), fits.imputation(grid))
        drawn.append([float((weights * grid.mean).sum()) for weights in both])
    spread = np.std(np.array(drawn), axis=0, ddof=1)
    # 200 draws tell a spread to about 5 %; the bootstrap lacks the factor (G-1)/G.
    want = spread * (20 / 19) ** 0.5
    assert told["simple"].se == pytest.approx(want[0], rel=0.15)
    assert told["imputation"].se == pytest.approx(want[1], rel=0.15)


def test_cohorts_of_one_team_still_cover() -> None:
    """Fifteen teams that each start in a month of their own: no cohort has a spread to show."""
    cohorts = dict.fromkeys(range(3, 18), 1) | {NEVER: 15}
    assert_covers(
        roll_out(seed=seed, cohorts=cohorts, periods=19, effect=0.5) for seed in range(160)
    )


def test_interval_covers_a_true_effect_nineteen_times_in_twenty() -> None:
    cohorts = {4: 7, 7: 7, NEVER: 8}
    assert_covers(roll_out(seed=seed, cohorts=cohorts, effect=0.5) for seed in range(200))


def assert_covers(draws: Iterable[pd.DataFrame]) -> None:
    """Intervals hold the effect of 0.5 in 95 % of draws, give or take three standard errors."""
    covered = []
    for drawn in draws:
        told = measured(drawn)
        covered.append([told[name].low <= 0.5 <= told[name].high for name in told.names])
    off = np.abs(np.mean(covered, axis=0) - 0.95)
    assert (off < 3 * (0.95 * 0.05 / len(covered)) ** 0.5).all(), np.mean(covered, axis=0)


def test_interval_and_p_are_of_the_t_distribution() -> None:
    told = Estimate(1.0, 0.4, 9.0)
    assert told.p == pytest.approx(2 * stats.t.sf(2.5, 9), abs=1e-12)
    assert told.high - told.value == pytest.approx(0.4 * stats.t.ppf(0.975, 9), abs=1e-12)


def test_smallest_effect_seen_is_found_four_times_in_five() -> None:
    """At the true effect `mde`, the estimate is significant in 80 % of draws."""
    se, df = 0.5, 20.0
    mde = Estimate(0.0, se, df).mde
    # The exact power of a t test at that effect, by the noncentral t distribution.
    power = stats.nct.sf(stats.t.ppf(0.975, df), df, mde / se)
    assert power == pytest.approx(0.80, abs=0.01)


def test_without_an_error_nothing_is_significant() -> None:
    assert Estimate(1.0, 0.0, 1.0).p == 1.0


class AddedUp(RowPanel):
    """A panel that has its clusters added up, as where they are too many to list."""

    def moments(self, grid: Grid, mean: np.ndarray) -> Moments:
        """Return the moments of the rows, in parts that end anywhere."""
        rows = self.rows.sort_values(["cluster", "period"])
        parts = (rows.iloc[at : at + 7] for at in range(0, len(rows), 7))
        columns = ("cohort", "cluster", "period", "num")
        read = (Rows(*(part[c].to_numpy() for c in columns), np.ones(len(part))) for part in parts)
        return added_up(in_blocks(read), grid, mean)

    def __init__(self, frame: pd.DataFrame) -> None:
        super().__init__(frame)
        self.rows = frame


@pytest.mark.parametrize(
    "cohorts", [{4: 300, 7: 200, NEVER: 250}, {4: 1, 6: 1, 7: 9, NEVER: 20}, {5: 1, 7: 4, NEVER: 6}]
)
def test_sums_of_clusters_give_the_errors_of_the_list(cohorts: dict[int, int]) -> None:
    frame = roll_out(cohorts=cohorts, effect=0.3, trend=0.05)
    grid = grid_of(RowPanel(frame))
    effects = group_time.group_time(grid, "both")
    weights = {"simple": group_time.simple(effects), "imputation": fits.imputation(grid)}
    listed, added = (deviations_of(panel(frame), grid) for panel in (RowPanel, AddedUp))
    one, other = measure(listed, weights), measure(added, weights)
    np.testing.assert_allclose(other.cov, one.cov, rtol=1e-10)
    np.testing.assert_allclose(other.df, one.df, rtol=1e-10)
    np.testing.assert_allclose(added.pooled, listed.pooled, rtol=1e-9, atol=1e-12)


def test_ratio_that_nobody_can_tell_is_still_a_number() -> None:
    told = Estimate(2.0, 200.0, 1.0).as_ratio()
    assert told["low"] == 0.0
    assert np.isfinite(told["high"])
