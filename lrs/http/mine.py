"""Pages of statements within what a key may read.

A key that may read only its own (`statements/read/mine`) sees the statements its authority vouches
for. The store finds them as it finds any agent's; what it finds beyond them is left out, so a page
may be short, which the specification lets it be.
"""

from __future__ import annotations

from dataclasses import replace

import orjson

from lrs.access.ring import Key
from lrs.access.scopes import allows
from lrs.app import host
from lrs.store.reading import Page, statements
from lrs.xapi.agents import normal_form
from lrs.xapi.queries import StatementQuery


def first_page(key: Key, query: StatementQuery) -> Page:
    """Return the first page of what the query finds and the key may read."""
    if not _all(key) and query.agent is None:
        query = replace(query, agent=normal_form(key.authority), related_agents=True)
    return _within(key, statements(host().database, key.tenant_id, query))


def next_page(key: Key, token: str) -> Page:
    """Return the page that a token stands for, within what the key may read."""
    return _within(key, statements(host().database, key.tenant_id, None, cursor=token))


def may_read(key: Key, answer: bytes) -> bool:
    """Tell whether the key may read this statement."""
    return _all(key) or _vouched_by(key, answer)


def _all(key: Key) -> bool:
    return allows(key.scopes, "statements/read")


def _within(key: Key, page: Page) -> Page:
    if _all(key):
        return page
    return replace(page, statements=[s for s in page.statements if _vouched_by(key, s)])


def _vouched_by(key: Key, answer: bytes) -> bool:
    vouching = orjson.loads(answer).get("authority", {})
    return normal_form(vouching) == normal_form(key.authority)
