"""Who vouches for a statement. Few agents vouch for many statements, so each is stored once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
import sqlalchemy as sa

from lrs.store.bulk import upsert
from lrs.store.schema import authority
from lrs.store.terms import agent_name
from lrs.xapi.agents import normal_form
from lrs.xapi.digests import digest16
from lrs.xapi.naming import Name


@dataclass(frozen=True, slots=True)
class Authority:
    """An agent, or the group of two that three-legged OAuth makes, ready to be stored."""

    body: bytes
    digest: bytes
    names: tuple[Name, ...]


def as_authority(agent: Mapping[str, Any]) -> Authority:
    """Return the authority with the names its statements are found by under ``related_agents``."""
    return authority_written(orjson.dumps(agent))


@lru_cache(maxsize=256)
def authority_written(written: bytes) -> Authority:
    """Return the authority that is written so; few vouch for many statements."""
    agent = orjson.loads(written)
    digest = digest16(orjson.dumps(agent, option=orjson.OPT_SORT_KEYS))
    candidates = (agent, *agent.get("member", ()))
    normal = (normal_form(candidate) for candidate in candidates)
    names = tuple(agent_name(form) for form in normal if form is not None)
    return Authority(orjson.dumps(agent), digest, names)


def number_authority(conn: sa.Connection, tenant_id: int, wanted: Authority) -> int:
    """Return the authority's number, storing it if it is new."""
    conn.execute(
        upsert(conn, authority)
        .values(tenant_id=tenant_id, digest=wanted.digest, body=wanted.body.decode())
        .on_conflict_do_nothing()
    )
    number = conn.execute(
        sa.select(authority.c.id).where(
            authority.c.tenant_id == tenant_id, authority.c.digest == wanted.digest
        )
    )
    return int(number.scalar_one())
