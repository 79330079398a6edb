"""Time to an event where lots were drawn: statsmodels' Poisson regression with log exposure, to 1e-6."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analytics.estimators.hazard import Spells
from analytics.estimators.piecewise import piecewise, usual_cuts
from analytics.evaluate import evaluate
from lrs.errors import BadInput

EXACT = 1e-6
CUTS = [4, 9]


def newcomers(seed: int = 1, *, people: int = 400, effect: float = -0.5) -> pd.DataFrame:
    """Days until newcomers can work alone, fewer as time goes by; half were drawn for the training."""
    random = np.random.default_rng(seed)
    team = np.arange(people) % 40
    on = (team + team // 20) % 2
    age = random.normal(size=people)
    luck = random.normal(size=40)[team] * 0.3
    time = random.exponential(8 / np.exp(effect * on + 0.3 * age + luck))
    end = random.uniform(6, 18, people)
    return pd.DataFrame(
        {
            "who": np.arange(people), "team": team, "on": on, "age": age,
            "to": np.minimum(time, end), "done": (time <= end).astype(int),
        }
    )  # fmt: skip


def ask(folder: Path, table: pd.DataFrame, **more: Any) -> dict[str, Any]:
    table.to_csv(folder / "t.csv", index=False)
    spec = {
        "design": "randomised", "data": "t.csv", "treatment": "on", "unit": "who", "exit": "to",
        "event": "done", "pieces": CUTS, "kpi": {"kind": "time_to_event", "better": "down"},
    }  # fmt: skip
    return evaluate(spec | more, folder)


def split(table: pd.DataFrame) -> pd.DataFrame:
    """A row for each person and piece, by hand."""
    rows = []
    for _, own in table.iterrows():
        for piece, (low, high) in enumerate(zip([0, *CUTS], [*CUTS, 99], strict=True)):
            if own["to"] > low:
                there, ended = min(own["to"], high) - low, own["done"] and own["to"] <= high
                rows.append((own["who"], own["team"], piece, own["on"], own["age"], there, ended))
    names = ["who", "team", "piece", "on", "age", "there", "ended"]
    return pd.DataFrame(rows, columns=names).astype(float)


def theirs(table: pd.DataFrame, columns: list[str], **how: Any) -> Any:
    cells = split(table)
    levels = pd.get_dummies(cells["piece"], dtype=float)
    design = pd.concat([cells[columns], levels], axis=1).to_numpy()
    offset = np.log(cells["there"])
    family = sm.families.Poisson()
    model = sm.GLM(cells["ended"].to_numpy(), design, family=family, offset=offset)
    if how:
        how = {
            "cov_type": "cluster",
            "cov_kwds": {"groups": cells["team"], "use_correction": False},
        }
    return model.fit(tol=1e-12, **how)


@pytest.mark.parametrize("columns", [["on"], ["on", "age"]])
def test_ratio_of_hazards_is_that_of_poisson_with_log_exposure(
    tmp_path: Path, columns: list[str]
) -> None:
    table = newcomers()
    told = ask(tmp_path, table, covariates=columns[1:])["estimate"]
    fit = theirs(table, columns)
    assert (told["coef"], told["se"]) == pytest.approx((fit.params[0], fit.bse[0]), abs=EXACT)
    assert told["ratio"] == pytest.approx(np.exp(fit.params[0]), abs=EXACT)


def test_whole_teams_have_the_error_of_teams(tmp_path: Path) -> None:
    table = newcomers(2)
    answer = ask(tmp_path, table, cluster="team", covariates=["age"])
    fit = theirs(table, ["on", "age"], clustered=True)
    told = answer["estimate"]
    assert told["se"] == pytest.approx(fit.bse[0] * (40 / 39) ** 0.5, abs=EXACT)
    assert answer["estimates"]["piecewise_exponential"]["df"] == 39
    assert answer["inference"]["clusters"] == 40


def test_it_says_nearly_what_cox_says_and_as_much_as_one_piece_a_rate(tmp_path: Path) -> None:
    table = newcomers(3)
    answer = ask(tmp_path, table)
    made = answer["estimates"]
    assert made["cox"]["ratio"] == pytest.approx(answer["estimate"]["ratio"], rel=0.05)
    one = ask(tmp_path, table, pieces=[])
    rates = table.groupby("on")[["done", "to"]].sum()
    rate = rates["done"] / rates["to"]
    assert one["estimate"]["ratio"] == pytest.approx(rate[1] / rate[0], abs=EXACT)
    assert (answer["design"], answer["grade"]) == ("randomised", "B")
    assert answer["checks"]["proportional_hazards"]["p"] > 0.01


def test_spells_say_the_same_as_whole_times(tmp_path: Path) -> None:
    """A person's time may be cut anywhere, and begin late."""
    table = newcomers(4).assign(**{"from": 0.0})
    late = table[table["to"] > 3].assign(**{"from": 3.0})
    early = table.assign(done=table["done"] * (table["to"] <= 3), to=table["to"].clip(upper=3))
    whole = ask(tmp_path, table, entry="from")
    parts = ask(tmp_path, pd.concat([early, late]), entry="from")
    assert parts["estimate"]["coef"] == pytest.approx(whole["estimate"]["coef"], abs=1e-9)
    assert parts["n"]["units"] == whole["n"]["units"] == 400


