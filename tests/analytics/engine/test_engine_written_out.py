"""Estimators against their formulas written out in whole matrices, and other programs' figures, to 1e-6.

What came from other programs and is too heavy to install for a test stands here as a table, with the
program's version and its call; the data are those of `rollouts.roll_out` with the seeds given.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from rollouts import roll_out
from scipy import linalg, optimize, special
from test_engine_hazard import company
from test_engine_oracle import diff_diff, theirs
from test_engine_series import months
from test_engine_synthetic import block

from analytics.checks.few import signs_flipped
from analytics.estimators import fits, group_time
from analytics.estimators.balancing import Chosen, balanced, entropy_weights
from analytics.estimators.errors import Deviations, deviations_of, measure
from analytics.estimators.grid import FloatArray, grid_of
from analytics.estimators.group_time import GroupTime
from analytics.estimators.hazard import Spells, cox
from analytics.estimators.naive import cross_section
from analytics.estimators.panel import NEVER
from analytics.estimators.row_panel import RowPanel
from analytics.estimators.series import Series, share_stepped, stepped
from analytics.estimators.synthetic import synthetic_control, synthetic_did
from analytics.estimators.working import working_covariance

EXACT = 1e-6

CSDID: dict[str, dict[str, tuple[float, float | None]]] = {
    "never": {
        "simple": (0.1366364233801553, 0.31111804865285353),
        "group": (0.05408177027749735, 0.3007129042897081),
        "dynamic": (0.13218174441432454, 0.3164256253397104),
        "-1": (0.4838960031823022, 0.44405234403557786),
        "2": (0.38067123114563123, 0.3938222543978259),
        "4": (-0.4567949432083338, 0.4003236985771003),
    },
    "not_yet": {
        "simple": (0.16721066598948994, None),
        "group": (0.06885116687957812, None),
        "dynamic": (0.16258721767205903, None),
    },
}
"""csdid 0.4.3, `ATTgt(..., control_group=["nevertreated" | "notyettreated"]).fit(est_method="reg")`,
`aggte(typec=...)`, on `roll_out(effect=0.5, cohorts={3: 8, 5: 6, 8: 7, NEVER: 9})`: value and error. Beside
cohorts not yet trained its errors count which of them these are; ours take each cohort for itself."""

WILDBOOTTEST = {(1, 0.3): 42 / 1024, (2, 0.6): 854 / 1024, (3, 0.9): 642 / 1024}
"""wildboottest 0.3.2, `wildboottest(OLS(change ~ trained), cluster, bootstrap_type="11")`, restricted and
enumerated, on the changes of `roll_out(seed, effect, cohorts={1: 5, NEVER: 5}, periods=2)`."""


@pytest.mark.parametrize("comparison", CSDID)
def test_averages_of_group_time_effects_are_those_of_csdid(comparison: str) -> None:
    cells = grid_of(RowPanel(roll_out(effect=0.5, cohorts={3: 8, 5: 6, 8: 7, NEVER: 9})))
    effects = group_time.group_time(cells, comparison)
    for name, (want, _) in CSDID[comparison].items():
        weights = averaged(effects, name)
        assert float((weights * cells.mean).sum()) == pytest.approx(want, abs=EXACT), name


def test_errors_of_averages_count_the_shares_as_csdid_does() -> None:
    """Theirs has no correction for few clusters: so what units and shares give is added up anew."""
    panel = RowPanel(roll_out(effect=0.5, cohorts={3: 8, 5: 6, 8: 7, NEVER: 9}))
    cells = grid_of(panel)
    effects, deviations = group_time.group_time(cells, "never"), deviations_of(panel, cells)
    assert isinstance(deviations, Deviations)
    tilts = group_time.tilts(effects)
    for name, (_, se) in CSDID["never"].items():
        assert se is not None
        weights = averaged(effects, name)
        parts = deviations.parts(np.arange(len(deviations.cohort)), weights[None])
        given = float((parts**2).sum())
        shares = float((tilts[name] ** 2 / cells.clusters).sum())
        assert shares > 1e-4
        assert given + shares == pytest.approx(se**2, abs=EXACT), name
        both = [measure(deviations, {name: weights}, more)[name] for more in (tilts, None)]
        assert both[0].se ** 2 - both[1].se ** 2 == pytest.approx(shares, abs=EXACT), name


def averaged(effects: GroupTime, name: str) -> FloatArray:
    if name.lstrip("-").isdigit():
        found = group_time.at_event(effects, int(name))
    else:
        found = getattr(group_time, name)(effects)
    assert found is not None
    return found


@pytest.mark.parametrize(("seed", "effect"), WILDBOOTTEST)
def test_wild_bootstrap_is_that_of_wildboottest(seed: int, effect: float) -> None:
    frame = roll_out(seed=seed, effect=effect, cohorts={1: 5, NEVER: 5}, periods=2)
    panel = RowPanel(frame)
    cells = grid_of(panel)
    weights = group_time.simple(group_time.group_time(cells, "both"))
    assert weights is not None
    tested = signs_flipped(panel, cells, weights)
    assert tested is not None
    assert tested.p == pytest.approx(WILDBOOTTEST[seed, effect], abs=1e-12)


def test_errors_of_group_time_effects_are_those_of_diff_diff_but_for_few_clusters() -> None:
    """With nine clusters a cohort, Neyman's correction is 9/8 for each, and so for the whole."""
    frame = roll_out(effect=0.5, cohorts={4: 9, 7: 9, NEVER: 9})
    result = theirs(frame, diff_diff.CallawaySantAnna(control_group="never_treated"))
    panel = RowPanel(frame)
    cells = grid_of(panel)
    effects, deviations = group_time.group_time(cells, "never"), deviations_of(panel, cells)
    compared = 0
    for at in range(len(effects.event)):
        key = (cells.cohorts[effects.cohort[at]], cells.periods[effects.period[at]])
        if key in result.group_time_effects:
            told = measure(deviations, {"one": effects.weights[at]})["one"]
            want = result.group_time_effects[key]["se"] * (9 / 8) ** 0.5
            assert told.se == pytest.approx(want, abs=EXACT)
            compared += 1
    assert compared >= 15


