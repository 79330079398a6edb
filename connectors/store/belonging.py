"""What of people, teams and outcomes belongs to what; `verkan db check` looks for the rest."""

from __future__ import annotations

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

_OF_A_PERSON = (
    identifier,
    attribute,
    employment,
    job,
    compensation,
    membership,
    reporting_line,
    actor_link,
    never_link,
    outcome,
)
_OF_A_RUN = (
    identifier,
    attribute,
    employment,
    job,
    compensation,
    membership,
    reporting_line,
    actor_link,
    outcome,
    sync_issue,
    unresolved_actor,
)
_SUPERSEDED = tuple(table for table in _OF_A_RUN if "superseded_run" in table.c)

BELONGING = (
    *(Belongs(table.c.person_id, person.c.id) for table in _OF_A_PERSON),
    *(Belongs(table.c.run_id, sync_run.c.id) for table in _OF_A_RUN),
    *(Belongs(table.c.superseded_run, sync_run.c.id) for table in _SUPERSEDED),
    Belongs(reporting_line.c.manager_id, person.c.id),
    Belongs(employment.c.rehire_of, employment.c.id),
    Belongs(org_unit.c.parent_id, org_unit.c.id),
    Belongs(membership.c.unit_id, org_unit.c.id),
    Belongs(outcome.c.unit_id, org_unit.c.id),
    Belongs(outcome.c.metric_id, metric.c.id),
    Belongs(path_item.c.path_id, learning_path.c.id),
    Belongs(actor_link.c.actor_id, term.c.id),
    Belongs(never_link.c.actor_id, term.c.id),
    Belongs(unresolved_actor.c.actor_id, term.c.id),
)
