"""What a benchmark found: figures, each beside the raw one of the same minute and beside its goal.

They are kept as JSON, so that the next run can say what became quicker or slower since.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Table

KEPT = Path(__file__).resolve().parent.parent / ".artifacts" / "bench.json"


@dataclass(frozen=True)
class Goal:
    """What a figure is to be: at least, or at most, so much."""

    limit: float
    at_least: bool
    of_ratio: bool = False

    def is_met(self, figure: Figure) -> bool:
        found = figure.ratio if self.of_ratio else figure.value
        if found is None:
            return False
        return found >= self.limit if self.at_least else found <= self.limit

    def __str__(self) -> str:
        limit = f"{self.limit:.0%}" if self.of_ratio else f"{self.limit:,g}"
        return f"{'≥' if self.at_least else '≤'} {limit}"


def at_least(limit: float) -> Goal:
    return Goal(limit, at_least=True)


def at_most(limit: float) -> Goal:
    return Goal(limit, at_least=False)


def raw_times(share: float) -> Goal:
    """At least that share of what the database alone does."""
    return Goal(share, at_least=True, of_ratio=True)


@dataclass(frozen=True)
class Figure:
    """One figure; ``ratio`` is how it stands to ``raw``: above 1 is better than raw."""

    database: str
    name: str
    value: float
    unit: str
    raw: float | None = None
    ratio: float | None = None
    goal: Goal | None = None
    beside: str = ""

    @property
    def key(self) -> str:
        return f"{self.database}: {self.name}, {self.unit}"


def table(figures: Sequence[Figure], title: str, last: dict[str, float]) -> Table:
    """Return the table; ``last`` are the figures of the run before."""
    made = Table(title=title)
    for name in ("database", "what", "figure", "raw", "ratio", "goal", "", "last", "beside"):
        side = "left" if name in ("database", "what", "beside", "") else "right"
        made.add_column(name, justify=side)  # type: ignore[arg-type]
    for one in figures:
        before = last.get(one.key)
        made.add_row(
            one.database,
            one.name,
            f"{_number(one.value)} {one.unit}",
            "" if one.raw is None else _number(one.raw),
            "" if one.ratio is None else f"{one.ratio:.0%}",
            "" if one.goal is None else str(one.goal),
            "" if one.goal is None else ("met" if one.goal.is_met(one) else "NOT met"),
            "" if not before else f"{one.value / before:.0%}",
            one.beside,
        )
    return made


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.3g}"


def kept(file: Path) -> dict[str, float]:
    """Return the figures of the last run, by key."""
    if not file.exists():
        return {}
    found: dict[str, float] = json.loads(file.read_text()).get("values", {})
    return found


def keep(file: Path, figures: Iterable[Figure], conditions: dict[str, object]) -> None:
    """Keep figures over those of the last run; what was not run stays as it was."""
    made = list(figures)
    values = kept(file) | {one.key: one.value for one in made}
    file.parent.mkdir(exist_ok=True)
    record = {"conditions": conditions, "figures": [asdict(one) for one in made], "values": values}
    file.write_text(json.dumps(record, indent=1, ensure_ascii=False))
