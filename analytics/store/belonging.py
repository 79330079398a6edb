"""What activity facts and kept cells belong to; `verkan db check` looks for those that belong to nothing."""

from __future__ import annotations

from analytics.store.schema import (
    activity_fact,
    fact_watermark,
    kept_cell,
    kept_month,
    kept_outcome,
    kept_seen,
)
from connectors.store.schema import metric, org_unit, person
from lrs.store.belonging import Belongs
from lrs.store.schema import statement, term

BELONGING = (
    Belongs(activity_fact.c.actor_id, term.c.id),
    Belongs(activity_fact.c.activity_id, term.c.id),
    Belongs(activity_fact.c.verb_id, term.c.id),
    *(
        Belongs(kept.c.metric_id, metric.c.id)
        for kept in (kept_outcome, kept_month, kept_seen, kept_cell)
    ),
    Belongs(kept_seen.c.unit_id, person.c.id),
    Belongs(kept_cell.c.unit_id, org_unit.c.id),
    Belongs(fact_watermark.c.seq, statement.c.seq, above=0),
)
