"""The number of a registration, which is made from what it is.

There is no end of new registrations, and most are named a few times: as terms that are counted, each had
to be looked for, made, and kept with two indexes before its statements could be stored. So a
registration has no row among the terms: its number is half of a digest of it and of whose data it is,
and below 0, where no term is counted. Two registrations of a tenant with the same number are to be
expected once there are thousands of millions of them; so who finds statements by one has each statement say
that it is of it (`is_of`).
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import orjson

from lrs.xapi.uuids import uuid_of

_POINTING = b"StatementRef"


def number_of(tenant_id: int, registration: str) -> int:
    """Return the number of a registration, in the form that `lrs.xapi.uuids` gives it."""
    digest = blake2b(b"%d:%s" % (tenant_id, registration.encode()), digest_size=8).digest()
    return ~(int.from_bytes(digest) >> 1)


def is_of(body: bytes, registration: str) -> bool:
    """Return whether a statement, which the number of a registration finds, may be of it.

    One that points to another is found by what is said there.
    """
    if registration.encode() in body or _POINTING in body:
        return True
    context: Any = orjson.loads(body).get("context")
    said = context.get("registration") if isinstance(context, dict) else None
    return isinstance(said, str) and str(uuid_of(said)) == registration
