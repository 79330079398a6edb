"""The header `X-Experience-API-Consistent-Through`: until when everything stored is to be read.

Ruled by 1.0.3, Communication 2.1.3, and IEEE 9274.1.1, 4.1.6.1: it is on every answer of the
statements. A bound that held once holds for ever, so an answer to a write, where nobody reads the
bound to wait for something, may carry one that is a little old instead of asking the database.
"""

from __future__ import annotations

import time
from functools import lru_cache

from flask import Flask, Response, g, request

from lrs.access.ring import Key
from lrs.app import Verkan, host
from lrs.store.reading import consistent_through
from lrs.xapi.wire import instant

HEADER = "X-Experience-API-Consistent-Through"
_KEPT_S = 1.0


def install(app: Flask) -> None:
    """Put a bound on every answer of the statements that has none yet, faults included."""
    app.after_request(_on_every_answer)


def _on_every_answer(response: Response) -> Response:
    key: Key | None = g.get("key")
    # Without a key there is no tenant, and nothing to say; with its database away, neither.
    if key is None or request.path != "/xapi/statements" or response.status_code >= 500:
        return response
    return response if HEADER in response.headers else bounded_before(response, key)


def bounded_by(response: Response, bound: int) -> Response:
    """Put this bound on the answer."""
    response.headers[HEADER] = written(bound)
    return response


def bounded_now(response: Response, key: Key) -> Response:
    """Put the newest bound of the key's tenant on the answer."""
    return bounded_by(response, _bound_now(host(), key.tenant_id))


def bounded_before(response: Response, key: Key) -> Response:
    """Put a bound at most a second old on the answer."""
    return bounded_by(response, bound_before(host(), key.tenant_id))


@lru_cache(maxsize=64)
def written(bound: int) -> str:
    """Return a bound as the header has it; the same one is on many answers."""
    return instant(bound)


def bound_before(verkan: Verkan, tenant_id: int) -> int:
    """Return a bound of the tenant at most a second old."""
    read_at, bound = verkan.bounds.get(tenant_id, (0.0, 0))
    if bound and time.monotonic() - read_at < _KEPT_S:
        return bound
    return _bound_now(verkan, tenant_id)


def note(verkan: Verkan, tenant_id: int, bound: int) -> None:
    """Note a true bound of the tenant, as who has just stored something knows one.

    Commits follow each other along `stored`, so all up to one's own newest is to be read.
    """
    # A race between two threads leaves one of two true bounds.
    verkan.bounds[tenant_id] = (time.monotonic(), bound)


def _bound_now(verkan: Verkan, tenant_id: int) -> int:
    bound = consistent_through(verkan.database, tenant_id)
    note(verkan, tenant_id, bound)
    return bound