def test_all_at_one_time_have_one_rate_a_side(tmp_path: Path) -> None:
    table = newcomers(8).assign(to=1.0)
    answer = ask(tmp_path, table, pieces=[])
    share = table.groupby("on")["done"].mean()
    assert answer["estimate"]["ratio"] == pytest.approx(share[1] / share[0], abs=EXACT)


def test_few_drawn_are_dealt_anew(tmp_path: Path) -> None:
    """Events less those to be expected, over all 252 ways of drawing five of ten."""
    table = newcomers(5, people=10).assign(on=[0, 1] * 5, done=1)
    usual = (10 * table["to"] / table["to"].sum()).to_numpy()
    left = 1 - usual

    def apart(side: np.ndarray) -> float:
        own = (usual[table["on"] == 1].sum(), usual[table["on"] == 0].sum())
        return abs(left[side].sum() / own[0] - left[~side].sum() / own[1])

    ways = [np.isin(np.arange(10), drawn) for drawn in combinations(range(10), 5)]
    as_much = [apart(way) >= apart((table["on"] == 1).to_numpy()) - 1e-9 for way in ways]
    answer = ask(tmp_path, table, pieces=[])
    assert answer["inference"]["assignments"] == 252
    assert answer["inference"]["p"] == pytest.approx(np.mean(as_much), abs=1e-9)
    assert answer["verdict"] == "cannot_tell"


def test_interval_of_whole_teams_covers() -> None:
    covered = []
    for seed in range(120):
        table = newcomers(seed, people=400)
        spells = Spells(
            table["who"].to_numpy(), np.zeros(400), table["to"].to_numpy(),
            table["done"].to_numpy(float), table["on"].to_numpy(float),
            table[["age"]].to_numpy(), table["team"].to_numpy(),
        )  # fmt: skip
        found = piecewise(spells, usual_cuts(spells))
        assert found is not None
        covered.append(found.estimate.low <= -0.5 <= found.estimate.high)
    assert np.mean(covered) > 0.90


def test_what_a_drawn_hazard_was_worth(tmp_path: Path) -> None:
    """Events a unit of time without the training, less by the ratio, over so many units of time."""
    table = newcomers(7, people=800)
    money = {"units": 1000, "value": 50, "currency": "EUR", "cost": 2000}
    answer = ask(tmp_path, table, pieces=[], money=money)
    off, on = (table[table["on"] == side] for side in (0, 1))
    rates = [own["done"].sum() / own["to"].sum() for own in (off, on)]
    assert answer["money"]["status"] == "measured"
    assert answer["money"]["benefit"]["likely"] == pytest.approx(50_000 * (rates[0] - rates[1]))
    assert answer["estimate"]["att"] == pytest.approx(rates[1] - rates[0], abs=EXACT)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda t: t.assign(on=1), "treatment"),
        (lambda t: t.assign(to=0), "exit: data row 1"),
        (lambda t: t.assign(who=0), "entry: data row 2"),
        (lambda t: t.assign(age=t["on"]), "covariates"),
    ],
)
def test_what_cannot_be_is_refused_naming_the_key(tmp_path: Path, change: Any, where: str) -> None:
    with pytest.raises(BadInput) as refused:
        ask(tmp_path, change(newcomers()), covariates=["age"])
    assert refused.value.where == where


def test_a_status_that_changes_is_no_draw(tmp_path: Path) -> None:
    table = newcomers(people=40).assign(**{"from": 0.0})
    again = table.assign(on=1 - table["on"], **{"from": table["to"]}, to=table["to"] + 1)
    with pytest.raises(BadInput, match="both sides"):
        ask(tmp_path, pd.concat([table.assign(done=0), again]), entry="from")


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        (lambda t: t.assign(done=0), "no_variation"),
        (lambda t: t.assign(done=t["done"] * t["on"]), "no_event_on_a_side"),
        (lambda t: t.head(15), "small_sample"),
        (lambda t: t.assign(team=t["on"]), "small_sample"),
    ],
)
def test_where_nothing_can_be_told_nothing_is(tmp_path: Path, change: Any, flag: str) -> None:
    answer = ask(tmp_path, change(newcomers()), cluster="team")
    assert flag in answer["flags"]
    assert answer["verdict"] == "cannot_tell"


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"pieces": [9, 4]}, "pieces"),
        ({"pieces": "often"}, "pieces"),
        ({"outcome": "done"}, "outcome"),
        ({"kpi": {"kind": "count", "better": "up"}}, "kpi.kind"),
    ],
)
def test_keys_that_do_not_fit_are_refused(tmp_path: Path, more: dict[str, Any], where: str) -> None:
    with pytest.raises(BadInput) as refused:
        ask(tmp_path, newcomers(people=40), **more)
    assert refused.value.where == where
