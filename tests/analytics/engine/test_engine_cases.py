"""The published cases, to their tolerances; and small published tables that lie in the project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analytics.evaluate import DESIGNS, evaluate

GRADES = "ABCD"
DATA = Path(__file__).resolve().parents[2] / "data"


def at(answer: Any, path: str) -> Any:
    for key in path.split("."):
        answer = answer[int(key)] if isinstance(answer, list) else answer[key]
    return answer


def cases(shared: Path) -> list[dict[str, Any]]:
    found = [json.loads(path.read_text()) for path in sorted((shared / "cases").glob("*.json"))]
    assert {case["spec"].get("design") for case in found} <= {*DESIGNS, None}
    return found


def test_every_published_figure_is_met_to_its_tolerance(shared: Path) -> None:
    done = cases(shared)
    assert len(done) >= 7
    for case in done:
        answer = evaluate(case["spec"], shared / "cases")
        for row in case["expect"]:
            got = at(answer, row["path"])
            assert got == pytest.approx(row["value"], abs=row["tolerance"]), (case["id"], row)


def test_every_published_case_keeps_what_it_must(shared: Path) -> None:
    for case in cases(shared):
        answer, must = evaluate(case["spec"], shared / "cases"), case["must"]
        if not must:
            continue
        assert answer["grade"] >= must.get("grade_at_most", "A"), case["id"]
        assert set(must.get("flags", [])) <= set(answer["flags"]), case["id"]
        assert answer["verdict"] in must.get("verdict", [answer["verdict"]]), case["id"]


def eight_people() -> dict[str, Any]:
    return json.loads((DATA / "eight_people.spec.json").read_text())


def test_eight_people_have_seventy_assignments_and_no_claim() -> None:
    answer = evaluate(eight_people(), DATA)
    assert answer["estimate"]["att"] == pytest.approx(1.0, abs=1e-9)
    assert answer["inference"] == {
        "p": pytest.approx(60 / 70, abs=1e-9),
        "assignments": 70,
        "least_p": pytest.approx(2 / 70, abs=1e-9),
        "clusters": 8,
        "method": "permutation, all",
    }
    assert (answer["verdict"], answer["grade"]) == ("cannot_tell", "D")
    assert "small_sample" in answer["flags"]


def test_all_the_documented_keys_are_in_the_answer() -> None:
    assert set(evaluate(eight_people(), DATA)) >= {
        "verdict", "grade", "flags", "estimate", "estimates", "event_study", "naive", "checks",
        "inference", "mde", "n", "sentence", "raise_the_grade", "provenance",
    }  # fmt: skip


def test_every_key_of_every_design_is_documented() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "evaluate.md").read_text()
    rows = {row.split("|")[1].strip().strip("`"): row for row in text.splitlines() if "|" in row}
    for name, design in DESIGNS.items():
        for key in design.KEYS:
            assert f"`{key}`" in rows[name], (name, key)
