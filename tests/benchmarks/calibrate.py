"""Hold the grades against companies whose truth is known: coverage, false claims, power, flags.

    python tests/benchmarks/calibrate.py [--draws 400] [--company PATH] [--out docs/calibration.md]

Every way of choosing who is trained, without an effect and with one, and every kind of outcome, of
the company simulator (``simulate(seed, assign, effect)`` with the truth in its answer) and of the
demo's own generator. Draws are kept as they are made, so a run that was broken off goes on; a
change to the engine makes them anew. Draws take turns over the scenarios: whenever it is stopped,
all have as many.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")  # before numpy is imported

ROOT = Path(__file__).resolve().parents[2]
COMPANY = ROOT.parent / "shared" / "company" / "simulate.py"
KEPT = ROOT / "tests" / ".artifacts" / "calibration.jsonl"
OUT = ROOT / "docs" / "calibration.md"
ENGINE = (
    "answering.py",
    "record.py",
    "checked.py",
    "headline.py",
    "stepped.py",
    "estimators/*.py",
    "checks/*.py",
    "designs/duration.py",
    "demo/*.py",
)
BY_LOT = "team_random, drawn here"
LEVELS = {
    "team_random": "team",
    BY_LOT: "team",
    "person_random": "person",
    "team_level": "team",
    "team_trend": "team",
    "team_dip": "team",
    "person_dip": "person",
    "everyone": "team",
}
EFFECTS = (0.0, 1.0)
DEMO = "demo"

Row = dict[str, Any]


class Draw(NamedTuple):
    """One company to draw: by the simulator with an assignment and effect, or by the demo."""

    seed: int
    assign: str
    effect: float


def rows_of(draw: Draw, company: str) -> list[Row]:
    """Return what the answers to one company say, beside its truth: a row an outcome."""
    import worlds

    if draw.assign == DEMO:
        return [
            {"assign": f"demo: {path}", "effect": 1.0, **row}
            for path, world in worlds.demo(draw.seed)
            for row in _answers(world, draw.seed, "team")
        ]
    assign, level = draw.assign.split(",")[0], LEVELS[draw.assign]
    made = _simulate(company)(seed=draw.seed, assign=assign, effect=draw.effect)
    by_lot = draw.assign == BY_LOT
    world = worlds.simulated(made, level)
    told = _answers(world, draw.seed, level, by_lot=by_lot)
    return [{"assign": draw.assign, "effect": draw.effect, **row} for row in told]


@cache
def _simulate(company: str) -> Any:
    import worlds

    return worlds.simulator(Path(company))


def _answers(world: Any, seed: int, level: str, *, by_lot: bool = False) -> Iterator[Row]:
    import worlds

    from analytics.answering import answer_panel
    from analytics.checks import selection

    # Each outcome is a companion of all the others: its dip is looked for once, not five times.
    selection._dip_of = cache(getattr(selection._dip_of, "__wrapped__", selection._dip_of))
    lots = {"randomised_timing": by_lot, "own_draw": by_lot}
    redraws = worlds.redrawn(world, seed) if by_lot else None
    for outcome, panel in world.panels.items():
        question = replace(world.questions[outcome], level=level, **lots)
        others = world.companions(outcome)
        answer = answer_panel(panel, question, companions=others, redraws=redraws, year=12)
        yield {"seed": seed, "outcome": outcome, **_said(answer, world.truth.get(outcome))}
    if world.spells is not None:
        answer = _evaluated(world.spells)
        yield {"seed": seed, "outcome": "turnover", **_said(answer, world.truth.get("turnover"))}


def _evaluated(spells: Any) -> Row:
    from analytics.evaluate import evaluate

    spec = {"design": "duration", "data": "spells.csv", "unit": "person", "entry": "entry"}
    spec |= {"exit": "exit", "event": "left", "exposure": "trained"}
    with tempfile.TemporaryDirectory() as folder:
        spells.to_csv(Path(folder) / "spells.csv", index=False)
        return evaluate(spec | {"kpi": {"kind": "time_to_event", "better": "down"}}, Path(folder))


def _said(answer: Row, truth: float | None) -> Row:
    told = answer["estimate"] or {}
    effect = told.get("ratio", told.get("att"))
    return {
        "grade": answer["grade"],
        "verdict": answer["verdict"],
        "flags": answer["flags"],
        "value": effect,
        "p": told.get("p"),
        "truth": truth,
        "none": 1.0 if "ratio" in told else 0.0,
        "covers": None if None in (effect, truth) else told["low"] <= truth <= told["high"],
    }


def engine() -> str:
    """Return what tells one state of the engine from another."""
    digest = hashlib.sha256()
    own = [Path(__file__), Path(__file__).with_name("worlds.py")]
    found = (path for part in ENGINE for path in (ROOT / "analytics").glob(part))
    for path in own + sorted(found):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def draws(seed: int, count: int) -> Iterator[Draw]:
    """Yield every company, seed by seed."""
    for number in range(seed, seed + count):
        for assign in LEVELS:
            for effect in EFFECTS:
                yield Draw(number, assign, effect)
        yield Draw(number, DEMO, 1.0)


def kept(path: Path, state: str) -> dict[Draw, list[Row]]:
    """Return the draws that were made before, by the same engine."""
    if not path.is_file():
        return {}
    lines = (json.loads(line) for line in path.read_text().splitlines())
    return {Draw(*line["draw"]): line["rows"] for line in lines if line["engine"] == state}


def _work(job: tuple[Draw, str]) -> tuple[Draw, list[Row]]:
    return job[0], rows_of(*job)


def _nice() -> None:
    os.nice(15)


def make(wanted: Iterable[Draw], given: argparse.Namespace, state: str) -> None:
    """Make the draws that are not there, and keep each."""
    until = time.monotonic() + 60 * given.minutes
    given.kept.parent.mkdir(parents=True, exist_ok=True)
    jobs = ((draw, str(given.company)) for draw in wanted)
    context = multiprocessing.get_context("spawn")
    with context.Pool(given.processes, _nice) as pool, given.kept.open("a") as file:
        for draw, rows in pool.imap(_work, jobs, chunksize=4):
            print(json.dumps({"engine": state, "draw": draw, "rows": rows}), file=file, flush=True)
            if time.monotonic() > until:
                pool.terminate()
                break


def main() -> None:
    """Draw, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--company", type=Path, default=COMPANY)
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=600, help="stop then, with what there is")
    parser.add_argument("--kept", type=Path, default=KEPT, help="where draws are kept")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    if not given.company.is_file():
        parser.error(f"no simulated company at {given.company}: --company names its program")
    state, wanted = engine(), list(draws(given.seed, given.draws))
    there = kept(given.kept, state)
    make([draw for draw in wanted if draw not in there], given, state)
    there = kept(given.kept, state)
    rows = [row for draw in wanted for row in there.get(draw, ())]

    import calibration_table

    text = calibration_table.page(rows, seed=given.seed, engine=state)
    given.out.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