def test_weighted_imputation_is_the_best_linear_prediction() -> None:
    """Henderson's: generalised least squares on all untrained cells, and what their errors foretell."""
    panel = RowPanel(roll_out(effect=0.5, cohorts={3: 8, 5: 6, 8: 7, NEVER: 9}))
    cells = grid_of(panel)
    covariance = working_covariance(cells, deviations_of(panel, cells).pooled)
    cohorts, periods = cells.mean.shape
    whole = linalg.block_diag(*[covariance(g) for g in range(cohorts)])
    design = np.column_stack(
        [
            np.kron(np.eye(cohorts), np.ones((periods, 1))),
            np.kron(np.ones((cohorts, 1)), np.eye(periods)),
        ]
    )
    use, on, mean = cells.untreated.ravel(), cells.treated.ravel(), cells.mean.ravel()
    inside = np.linalg.inv(whole[np.ix_(use, use)])
    beta = np.linalg.pinv(design[use].T @ inside @ design[use]) @ design[use].T @ inside @ mean[use]
    left = mean[use] - design[use] @ beta
    expected = design @ beta + whole[:, use] @ inside @ left
    want = np.average((mean - expected)[on], weights=cells.den.ravel()[on])
    weights = fits.imputation(cells, covariance)
    assert weights is not None
    assert float((weights * cells.mean).sum()) == pytest.approx(want, abs=EXACT)


def people(seed: int = 1) -> Chosen:
    random = np.random.default_rng(seed)
    x = random.normal(size=(400, 3))
    on = random.random(400) < 1 / (1 + np.exp(-x @ [0.7, -0.4, 0.2] + 0.6))
    cases = random.integers(1, 6, 400).astype(float)
    return Chosen((x.sum(axis=1) + on + random.normal(size=400)) * cases, cases, on, x)


