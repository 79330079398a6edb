"""What is asked of a report, and the plain refusals when it cannot be answered.

Each refusal says which link of the chain is missing: the path, its statements, the people behind
them, their completions, or the outcome's records.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import sqlalchemy as sa

from analytics.naming import named_path
from analytics.plans.store import state_of
from analytics.store.panel import Level
from connectors.metrics import Metric, metric
from connectors.paths import LearningPath, learning_paths
from lrs.errors import BadInput, NotFound
from lrs.store.schema import term
from lrs.xapi.terms import TermKind

LEVELS: tuple[Level, ...] = ("team", "person")


@dataclass(frozen=True, slots=True)
class Asked:
    """One path, one outcome, of one tenant."""

    tenant_id: int
    path: LearningPath
    metric: Metric
    by: Level | None
    planned: str = ""
    """The plan and the draw as they stand, as text: a report is made anew when they change."""
    path_names: Mapping[str, str] = field(default_factory=dict)
    """What the statements call the path in our languages, where it has no name of its own."""

    def digest(self) -> str:
        """Return the SHA-256 of the question: path, metric, what both are called, level and plan."""
        asked: dict[str, Any] = {
            "path": asdict(self.path),
            "metric": {key: value for key, value in asdict(self.metric).items() if key != "id"},
            "names": [self.path_names, self._wordings()],
            "by": self.by,
            "planned": self.planned,
        }
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()

    def _wordings(self) -> dict[str, Any]:
        return {lang: asdict(one) for lang, one in self.metric.wordings().items()}


def ask(
    conn: sa.Connection, tenant_id: int, path_key: str, metric_key: str, by: str | None
) -> Asked:
    """Return what is asked; raises `NotFound` for a metric that is not there."""
    path, names = named_path(conn, tenant_id, path_key)
    planned = state_of(conn, tenant_id, path_key)
    return Asked(tenant_id, path, metric(conn, tenant_id, metric_key), _level(by), planned, names)


def _level(by: str | None) -> Level | None:
    for level in LEVELS:
        if by == level:
            return level
    if by is not None:
        raise BadInput(f"{by!r} is no level", where="by", hint="team or person")
    return None


def no_such_path(conn: sa.Connection, asked: Asked) -> NotFound:
    """Return the error for a path whose activities no statement names, with what comes near it."""
    key = asked.path.key
    near = difflib.get_close_matches(key, _known_paths(conn, asked.tenant_id), n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(near)}?" if near else _hint_without_match(asked)
    return NotFound(f"no statement names the path {key!r}", where="path", hint=hint)


def _known_paths(conn: sa.Connection, tenant_id: int) -> list[str]:
    activities = sa.select(term.c.value).where(
        term.c.tenant_id == tenant_id, term.c.kind == int(TermKind.ACTIVITY)
    )
    declared = [path.key for path in learning_paths(conn, tenant_id)]
    # Enough to find a slip of the pen in; a store may know millions.
    return declared + list(conn.execute(activities.order_by(term.c.id).limit(20_000)).scalars())


def _hint_without_match(asked: Asked) -> str:
    if asked.path.items == ((asked.path.key, False),):
        return "give the IRI of an activity, or the id of a path from paths.toml"
    return "compare the activities of the path in paths.toml with those of the statements"


def nobody_known(asked: Asked, unresolved: int) -> NotFound:
    """Return the error for a path on which nobody is a known person."""
    if not unresolved:
        return NotFound(
            f"no statement on {asked.path.key!r} is about a learner and an activity",
            where="path",
            hint="voided statements and anonymous groups do not count",
        )
    return NotFound(
        f"none of the {unresolved} learners in the statements is a known person",
        where="people",
        hint="import people (`verkan people import`), then see "
        "`verkan identities list --unresolved`",
    )


def nobody_completed(asked: Asked) -> NotFound:
    """Return the error for a path that no known person has completed."""
    return NotFound(
        f"nobody has completed {asked.path.key!r} yet",
        where="path",
        hint="completed means a statement that says so; another rule goes into paths.toml",
    )


def no_records(asked: Asked) -> NotFound:
    """Return the error for an outcome without a usable record of the people at work."""
    return NotFound(
        f"there is no record of {asked.metric.key!r} in a month in which its people were at work",
        where="outcome",
        hint="import outcomes that overlap with the staff history, by month or shorter",
    )


def not_by_person() -> BadInput:
    """Return the error for an outcome of teams that is asked for by person."""
    return BadInput(
        "this outcome is recorded by team, so it cannot be told by person",
        where="by",
        hint="leave --by out, or give --by team",
    )


def not_who_leaves_by_person() -> BadInput:
    """Return the error of asking person by person for what ends a person's time."""
    return BadInput(
        "this outcome cannot be told person by person: who left early counts as never trained",
        where="by",
        hint='ask --by team, or give `verkan evaluate` the design "duration"',
    )
