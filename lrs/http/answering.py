"""Puts statements into the form a request asks for, with what the store knows of activities."""

from __future__ import annotations

from collections.abc import Sequence

from flask import request

from lrs.app import host
from lrs.http.formats import activities, as_canonical, as_ids
from lrs.store.definitions import known_definitions


def formed(tenant_id: int, answers: Sequence[bytes], form: str) -> list[bytes]:
    """Return the statements in that form; the languages are those of the current request."""
    if form == "ids":
        return [as_ids(answer) for answer in answers]
    if form == "canonical":
        named = {activity for answer in answers for activity in activities(answer)}
        known = known_definitions(host().database, tenant_id, named)
        return [as_canonical(answer, known, _preferred) for answer in answers]
    return list(answers)


def _preferred(languages: list[str]) -> str | None:
    return request.accept_languages.best_match(languages)
