"""Clusters that pass by in parts have the scores they have as a table in memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from analytics.estimators.panel import NEVER, Scores
from analytics.estimators.row_panel import RowPanel
from analytics.store.adding import Rows
from analytics.store.scoring import scored

PERIODS = range(648, 654)


@pytest.fixture
def table() -> pd.DataFrame:
    """Clusters in two cohorts and in the one never trained, the last cluster in two of them."""
    chance = np.random.default_rng(3)
    rows = [
        (cohort, cluster, period, float(chance.normal()), float(chance.integers(1, 5)))
        for cohort, clusters in ((650, (1, 2)), (652, (3, 9)), (NEVER, (4, 5, 9)))
        for cluster in clusters
        for period in PERIODS
        if chance.random() < 0.8
    ]
    return pd.DataFrame(rows, columns=["cohort", "cluster", "period", "num", "den"])


def in_parts(table: pd.DataFrame, length: int) -> Iterator[Rows]:
    for begin in range(0, len(table), length):
        part = table.iloc[begin : begin + length]
        yield Rows(*(part[name].to_numpy() for name in Rows._fields))


def weights() -> pd.DataFrame:
    """Weigh some cells only; of the cohort 652 none."""
    rows = [(650, 649, 0.5, 1.0, 0.0), (NEVER, 649, 0.1, -0.5, 2.0), (NEVER, 653, 0.2, 0.25, -1.0)]
    return pd.DataFrame(rows, columns=["cohort", "period", "mean", "a", "b"])


def assert_same(found: Scores, expected: Scores) -> None:
    for own, others in zip(found, expected, strict=True):
        np.testing.assert_allclose(own, others, rtol=1e-12)


@pytest.mark.parametrize("length", [1, 2, 5, 1000])
def test_parts_of_any_length_score_as_the_whole_table_does(
    table: pd.DataFrame, length: int
) -> None:
    expected = RowPanel(table.assign(unit=range(len(table)))).scores(weights())
    found = scored(in_parts(table, length), weights())
    assert_same(found, expected)


def test_a_cluster_without_a_weighted_cell_is_there_with_nothing(table: pd.DataFrame) -> None:
    found = scored(in_parts(table, 4), weights())
    own = found.cohort == 652
    assert found.cluster[own].tolist() == [3, 9]
    assert (found.values[own] == 0).all()


def test_no_rows_score_nothing(table: pd.DataFrame) -> None:
    found = scored(iter(()), weights())
    assert len(found.cohort) == len(found.cluster) == 0
    assert found.values.shape == (0, 2)


def test_rows_without_any_weight_are_nothing(table: pd.DataFrame) -> None:
    found = scored(in_parts(table, 4), weights().iloc[:0])
    assert len(found.cohort) == len(table.groupby(["cohort", "cluster"]))
    assert (found.values == 0).all()
