"""Start drawn here: adjusted for all periods before it, with p and interval from the lots themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from rollouts import roll_out
from scipy import linalg

from analytics.answering import answer_panel
from analytics.checks.redrawn import Redrawn, Redraws, drawn_anew
from analytics.estimators.adjusted import adjusted, rate_ratio
from analytics.estimators.grid import Grid, grid_of
from analytics.estimators.panel import NEVER
from analytics.estimators.question import Question
from analytics.estimators.row_panel import RowPanel
from analytics.estimators.study import Study

COHORTS = {4: 8, 7: 7, NEVER: 9}
HERE = Question(randomised_timing=True, own_draw=True)


def fading(periods: int) -> np.ndarray:
    """A level that lasts, shocks that fade, and noise."""
    lag = np.abs(np.arange(periods)[:, None] - np.arange(periods)[None])
    return np.asarray(0.5 + 0.3 * 0.6**lag + 0.2 * np.eye(periods))


def weights_of(grid: Grid, omega: np.ndarray) -> np.ndarray:
    found = adjusted(grid, lambda g: omega / grid.clusters[g])
    assert found is not None
    return found


def uneven(seed: int = 4) -> pd.DataFrame:
    """Clusters of unlike exposure, some of them not seen in some periods."""
    frame = roll_out(seed=seed, cohorts=COHORTS, effect=0.6)
    random = np.random.default_rng(seed)
    den = 1.0 + random.poisson(4, frame["cluster"].max() + 1)[frame["cluster"]]
    frame = frame.assign(den=den, num=(np.exp(frame["num"] / 4) * den))
    return frame[random.random(len(frame)) > 0.05]


def lots(frame: pd.DataFrame, count: int = 199) -> Redraws:
    starts = frame.groupby("cluster")["cohort"].first()
    random = np.random.default_rng(9)
    dealt = np.array([random.permutation(starts.to_numpy()) for _ in range(count)])
    return Redraws(starts.index.to_numpy(), dealt)


def test_it_equals_generalised_least_squares_with_an_effect_for_every_trained_cell() -> None:
    grid = grid_of(RowPanel(uneven()))
    omega = fading(len(grid.periods))
    cohorts, periods = grid.den.shape
    trained = [(g, t) for g in range(cohorts) for t in range(periods) if grid.treated[g, t]]
    course = np.tile(np.eye(periods), (cohorts, 1))
    own = np.zeros((cohorts * periods, len(trained)))
    for at, (g, t) in enumerate(trained):
        own[g * periods + t, at] = 1.0
    covariance = linalg.block_diag(*(omega / n for n in grid.clusters))
    fit = sm.GLS(grid.mean.ravel(), np.hstack([course, own]), sigma=covariance).fit()
    size = np.array([grid.den[cell] for cell in trained])
    mine = float((weights_of(grid, omega) * grid.mean).sum())
    assert mine == pytest.approx(float(fit.params[periods:] @ size) / size.sum(), abs=1e-9)


def test_with_a_level_and_noise_it_is_the_analysis_of_covariance_on_the_mean_before() -> None:
    frame = roll_out(seed=2, cohorts={6: 12, NEVER: 12}, periods=9, effect=1.0)
    grid = grid_of(RowPanel(frame))
    level, noise = 0.7, 0.4
    mine = float((weights_of(grid, level + noise * np.eye(9)) * grid.mean).sum())
    before, after = grid.periods < 6, grid.periods >= 6
    share = level / (level + noise / before.sum())
    gap = grid.mean[0] - grid.mean[1]
    assert mine == pytest.approx(gap[after].mean() - share * gap[before].mean(), abs=1e-9)


def test_it_is_more_precise_than_the_last_period_alone() -> None:
    widths = []
    for seed in range(8):
        made = answer_panel(RowPanel(roll_out(seed=seed, cohorts=COHORTS)), HERE)["estimates"]
        widths.append((made["adjusted"]["se"], made["efficient"]["se"]))
    mine, last = np.mean(widths, axis=0)
    assert mine < 0.9 * last


def test_it_is_told_where_whole_clusters_were_drawn() -> None:
    panel = RowPanel(roll_out(seed=5, cohorts=COHORTS, effect=1.0, people=2))
    said = answer_panel(panel, replace(HERE, own_draw=False))
    assert said["estimate"]["att"] == said["estimates"]["adjusted"]["att"]
    assert said["grade"] == "B"


def test_it_is_told_for_our_own_draw_and_stands_beside_for_other_draws_of_single_units() -> None:
    panel = RowPanel(roll_out(seed=5, cohorts=COHORTS, effect=1.0))
    here, said = answer_panel(panel, HERE), answer_panel(panel, replace(HERE, own_draw=False))
    assert here["estimate"]["att"] == here["estimates"]["adjusted"]["att"]
    assert said["estimate"]["att"] == said["estimates"]["efficient"]["att"]
    assert said["estimates"]["adjusted"] == here["estimates"]["adjusted"]
    assert "adjusted" not in answer_panel(panel, Question())["estimates"]


@pytest.mark.parametrize(
    ("question", "cohorts"),
    [(replace(HERE, comparison="never"), COHORTS), (HERE, {4: 3, 7: 3, NEVER: 4})],
    ids=["never", "few"],
)
def test_it_is_not_told_beside_the_never_trained_alone_nor_with_few_clusters(
    question: Question, cohorts: dict[int, int]
) -> None:
    answer = answer_panel(RowPanel(roll_out(cohorts=cohorts, effect=1.0)), question)
    assert answer["estimate"]["att"] == answer["estimates"]["efficient"]["att"]


def test_events_are_told_as_what_happened_over_what_was_foretold() -> None:
    """The logarithm's weights are how it moves with each cell."""
    grid = grid_of(RowPanel(uneven()))
    weights = weights_of(grid, fading(len(grid.periods)))
    told = rate_ratio(grid, weights)
    assert told is not None
    happened = float((np.where(grid.treated, weights, 0) * grid.mean).sum())
    effect = float((weights * grid.mean).sum())
    assert told.log == pytest.approx(np.log(happened / (happened - effect)), abs=1e-12)
    assert told.observed == pytest.approx(grid.num[grid.treated].sum(), rel=1e-12)
    for g, t in [(0, 1), (0, 6), (1, 8), (2, 3)]:
        nudge = np.zeros_like(grid.num)
        nudge[g, t] = 1e-6 * grid.den[g, t]
        moved = rate_ratio(replace(grid, num=grid.num + nudge), weights)
        assert moved is not None
        assert (moved.log - told.log) / 1e-6 == pytest.approx(told.weights[g, t], abs=1e-6)


