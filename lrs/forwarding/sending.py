"""Statements to another record store: one POST a batch, with the attachments that are here.

They go out under their own ids, with who vouches for them here, so what is sent twice is stored
once there (https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Communication.md#212-post-statements).
A batch of both versions goes as two requests, each under its own version.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import orjson

from lrs.errors import BadInput
from lrs.forwarding.calling import Answer, Caller, CallFailed
from lrs.forwarding.forms import TargetForm
from lrs.forwarding.secret_refs import read_secret
from lrs.forwarding.targets import Target
from lrs.forwarding.verdicts import Outcome, Verdict, asked_wait_s, verdict_of
from lrs.store.attachments import find_attachments, hashes_of
from lrs.store.database import Database
from lrs.store.reading import Found
from lrs.xapi.digests import digest16
from lrs.xapi.multipart import MIXED, Part, write_mixed
from lrs.xapi.terms import SpecVersion
from lrs.xapi.versions import ANSWER, HEADER

ARRIVED = Outcome(Verdict.DONE)


class Sender(Protocol):
    """Sends the statements of one delivery to a target."""

    def __call__(
        self, database: Database, caller: Caller, target: Target, statements: Sequence[Found], /
    ) -> Outcome: ...


def credentials(form: TargetForm) -> tuple[tuple[str, str] | None, dict[str, str]]:
    """Return user and secret for HTTP Basic; without a user the secret is a token in a header."""
    if form.secret_ref is None:
        return None, {}
    secret = read_secret(form.secret_ref)
    if form.user_name is None:
        if not (secret.isascii() and secret.isprintable()):
            raise BadInput("a token is written in ASCII", where=form.secret_ref)
        return None, {"Authorization": f"Bearer {secret}"}
    return (form.user_name, secret), {}


def outcome_of(answer: Answer) -> Outcome:
    """Return what an answer means."""
    return Outcome(verdict_of(answer.status), answer.told(), asked_wait_s(answer.headers))


def not_reached(exc: CallFailed | BadInput) -> Outcome:
    """Return what it means that there was no answer, or that nothing could be asked."""
    if isinstance(exc, CallFailed):
        return Outcome(Verdict.LATER, str(exc))
    place = f" ({exc.where})" if exc.where else ""
    return Outcome(Verdict.LATER, f"{exc.message}{place}")


def send_statements(
    database: Database, caller: Caller, target: Target, statements: Sequence[Found]
) -> Outcome:
    """Send statements to another record store."""
    try:
        for version in sorted({one.version for one in statements}):
            mine = [one.answer for one in statements if one.version is version]
            outcome = _post(database, caller, target, version, mine)
            if outcome.verdict is not Verdict.DONE:
                return outcome
    except (CallFailed, BadInput) as exc:
        return not_reached(exc)
    return ARRIVED


def _post(
    database: Database,
    caller: Caller,
    target: Target,
    version: SpecVersion,
    answers: Sequence[bytes],
) -> Outcome:
    signed, headers = credentials(target.form)
    body = b"[%s]" % b",".join(answers)
    kind = "application/json"
    parts = _attachments(database, target.tenant_id, answers)
    if parts:
        boundary = f"verkan-{digest16(body).hex()}"
        kind, body = f"{MIXED}; boundary={boundary}", write_mixed(boundary, body, parts)
    answer = caller.ask(
        "POST",
        f"{target.form.url}/statements",
        headers={**headers, "Content-Type": kind, HEADER: ANSWER[version]},
        body=body,
        signed=signed,
    )
    return outcome_of(answer)


def _attachments(database: Database, tenant_id: int, answers: Sequence[bytes]) -> list[Part]:
    wanted = [
        sha2 for one in answers if b'"attachments"' in one for sha2 in hashes_of(orjson.loads(one))
    ]
    return find_attachments(database, tenant_id, wanted)
