"""New statements to an address that somebody else's program listens at, signed.

The headers are those of https://github.com/standard-webhooks/standard-webhooks, for which
receivers find libraries: ``webhook-id``, ``webhook-timestamp`` (seconds), and ``webhook-signature``:
``v1,`` and the base64 of HMAC-SHA256 over ``id.timestamp.body``. The same statements come under the
same id and in the same bytes however often they are sent, so a receiver that remembers ids takes
each once; the time is that of the sending, so an old request cannot be played to it again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
import uuid
from collections.abc import Sequence

from lrs.errors import BadInput
from lrs.forwarding.calling import Caller, CallFailed
from lrs.forwarding.secret_refs import read_secret
from lrs.forwarding.sending import not_reached, outcome_of
from lrs.forwarding.targets import Target
from lrs.forwarding.verdicts import Outcome
from lrs.store.database import Database
from lrs.store.reading import Found

_IDS = uuid.UUID("0c1f5a2e-7a63-5c39-9d3f-0f5f5a3c7f10")
_ENCODED = "whsec_"


def send_webhook(
    _database: Database, caller: Caller, target: Target, statements: Sequence[Found]
) -> Outcome:
    """Post statements to a webhook."""
    try:
        secret = _key(read_secret(target.form.secret_ref or ""))
        id_ = id_of(target, statements)
        answers = b",".join(one.answer for one in statements)
        body = b'{"id":"%s","statements":[%s]}' % (id_.encode(), answers)
        answer = caller.ask(
            "POST",
            target.form.url,
            headers={"Content-Type": "application/json", **signature(secret, id_, body)},
            body=body,
        )
    except (CallFailed, BadInput) as exc:
        return not_reached(exc)
    return outcome_of(answer)


def id_of(target: Target, statements: Sequence[Found]) -> str:
    """Return the id of what is sent: the same for the same statements to the same target."""
    ids = " ".join(str(one.id) for one in statements)
    return str(uuid.uuid5(_IDS, f"{target.tenant_id} {target.id} {target.created_at} {ids}"))


def signature(secret: bytes, id_: str, body: bytes, at_s: int | None = None) -> dict[str, str]:
    """Return the headers that prove who sends this, and when."""
    at = str(int(time.time()) if at_s is None else at_s)
    mac = hmac.digest(secret, b"%s.%s.%s" % (id_.encode(), at.encode(), body), hashlib.sha256)
    signed = base64.b64encode(mac).decode()
    return {"webhook-id": id_, "webhook-timestamp": at, "webhook-signature": f"v1,{signed}"}


def _key(secret: str) -> bytes:
    """Return the key: the bytes after ``whsec_`` in base64, else the letters themselves."""
    if not secret.startswith(_ENCODED):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_ENCODED), validate=True)
    except binascii.Error as exc:
        raise BadInput("what follows whsec_ is not base64", where="secret") from exc
