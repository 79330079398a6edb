"""The metrics that are kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connectors.model.metrics import Declared, completed
from connectors.model.wording import Wording, wordings
from connectors.store.schema import metric as metric_table
from lrs.errors import NotFound

__all__ = ["Metric", "declare_metrics", "metric", "metrics"]


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric as reports know it."""

    id: int
    key: str
    name: str
    kind: str
    unit: str | None
    better: str
    denominator: str | None
    sensitive: bool
    value_per_unit: float | None
    currency: str | None
    value_low: float | None = None
    value_high: float | None = None

    def wordings(self) -> dict[str, Wording]:
        """Return how each language tells it; empty where nothing in it is the library's."""
        return wordings(self.key, self.name, self.unit)

    def name_in(self, lang: str) -> str:
        """Return its name in the reader's language."""
        wording = self.wordings().get(lang)
        return self.name if wording is None else wording.name


def metric(conn: sa.Connection, tenant_id: int, key: str) -> Metric:
    """Return the metric of that key; raises `NotFound` with the keys there are."""
    known = metrics(conn, tenant_id)
    for found in known:
        if found.key == key:
            return found
    keys = ", ".join(found.key for found in known)
    raise NotFound(
        f"there is no metric {key!r}",
        where="outcome",
        hint=f"there are: {keys}" if keys else "import outcomes first: `verkan outcomes import`",
    )


def metrics(conn: sa.Connection, tenant_id: int) -> list[Metric]:
    """Return every metric, by key."""
    rows = conn.execute(
        sa.select(metric_table)
        .where(metric_table.c.tenant_id == tenant_id)
        .order_by(metric_table.c.key)
    )
    return [_metric(row) for row in rows]


def _metric(row: sa.Row[Any]) -> Metric:
    return Metric(
        id=row.id,
        key=row.key,
        name=row.name,
        kind=row.kind,
        unit=row.unit,
        better=row.better,
        denominator=row.denominator,
        sensitive=bool(row.sensitive),
        value_per_unit=row.value_per_unit,
        currency=row.currency,
        value_low=row.value_low,
        value_high=row.value_high,
    )


def declare_metrics(
    conn: sa.Connection, tenant_id: int, declared: Iterable[Declared]
) -> dict[str, str]:
    """Keep the metrics; return for each key whether it is new, changed or unchanged.

    What a declaration leaves open stays as it is kept, and comes from the library at first.
    """
    kept = {found.key: found for found in metrics(conn, tenant_id)}
    done: dict[str, str] = {}
    for given in declared:
        before = kept.get(given.key)
        columns = _columns(given if before is None else given.over(_as_declared(before)))
        if before is None:
            conn.execute(sa.insert(metric_table).values(tenant_id=tenant_id, **columns))
            done[given.key] = "new"
        elif columns != _columns(_as_declared(before)):
            at = (metric_table.c.tenant_id == tenant_id) & (metric_table.c.id == before.id)
            conn.execute(sa.update(metric_table).where(at).values(**columns))
            done[given.key] = "changed"
        else:
            done[given.key] = "unchanged"
    return done


def _as_declared(kept: Metric) -> Declared:
    fields = {name: getattr(kept, name) for name in Declared.__slots__}
    return Declared(**fields)


def _columns(given: Declared) -> dict[str, Any]:
    whole = completed(given)
    fields = {name: getattr(whole, name) for name in Declared.__slots__}
    return {
        **fields,
        "denominator": whole.denominator or None,
        "sensitive": int(bool(whole.sensitive)),
    }