def dealt_anew(frame: pd.DataFrame, weights: np.ndarray, redraws: Redraws) -> Redrawn:
    panel = RowPanel(frame)
    found = drawn_anew(panel, grid_of(panel), weights, redraws)
    assert found is not None
    return found


def test_p_is_the_share_of_draws_that_do_as_much_cell_by_cell() -> None:
    frame = uneven()
    weights, redraws = weights_of(grid_of(RowPanel(frame)), fading(10)), lots(frame)
    values = []
    for starts in [None, *redraws.starts]:
        dealt = frame if starts is None else frame.assign(cohort=starts[frame["cluster"]])
        sums = dealt.groupby(["cohort", "period"])[["num", "den"]].sum()
        mean = (sums["num"] / sums["den"]).unstack().to_numpy()
        values.append(abs(float((weights * mean).sum())))
    p = (1 + sum(value >= values[0] for value in values[1:])) / 200
    assert dealt_anew(frame, weights, redraws).p == pytest.approx(p, abs=1e-12)


@pytest.mark.parametrize("kind", ["difference", "ratio"])
def test_the_interval_ends_where_the_draws_begin_to_reject(kind: str) -> None:
    """An effect just inside is taken off the trained and not rejected, one just outside is."""
    frame = uneven()
    weights, redraws = weights_of(grid_of(RowPanel(frame)), fading(10)), lots(frame)
    ends = getattr(dealt_anew(frame, weights, redraws), kind)
    on = frame["period"] >= frame["cohort"]
    for end, inwards in zip(ends, (1.0, -1.0), strict=True):
        for step, rejected in ((1e-5, False), (-1e-5, True)):
            off = end + inwards * step
            less = frame["num"] - off * frame["den"]
            without = less if kind == "difference" else frame["num"] / np.exp(off)
            taken = frame.assign(num=np.where(on, without, frame["num"]))
            assert (dealt_anew(taken, weights, redraws).p < 0.05) is rejected


@pytest.mark.parametrize("kind", ["continuous", "count"])
def test_p_and_interval_never_contradict_each_other(kind: str) -> None:
    for seed in range(12):
        frame = uneven(seed)
        question = replace(HERE, kind=kind)
        answer = answer_panel(RowPanel(frame), question, redraws=lots(frame))
        none, told = (1.0 if kind == "count" else 0.0), answer["estimate"]
        assert told["method"].endswith("interval of the lots drawn anew")
        assert (told["p"] < 0.05) is not (told["low"] <= none <= told["high"])
        assert told["low"] < told.get("ratio", told["att"]) < told["high"]


@pytest.mark.parametrize("count", [19, 0])
def test_without_draws_enough_or_with_a_cluster_not_drawn_the_interval_is_that_of_t(
    count: int,
) -> None:
    frame = uneven()
    redraws = lots(frame, count or 199)
    if not count:
        redraws = Redraws(redraws.clusters[1:], redraws.starts[:, 1:])
    answer: dict[str, Any] = answer_panel(RowPanel(frame), HERE, redraws=redraws)
    assert answer["estimate"]["method"].endswith("clustered t interval")
    assert answer["estimate"]["low"] == answer["estimates"]["adjusted"]["low"]


def test_its_weights_are_the_same_whoever_was_drawn() -> None:
    """So that the lots drawn anew are an exact test, whoever the real ones fell on."""
    frame = roll_out(seed=9, cohorts=COHORTS, effect=0.0)
    of = frame.groupby("cluster")["cohort"].first()
    dealt = dict(zip(of.index, np.random.default_rng(4).permutation(of.to_numpy()), strict=True))
    again = frame.assign(cohort=frame["cluster"].map(dealt))
    one, other = (Study(RowPanel(each), HERE) for each in (frame, again))
    assert one.adjusted is not None
    assert np.allclose(one.adjusted, other.adjusted, atol=1e-12)
    assert not np.allclose(one.grid.mean, other.grid.mean)
