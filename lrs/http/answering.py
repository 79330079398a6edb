"""Answers of the xAPI routes: statements in the form a request asks for, or nothing at all."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, request

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


def no_content() -> Response:
    """Return an answer that has no body, and says nothing of the kind of one."""
    response = Response(status=204)
    del response.headers["Content-Type"]
    return response


def _preferred(languages: list[str]) -> str | None:
    return request.accept_languages.best_match(languages)
