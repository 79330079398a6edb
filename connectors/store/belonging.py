"""What of people, teams and outcomes belongs to what; `verkan db check` looks for the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from connectors.store.schema import (
    actor_link,
    attribute,
    compensation,
    employment,
    identifier,
    job,
    learning_path,
    membership,
    metric,
    never_link,
    org_unit,
    outcome,
    path_item,
    person,
    reporting_line,
    sync_issue,
    sync_run,
    unresolved_actor,
)
from lrs.store.belonging import Belongs
from lrs.store.schema import term

_TABLES = (
    identifier,
    attribute,
    employment,
    job,
    compensation,
    membership,
    reporting_line,
    outcome,
    actor_link,
    never_link,
    sync_issue,
    unresolved_actor,
)


def _each(name: str, to: sa.Column[Any]) -> Iterator[Belongs]:
    """Yield that column of every table that has it."""
    yield from (Belongs(table.c[name], to) for table in _TABLES if name in table.c)


BELONGING = (
    *_each("person_id", person.c.id),
    *_each("run_id", sync_run.c.id),
    *_each("superseded_run", sync_run.c.id),
    *_each("actor_id", term.c.id),
    Belongs(reporting_line.c.manager_id, person.c.id),
    Belongs(employment.c.rehire_of, employment.c.id),
    Belongs(org_unit.c.parent_id, org_unit.c.id),
    Belongs(membership.c.unit_id, org_unit.c.id),
    Belongs(outcome.c.unit_id, org_unit.c.id),
    Belongs(outcome.c.metric_id, metric.c.id),
    Belongs(path_item.c.path_id, learning_path.c.id),
)
