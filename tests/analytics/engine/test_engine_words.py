"""Cells in words: outcomes of yes and no, covariates with many different ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analytics.evaluate import evaluate
from lrs.errors import BadInput

YES = {"kind": "binary", "better": "up"}


def people(seed: int = 1, size: int = 200) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    on = random.permutation(size) % 2
    return pd.DataFrame({"on": on, "y": (random.random(size) < 0.3 + 0.3 * on) * 1})


def ask(folder: Path, table: pd.DataFrame, **more: Any) -> dict[str, Any]:
    """Ask in the design for draws, unless another is named."""
    path = folder / str(more.get("data", "t.csv"))
    table.to_parquet(path) if path.suffix == ".parquet" else table.to_csv(path, index=False)
    spec = {"design": "randomised", "data": "t.csv", "outcome": "y", "treatment": "on", "kpi": YES}
    return evaluate({key: own for key, own in (spec | more).items() if own is not None}, folder)


@pytest.mark.parametrize(
    ("no", "yes"), [("no", "yes"), ("false", "true"), ("False", "True"), ("nej", "ja"), (0, "yes")]
)
def test_an_outcome_of_yes_and_no_is_one_of_ones_and_zeros(
    tmp_path: Path, no: object, yes: object
) -> None:
    table = people()
    plain = ask(tmp_path, table)
    told = ask(tmp_path, table.assign(y=table["y"].map({0: no, 1: yes})))
    assert told["estimate"] == plain["estimate"]
    gaps = table["y"].map({0: no, 1: yes}).where(table.index > 5, None)
    assert ask(tmp_path, table.assign(y=gaps))["n"]["units"] == 194


def test_booleans_of_a_parquet_file_are_yes_and_no(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    table = people()
    told = ask(tmp_path, table.assign(y=table["y"] == 1), data="t.parquet")
    assert told["estimate"] == ask(tmp_path, table)["estimate"]


def test_words_of_other_kinds_and_other_words_are_refused(tmp_path: Path) -> None:
    table = people()
    words = table["y"].map({0: "no", 1: "yes"})
    with pytest.raises(BadInput) as refused:
        ask(tmp_path, table.assign(y=["yes", "perhaps", *words[2:]]))
    assert refused.value.where == "outcome: data row 2"
    with pytest.raises(BadInput, match="where a number belongs"):
        ask(tmp_path, table.assign(y=words), kpi={"kind": "continuous", "better": "up"})
    with pytest.raises(BadInput, match="where a number belongs") as refused:
        ask(tmp_path, table.assign(y=[7, 0, "yes", *table["y"][3:]]))
    assert refused.value.where == "outcome: data row 3"


def test_yes_and_no_in_a_panel(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    rows = [
        (unit, time, 5 if unit < 20 else "", int(random.random() < 0.4 + 0.2 * (unit < 20 < 16 + time)))
        for unit in range(40)
        for time in range(8)
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["unit", "time", "start", "y"])
    more = {"design": "panel", "unit": "unit", "time": "time", "start": "start", "treatment": None}
    said = ask(tmp_path, table.assign(y=table["y"].map({0: "no", 1: "yes"})), **more)
    assert said["estimate"] == ask(tmp_path, table, **more)["estimate"]


def schools(rows: int, count: int = 79) -> pd.DataFrame:
    random = np.random.default_rng(4)
    school, on = np.arange(rows) % count, random.permutation(rows) % 2
    y = random.normal(size=rows) + school / 20 + 0.2 * on
    return pd.DataFrame({"on": on, "y": y, "school": [f"s{n:03}" for n in school]})


def test_many_words_in_many_rows_are_regressed_on(tmp_path: Path) -> None:
    """Against least squares with a column a school, and its error HC2."""
    table = schools(1_600)
    more = {"covariates": ["school"], "kpi": {"kind": "continuous", "better": "up"}}
    told = ask(tmp_path, table, **more)["estimate"]
    dummies = pd.get_dummies(table["school"], drop_first=True).to_numpy(float)
    design = np.column_stack([np.ones(len(table)), table["on"], dummies])
    fit = sm.OLS(table["y"].to_numpy(), design).fit(cov_type="HC2")
    assert (told["att"], told["se"]) == pytest.approx((fit.params[1], fit.bse[1]), abs=1e-9)


def test_words_need_ten_rows_each_on_average(tmp_path: Path) -> None:
    more = {"covariates": ["school"], "kpi": {"kind": "continuous", "better": "up"}}
    with pytest.raises(BadInput, match="79 different words; in 780 rows 78") as refused:
        ask(tmp_path, schools(780), **more)
    assert refused.value.where == "covariates"
    assert "10 rows each" in (refused.value.hint or "")
    assert ask(tmp_path, schools(790), **more)["estimate"] is not None
    assert ask(tmp_path, schools(200, 50), **more)["estimate"] is not None
