"""Puts statements into the form a request asks for, with what the store knows of activities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
import sqlalchemy as sa
from flask import request

from lrs.app import host
from lrs.http.formats import activities, as_canonical, as_ids
from lrs.store.bulk import among
from lrs.store.schema import definition
from lrs.store.terms import find_numbers
from lrs.xapi.terms import TermKind


def formed(tenant_id: int, answers: Sequence[bytes], form: str) -> list[bytes]:
    """Return the statements in that form; the languages are those of the current request."""
    if form == "ids":
        return [as_ids(answer) for answer in answers]
    if form == "canonical":
        named = {activity for answer in answers for activity in activities(answer)}
        known = _definitions(tenant_id, named)
        return [as_canonical(answer, known, _preferred) for answer in answers]
    return list(answers)


def _preferred(languages: list[str]) -> str | None:
    return request.accept_languages.best_match(languages)


def _definitions(tenant_id: int, named: set[str]) -> dict[str, Any]:
    with host().database.read() as conn:
        numbers = find_numbers(conn, tenant_id, [(TermKind.ACTIVITY, name) for name in named])
        rows = conn.execute(
            sa.select(definition.c.term_id, definition.c.body).where(
                definition.c.tenant_id == tenant_id,
                among(conn, definition.c.term_id, list(numbers.values())),
            )
        )
        bodies = {row.term_id: row.body for row in rows}
    return {
        name: orjson.loads(bodies[number])
        for (_, name), number in numbers.items()
        if number in bodies
    }
