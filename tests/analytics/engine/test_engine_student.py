"""Student's t and what else is asked of distributions, held to `scipy.stats` digit by digit."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from analytics.amounts import Span
from analytics.estimators.student import beyond, quantile
from analytics.money import drawn

chance = np.random.default_rng(5)
SHARES = chance.uniform(1e-9, 1 - 1e-9, 500)


@pytest.mark.parametrize("df", [0.7, 1, 2.5, 11, 400.3, 1e10, np.inf])
def test_t_is_that_of_scipy(df: float) -> None:
    assert (quantile(SHARES, df) == stats.t.ppf(SHARES, df)).all()
    for share in SHARES[:50].tolist():
        assert quantile(share, df) == stats.t.ppf(share, df)
    for t in (0.0, 0.3, 1.96, 40.0, np.inf):
        assert beyond(t, df) == stats.t.sf(t, df)


@pytest.mark.parametrize("df", [0.0, -1.0, np.nan])
def test_without_degrees_of_freedom_nothing_is_known(df: float) -> None:
    assert np.isnan(quantile(0.975, df))
    assert np.isnan(beyond(1.0, df))


@pytest.mark.parametrize("amount", [Span(1, 3, 9), Span(2, 2, 5), Span(0, 7, 7)])
def test_an_amount_is_drawn_from_a_triangle(amount: Span) -> None:
    width = amount.high - amount.low
    peak = (amount.likely - amount.low) / width
    expected = stats.triang.ppf(SHARES, peak, amount.low, width)
    np.testing.assert_allclose(drawn(amount, SHARES), expected, rtol=1e-14)
