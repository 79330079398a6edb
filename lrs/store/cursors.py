"""The token behind ``more``: the query it belongs to and where the next page begins.

It is read by nobody but this module. A few bytes of hash over the tenant and the rest tell a token
that was cut short, changed, or made for another tenant from one that can be used. It is no secret:
a token leads to nothing that its bearer could not ask for by the parameters themselves.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from hashlib import blake2s

import msgspec

from lrs.errors import BadInput
from lrs.xapi.queries import StatementQuery

_CHECK = 6


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page of a query begins: just past this number, in the query's direction."""

    query: StatementQuery
    past: int


_decoder = msgspec.json.Decoder(Cursor)


def write_cursor(tenant_id: int, cursor: Cursor) -> str:
    """Return the token."""
    body = msgspec.json.encode(cursor)
    return base64.urlsafe_b64encode(_check(tenant_id, body) + body).rstrip(b"=").decode()


def read_cursor(tenant_id: int, token: str) -> Cursor:
    """Return what the token says; raises `BadInput` for one that was not made here."""
    try:
        whole = base64.b64decode(token.encode() + b"=" * (-len(token) % 4), b"-_", validate=True)
        check, body = whole[:_CHECK], whole[_CHECK:]
        if check != _check(tenant_id, body):
            raise _garbled()
        return _decoder.decode(body)
    except (binascii.Error, UnicodeEncodeError, msgspec.MsgspecError) as exc:
        raise _garbled() from exc


def _check(tenant_id: int, body: bytes) -> bytes:
    return blake2s(b"%d %s" % (tenant_id, body), digest_size=_CHECK).digest()


def _garbled() -> BadInput:
    return BadInput(
        "this is no token of a next page",
        where="more",
        hint="follow `more` exactly as it was given, or ask anew from the first page",
    )
