"""What activity facts belong to; `verkan db check` looks for those that belong to nothing."""

from __future__ import annotations

from analytics.store.schema import activity_fact, fact_watermark
from lrs.store.belonging import Belongs
from lrs.store.schema import statement, term

BELONGING = (
    Belongs(activity_fact.c.actor_id, term.c.id),
    Belongs(activity_fact.c.activity_id, term.c.id),
    Belongs(activity_fact.c.verb_id, term.c.id),
    Belongs(fact_watermark.c.seq, statement.c.seq, nothing=0),
)