def test_entropy_weights_are_the_root_of_their_conditions() -> None:
    """The weights and their error from the equations they solve, by a general root finder."""
    group = people()
    on, x, den = group.trained, group.covariates, group.den
    mine = den[on] / den[on].sum()
    target = mine @ x[on]

    def off(at: FloatArray) -> FloatArray:
        weights = den[~on] * np.exp(x[~on] @ at)
        return np.asarray(weights @ (x[~on] - target) / weights.sum())

    found = optimize.root(off, np.zeros(3), tol=1e-12)
    weights = den[~on] * np.exp(x[~on] @ found.x)
    weights /= weights.sum()
    assert entropy_weights(group) == pytest.approx(weights, abs=EXACT)
    outcome = group.num / den
    design = np.column_stack([np.ones(400), x])
    slope = np.linalg.solve(
        design[~on].T @ np.diag(weights) @ design[~on], design[~on].T @ (weights * outcome[~on])
    )
    left = outcome - design @ slope
    n, others = int(on.sum()), int((~on).sum())
    value = mine @ outcome[on] - weights @ outcome[~on]
    variance = n / (n - 1) * float(((mine * (left[on] - value)) ** 2).sum())
    variance += others / (others - 4) * float(((weights * left[~on]) ** 2).sum())
    told = balanced(group, entropy_weights(group), ratio=False)
    assert told is not None
    assert (told.value, told.se) == pytest.approx((value, variance**0.5), abs=EXACT)


def test_clustered_error_of_a_hazard_is_lin_and_weis_written_out() -> None:
    """Row by row and event by event, with Breslow's ties, so that the curve can be written too."""
    table = company(6, people=120)
    table["team"] = table["who"].str[1:].astype(int) % 15
    x = np.column_stack([table["on"], table["age"]]).astype(float)
    entry, left = (table[name].to_numpy(float) for name in ("from", "to"))
    event = table["left"].to_numpy(float)
    unit = pd.factorize(table["who"])[0].astype(np.int64)
    spells = Spells(unit, entry, left, event, x[:, 0], x[:, 1:], table["team"].to_numpy())
    found = cox(spells, "breslow")
    assert found is not None

    def parts(beta: FloatArray) -> tuple[FloatArray, FloatArray]:
        risk, score, curve = np.exp(x @ beta), np.zeros_like(x), np.zeros((2, 2))
        for time in np.unique(left[event == 1]):
            there = (entry < time) & (left >= time)
            ends = (left == time) & (event == 1)
            mean = risk[there] @ x[there] / risk[there].sum()
            away = x[there] - mean
            hazard = ends.sum() / risk[there].sum()
            score[ends] += x[ends] - mean
            score[there] -= hazard * risk[there, None] * away
            curve += hazard * (away.T @ (away * risk[there, None]))
        return score, curve

    best = optimize.root(lambda beta: parts(beta)[0].sum(axis=0), np.zeros(2), tol=1e-13).x
    score, curve = parts(best)
    summed = pd.DataFrame(score).groupby(table["team"].to_numpy()).sum().to_numpy()
    bread = np.linalg.inv(curve)
    error = (15 / 14 * bread @ summed.T @ summed @ bread)[0, 0] ** 0.5
    assert (found.estimate.value, found.estimate.se) == pytest.approx((best[0], error), abs=EXACT)


def carrying(x: FloatArray, weight: FloatArray, left: FloatArray) -> float:
    """Return the error of the second coefficient where errors are a first-order autoregression.

    Its correlation is that of what is left, freed from the share that as many unknowns take of it.
    """
    n, unknown = x.shape
    seen = sum(left[t] * left[t - 1] for t in range(1, n)) / sum(left**2)
    true = (n * seen + unknown) / (n - unknown - 2)
    alike = np.array([[true ** abs(s - t) for s in range(n)] for t in range(n)])
    half = np.diag(np.sqrt(weight)) @ x
    hat = half @ np.linalg.inv(half.T @ half) @ half.T
    spread = left @ left / np.trace((np.eye(n) - hat) @ alike)
    taken = np.linalg.inv(half.T @ half) @ half.T
    return float((spread * taken @ alike @ taken.T)[1, 1] ** 0.5)


