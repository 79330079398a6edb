"""Tables with all that tables may have, by seed, answer from their file as they do in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet
from test_engine_large import assert_equal

from analytics.designs import large_panel
from analytics.estimators import errors
from analytics.evaluate import evaluate
from analytics.store import columns
from lrs.errors import BadInput

CALLS = {"outcome": "calls", "kpi": {"kind": "continuous", "better": "up"}}
ERRORS = {"outcome": "errors", "kpi": {"kind": "count", "better": "down"}}
OUTCOMES: list[dict[str, Any]] = [
    CALLS,
    CALLS | {"exposure": "cases"},
    CALLS | {"companions": [ERRORS]},
    ERRORS,
    ERRORS | {"exposure": "cases", "companions": [CALLS]},
    {"outcome": "agreed", "kpi": {"kind": "binary", "better": "up"}},
]
CLUSTERED: list[dict[str, Any]] = [{}, {}, {"cluster": "team"}, {"cluster": "person"}]
Change = Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]


def _people(chance: np.random.Generator) -> pd.DataFrame:
    """Return people of teams that start at up to three times, or never, a row a month."""
    teams, size, months = (int(chance.integers(*ends)) for ends in ((20, 60), (1, 6), (4, 26)))
    person, month = (index.ravel() for index in np.indices((teams * size, months)))
    names = np.array([f"{2022 + n // 12}-{n % 12 + 1:02}" for n in range(months)])
    starts = np.array([*chance.choice(names[1:], int(chance.integers(1, 4))), ""])
    start = starts[chance.integers(0, len(starts), teams)][person // size]
    effect = (start != "") & (names[month] >= start)
    cases = chance.poisson(8, len(person)) + 1
    noise = chance.normal(size=teams * size)[person] + chance.normal(size=len(person))
    return pd.DataFrame(
        {
            "person": person * int(chance.integers(1, 4)) - 50,
            "team": person // size * 2,
            "month": names[month],
            "start": start,
            "calls": noise + 0.4 * effect,
            "cases": cases.astype(float),
            "errors": chance.poisson(cases * 0.2).astype(float),
            "agreed": (chance.random(len(person)) < 0.4).astype(float),
        }
    )


def _rows_missing(rows: pd.DataFrame, chance: np.random.Generator) -> pd.DataFrame:
    return rows[chance.random(len(rows)) > chance.choice([0.002, 0.02, 0.2])]


def _leavers(rows: pd.DataFrame, chance: np.random.Generator) -> pd.DataFrame:
    last = chance.choice(rows["month"].unique(), rows["person"].nunique())
    return rows[rows["month"] <= last[pd.factorize(rows["person"])[0]]]


def _another_start(rows: pd.DataFrame, chance: np.random.Generator) -> pd.DataFrame:
    one = chance.choice(rows.index)
    return rows.assign(start=rows["start"].mask(rows.index == one, rows["month"].max()))


def _another_name(rows: pd.DataFrame, chance: np.random.Generator) -> pd.DataFrame:
    one, other = chance.choice(rows.index, 2)
    return rows.assign(person=rows["person"].mask(rows.index == one, rows["person"][other]))


CHANGES: list[tuple[float, Change]] = [
    (0.3, _rows_missing),
    (0.1, _leavers),
    (0.1, _another_start),
    (0.1, _another_name),
    (0.1, lambda rows, _: pd.concat([rows, rows.sample(1, random_state=1)])),
    (
        0.2,
        lambda rows, chance: rows.assign(calls=rows["calls"].mask(chance.random(len(rows)) < 0.01)),
    ),
    (0.2, lambda rows, _: rows.assign(start=rows["start"].mask(rows["start"] == ""))),
    (0.3, lambda rows, _: rows.sort_values("month", kind="stable")),
    (0.2, lambda rows, _: rows.sort_values(["team", "month"], kind="stable")),
    (0.2, lambda rows, _: rows.sample(frac=1, random_state=3)),
    (0.1, lambda rows, _: rows.iloc[::-1]),
    (0.2, lambda rows, _: rows.assign(person="p" + rows["person"].astype(str))),
    (0.2, lambda rows, _: rows.assign(team="t" + rows["team"].astype(str))),
]


def _write(rows: pd.DataFrame, file: Path, chance: np.random.Generator) -> None:
    table = pa.Table.from_pandas(rows.reset_index(drop=True), preserve_index=False)
    if chance.random() < 0.5:  # what is no number is none, and not nothing
        numbers = pa.array(rows["calls"].to_numpy(), from_pandas=False)
        table = table.set_column(table.column_names.index("calls"), "calls", numbers)
    parquet.write_table(
        table,
        file,
        row_group_size=int(chance.choice([100, 500, 5000])),
        write_statistics=bool(chance.random() < 0.8),
    )


def _told(spec: dict[str, Any], base: Path) -> dict[str, Any]:
    try:
        return {**evaluate(spec, base), "provenance": None}
    except BadInput as exc:
        return {"refused": (exc.message, exc.where, exc.hint)}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200))
def test_odd_tables_answer_alike(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = np.random.default_rng(seed)
    rows = _people(chance)
    for often, change in CHANGES:
        if chance.random() < often:
            rows = change(rows, chance)
    _write(rows, tmp_path / "people.parquet", chance)
    spec: dict[str, Any] = {"design": "panel", "data": "people.parquet", "unit": "person"}
    spec |= {"time": "month", "start": "start"}
    spec |= OUTCOMES[int(chance.integers(len(OUTCOMES)))]
    spec |= CLUSTERED[int(chance.integers(len(CLUSTERED)))]
    monkeypatch.setattr(columns, "_SLICE", int(chance.choice([300, 1000, 100_000])))
    monkeypatch.setattr(columns, "THREADS", int(chance.choice([1, 3])))
    listed = int(chance.choice([0, 10**6]))
    for module in (columns, errors):
        monkeypatch.setattr(module, "LISTED", listed)
    told = []
    for least in (0, 10**9):
        monkeypatch.setattr(large_panel, "LARGE", least)
        told.append(_told(spec, tmp_path))
    # How an optimum is come to leaves its mark in the eighth digit.
    assert_equal(*told, rel=1e-7)
