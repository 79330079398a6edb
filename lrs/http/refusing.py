"""Keeps what a sender posted and was refused: with a valid key, nothing it sent is simply lost.

It happens after the answer is made, in a transaction of its own, so that it can neither change the
answer nor be undone with what was refused. Requests without a valid key are not kept, nor those
that the sender is told to send again (429, 503, 507).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import structlog
from flask import Response, g, request

from lrs.access.ring import Key
from lrs.app import host
from lrs.errors import VerkanError
from lrs.http.bodies import received
from lrs.http.signing_in import signed_in
from lrs.http.tracing import request_id
from lrs.log import fault_fields
from lrs.store.refusals import Refusal, keep_refusals, prune_refusals
from lrs.store.refused_requests import POSTED, RefusedRequest, as_refusals, one_of, put_under
from lrs.xapi.batches import Looked
from lrs.xapi.multipart import Part
from lrs.xapi.terms import SpecVersion
from lrs.xapi.uuids import uuid_of

_KEPT = frozenset({400, 409, 413, 500})
_log = structlog.get_logger("lrs.http")


def keep_refused(response: Response) -> Response:
    """Keep the request if it was a write that was refused; the answer stays what it is."""
    if request.method in ("POST", "PUT") and response.status_code in _KEPT and "fault" in g:
        try:
            _keep_request(g.fault)
        except Exception as exc:  # whatever it is, the sender gets the answer that was made
            not_kept(exc)
    return response


def keep(key: Key, refusals: Sequence[Refusal]) -> None:
    """Keep refusals of that key's sender, and let go of the oldest when they are too many."""
    database = host().database
    at = time.time_ns() // 1000
    with database.write() as conn:
        keep_refusals(conn, key.tenant_id, refusals, at=at, key_id=key.id)
        prune_refusals(conn, key.tenant_id, host().settings, at=at)


def keep_each(key: Key, looked: Sequence[Looked], parts: Mapping[str, Part]) -> None:
    """Keep statements that were refused out of a batch whose others are stored."""
    most = host().settings.refusal_bytes
    try:
        refusals = [one_of(each, _version(), parts, most) for each in looked]
        if refusals:
            keep(key, refusals)
    except Exception as exc:  # the others are stored, and the answer is to say so
        not_kept(exc)


def not_kept(fault: Exception) -> None:
    """Tell the log that something refused could not be kept."""
    _log.error("refusal_not_kept", request_id=request_id(), **fault_fields(fault))


def _keep_request(fault: VerkanError) -> None:
    try:
        key = signed_in("statements/write")
    except VerkanError:
        return
    body = received()
    if fault.status == 413 and (not body or fault.where == "body"):
        said = f"{fault.message} ({request.content_length or 'more'} bytes: not read)"
        keep(key, [Refusal(_origin(), fault.code, fault.where, said, b"", _version())])
    elif body.strip():
        refused = RefusedRequest(body, _version(), fault, _origin())
        keep(key, as_refusals(refused, host().settings.refusal_bytes))


def _version() -> SpecVersion | None:
    """Return the version asked for; None: the request named none that is known."""
    found: SpecVersion | None = g.get("version")
    return found


def _origin() -> str:
    named = uuid_of(request.args.get("statementId", "")) if request.method == "PUT" else None
    return POSTED if named is None else put_under(str(named))