def carried(ratio: bool) -> Series:
    table = months(5, effect=2.0, carry=0.8, count=60, step=36)
    time = table["time"].to_numpy(float)
    on = table["on"].to_numpy(float)
    wave = np.column_stack([np.sin(2 * np.pi * time / 12), np.cos(2 * np.pi * time / 12)])
    den = np.random.default_rng(5).uniform(900, 1100, 60)
    value = table["value"].to_numpy()
    num = np.round(den * np.exp(value / 10 - 4)) if ratio else value * den
    return Series(num, den, on, time, wave)


def test_step_of_a_series_is_weighted_least_squares_with_errors_that_carry_over() -> None:
    series = carried(ratio=False)
    told = stepped(series, ratio=False)
    assert told.robust
    x, weight, y = series.design, series.den, series.num / series.den
    bread = np.linalg.inv(x.T @ (x * weight[:, None]))
    beta = bread @ (x.T @ (weight * y))
    want = (beta[1], carrying(x, weight, np.sqrt(weight) * (y - x @ beta)))
    assert (told.estimate.value, told.estimate.se) == pytest.approx(want, abs=EXACT)


def test_rate_of_a_series_is_poisson_with_errors_that_carry_over() -> None:
    series = carried(ratio=True)
    told = stepped(series, ratio=True)
    assert told.robust
    x = series.design

    def score(beta: FloatArray) -> FloatArray:
        return np.asarray(x.T @ (series.num - series.den * np.exp(x @ beta)))

    start = np.eye(x.shape[1])[0] * np.log(series.num.sum() / series.den.sum())
    beta = optimize.root(score, start, tol=1e-13).x
    mean = series.den * np.exp(x @ beta)
    want = (beta[1], carrying(x, mean, (series.num - mean) / np.sqrt(mean)))
    assert (told.estimate.value, told.estimate.se) == pytest.approx(want, abs=EXACT)


@pytest.mark.parametrize("carry", [0.0, 0.9])
def test_share_of_a_series_has_the_error_of_its_spread_or_carries_over(carry: float) -> None:
    """Yes of so many, more or less alike from month to month than chance would have them."""
    table = months(9, carry=carry, count=60, step=36)
    den = np.random.default_rng(9).integers(80, 200, 60).astype(float)
    num = np.round(den * special.expit(table["value"].to_numpy() / 4 - 5))
    time, on = table["time"].to_numpy(float), table["on"].to_numpy(float)
    wave = np.column_stack([np.sin(2 * np.pi * time / 12), np.cos(2 * np.pi * time / 12)])
    series = Series(num, den, on, time, wave)
    told, x = share_stepped(series), series.design
    beta = optimize.root(
        lambda b: x.T @ (num - den * special.expit(x @ b)), np.zeros(5), tol=1e-13
    ).x
    share = special.expit(x @ beta)
    chance = den * share * (1 - share)
    bread = np.linalg.inv(x.T @ (x * chance[:, None]))
    spread = float(((num - den * share) ** 2 / chance).sum()) / 55
    plain = (spread * bread[1, 1]) ** 0.5
    robust = carrying(x, chance, (num - den * share) / np.sqrt(chance))
    assert told.robust is (carry > 0)
    want = (beta[1], robust if told.robust else plain)
    assert (told.odds.value, told.odds.se) == pytest.approx(want, abs=EXACT)


def test_share_over_time_covers() -> None:
    """Shares that vary as chance has it: the true odds ratio lies inside nineteen times in twenty."""
    covered = []
    for seed in range(200):
        random = np.random.default_rng(seed)
        time = np.arange(40.0)
        on, den = (time >= 25).astype(float), random.integers(80, 200, 40).astype(float)
        num = random.binomial(den.astype(int), special.expit(-0.5 + 0.01 * time + 0.3 * on))
        told = share_stepped(Series(num.astype(float), den, on, time, np.empty((40, 0)))).odds
        covered.append(told.low <= 0.3 <= told.high)
    assert np.mean(covered) > 0.90


