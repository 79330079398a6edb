"""What a path is called: its own name in every language, else what the statements call its activity."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import sqlalchemy as sa

from connectors.paths import LearningPath, learning_path
from lrs.store.schema import definition, term
from lrs.web.i18n import LANGUAGES, SOURCE
from lrs.web.sentences import best_of, in_language
from lrs.xapi.digests import digest16
from lrs.xapi.terms import TermKind


def named_path(
    conn: sa.Connection, tenant_id: int, key: str
) -> tuple[LearningPath, Mapping[str, str]]:
    """Return a path, and what it is called in each of our languages in which it has another name."""
    path = learning_path(conn, tenant_id, key)
    if path.name != path.key:
        return path, {}
    said = _said_names(conn, tenant_id, path)
    path = replace(path, name=best_of(said, SOURCE) or path.key)
    return path, {lang: text for lang in LANGUAGES if (text := in_language(said, lang))}


def path_in(conn: sa.Connection, tenant_id: int, key: str, lang: str) -> str:
    """Return what a path is called in the reader's language."""
    path, names = named_path(conn, tenant_id, key)
    return names.get(lang) or path.name


def _said_names(conn: sa.Connection, tenant_id: int, path: LearningPath) -> Mapping[str, str]:
    """Return what the statements call the one activity of a path, by language tag."""
    if len(path.items) != 1 or path.items[0][1]:
        return {}
    activity, _ = path.items[0]
    query = (
        sa.select(definition.c.body)
        .join(term, term.c.id == definition.c.term_id)
        .where(
            term.c.tenant_id == tenant_id,
            term.c.kind == int(TermKind.ACTIVITY),
            term.c.digest == digest16(activity),
        )
    )
    body = conn.execute(query).scalar()
    names: dict[str, str] = (json.loads(body).get("name") or {}) if body else {}
    return names