def simplex(columns: FloatArray, target: FloatArray, ridge: float, found: FloatArray) -> FloatArray:
    """Solve for the weights that are above nothing, and show that none of the others belongs there.

    Both together are the conditions of Karush, Kuhn and Tucker: there is no better point.
    """
    curve = columns.T @ columns + ridge**2 * len(columns) * np.eye(columns.shape[1])
    aim, held = columns.T @ target, found > 1e-9
    n = int(held.sum())
    system = np.block(
        [[curve[np.ix_(held, held)], np.ones((n, 1))], [np.ones((1, n)), np.zeros((1, 1))]]
    )
    solved = np.linalg.solve(system, np.append(aim[held], 1.0))
    weights = np.zeros(len(found))
    weights[held] = solved[:n]
    slope = curve @ weights - aim
    scale = float(np.abs(slope).max())
    assert (weights >= 0).all()
    assert (slope[~held] >= -solved[n] - 1e-6 * scale).all()
    return weights


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_synthetic_weights_and_effect_are_the_exact_solution(seed: int) -> None:
    data = block(seed)
    donors, before = data.outcome[:12], data.before
    earlier, target = donors[:, :before].T, data.target[:before]
    tiny = 1e-6 * data.noise
    control = synthetic_control(data)
    exact = simplex(earlier, target, tiny, control.units)
    want = float((data.target - exact @ donors)[before:].mean())
    assert control.effect == pytest.approx(want, abs=EXACT)
    told = synthetic_did(data)
    level = (earlier - earlier.mean(axis=0), target - target.mean())
    units = simplex(*level, 6**0.25 * data.noise, told.units)
    assert told.units == pytest.approx(units, abs=EXACT)


def test_synthetic_difference_is_that_of_weighted_two_way_effects() -> None:
    """With the weights given, it is a regression on units and periods, weighed (Arkhangelsky, eq. 1)."""
    data = block(4, effect=3.0)
    told = synthetic_did(data)
    before, periods = data.before, data.outcome.shape[1]
    later = data.outcome[:12, before:].mean(axis=1)
    earlier = data.outcome[:12, :before]
    level = (earlier - earlier.mean(axis=0), later - later.mean())
    # The periods' weights follow from the path: its gaps before the start are weighed to nothing.
    gaps = data.target - told.units @ data.outcome[:12]
    shift = float((gaps - told.gaps)[0])
    found = optimize.minimize(
        lambda w: float(((level[0] @ w - level[1]) ** 2).sum()), np.full(before, 1 / before),
        method="SLSQP", bounds=[(0, 1)] * before, options={"ftol": 1e-16, "maxiter": 5000},
        constraints=[{"type": "eq", "fun": lambda w: w.sum() - 1}],
    )  # fmt: skip
    assert found.x @ gaps[:before] == pytest.approx(shift, abs=1e-4)
    weight = np.outer(
        np.append(told.units, 1.0),
        np.append(found.x, np.full(periods - before, 1 / (periods - before))),
    )
    unit, period = np.indices(weight.shape)
    on = ((unit == 12) & (period >= before)).ravel().astype(float)
    design = np.column_stack([on, np.eye(13)[unit.ravel()], np.eye(periods)[period.ravel()]])
    root = np.sqrt(weight.ravel())
    beta = np.linalg.lstsq(design * root[:, None], data.outcome.ravel() * root, rcond=None)[0]
    assert told.effect == pytest.approx(beta[0], abs=1e-4)


def test_naive_cross_section_is_the_difference_of_two_means() -> None:
    frame = roll_out(effect=0.5, cohorts={4: 9, 7: 6, NEVER: 8})
    cells = grid_of(RowPanel(frame))
    later = frame["period"] >= 4
    on = frame["period"] >= frame["cohort"]
    want = frame.loc[on, "num"].mean() - frame.loc[(frame["cohort"] == NEVER) & later, "num"].mean()
    weights = cross_section(cells)
    assert weights is not None
    assert float((weights * cells.mean).sum()) == pytest.approx(want, abs=EXACT)
