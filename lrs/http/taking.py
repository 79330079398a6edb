"""How a write is taken in, as its key says: strictly or with repairs, whole or in part, each once.

Under a plain key a batch is held to every rule and stored whole or not at all. What a key's
settings add costs only the requests of that key:

- lenient: what breaks a rule is repaired where it can be (`lrs.xapi.repairs`), and that is kept;
- deduplicate: what comes without id and was stored before is that one (`lrs.store.fingerprints`);
- partial: the good statements of a batch are stored; the answer is then 207 and has, in the place
  of the id of each that was refused, its fault in the one JSON form. When none is good the batch is
  refused as under any key, and when all are good the answer is the one of any key.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

import orjson
from flask import Response
from msgspec import structs

from lrs.access.keys import account_home
from lrs.access.ring import Key
from lrs.access.scopes import allows
from lrs.app import host
from lrs.errors import BadInput, BadStatement, TooLarge, VerkanError
from lrs.http.refusing import keep_each
from lrs.http.tracing import request_id
from lrs.http.versions import version
from lrs.store.attachments import hashes_of
from lrs.store.authorities import as_authority
from lrs.store.fingerprints import Fingerprints
from lrs.store.repaired import KeepRepairs
from lrs.store.rows import Incoming
from lrs.store.writing import Beside, store_batch, taken, write_statements
from lrs.xapi.batches import Leniency, Looked, held_to_signatures, look_at_each
from lrs.xapi.glancing import check_batch
from lrs.xapi.multipart import Mixed, check_wanted
from lrs.xapi.signatures import check_signatures
from lrs.xapi.statement import Statement


class Taken(NamedTuple):
    """The statements of a request, each held to its rules; ``looked`` where some were repaired."""

    statements: list[Statement]
    looked: Sequence[Looked] = ()


def checked(key: Key, sent: Mixed) -> Taken:
    """Hold the statements to their rules, and what came along to the statements."""
    try:
        found = Taken(check_batch(sent.statements, version(), parts=sent.parts))
    except BadStatement:
        if not key.options.lenient:
            raise
        found = _mended(key, sent)
    _check_parts(found.statements, sent)
    check_signatures(found.statements, sent.parts)
    return found


def _mended(key: Key, sent: Mixed) -> Taken:
    """Return the statements with their known faults repaired; raises the first fault that stays."""
    looked = _look(key, sent)
    for one in looked:
        if isinstance(one.found, VerkanError):
            raise one.found
    return Taken([one.found for one in looked if isinstance(one.found, Statement)], looked)


def _look(key: Key, sent: Mixed) -> list[Looked]:
    leniency = None
    if key.options.lenient:
        leniency = Leniency(account_home(key.authority, host().settings))
    return look_at_each(sent.statements, version(), parts=sent.parts, leniency=leniency)


def _check_parts(statements: Iterable[Statement], sent: Mixed) -> None:
    if sent.parts:
        check_wanted(sent.parts, [sha2 for one in statements for sha2 in hashes_of(one.body)])


def not_too_many(number: int) -> None:
    """Refuse more statements than the server takes in one request."""
    most = host().settings.max_statements
    if number > most:
        raise TooLarge(
            f"{number} statements in one request; this server takes {most}",
            where="$",
            hint="send them in several requests",
        )


# 1.0.3, Communication 2.1.1: the id of the statement, when it has one, is the one of the address.
def under(id_: UUID, statement: Statement) -> Statement:
    """Return the statement of a PUT with the id that its address names."""
    if not statement.id_given:
        return structs.replace(statement, id=id_)
    if statement.id != id_:
        raise BadInput(
            "the statement has another id than the address",
            where="$.id",
            hint="make them equal, or leave the statement's own out",
        )
    return statement


def write(key: Key, found: Taken, sent: Mixed) -> list[UUID]:
    """Store the statements whole, or nothing of them; return their ids."""
    written = write_statements(
        host().database,
        key.tenant_id,
        found.statements,
        authority=key.authority,
        key_id=key.id,
        parts=sent.parts,
        besides=_besides(key, found),
        defines=defines(key),
    )
    return [each.id for each in written]


def _besides(key: Key, found: Taken) -> list[Beside]:
    besides: list[Beside] = []
    if key.options.deduplicate:
        besides.append(Fingerprints(key.tenant_id, key.id, host().settings.deduplicate_hours))
    if any(one.repairs for one in found.looked):
        besides.append(KeepRepairs(key.tenant_id, found.looked, found.statements))
    return besides


# 1.0.3, Communication 4.2: who may not define stores statements and changes nothing else.
def defines(key: Key) -> bool:
    """Return whether what a key's statements say of activities counts."""
    return allows(key.scopes, "define")


def write_partly(key: Key, sent: Mixed) -> Response:
    """Store what is good of a batch, and answer for each statement in its place."""
    looked = held_to_signatures(_look(key, sent), sent.parts)
    not_too_many(len(looked))
    if all(isinstance(one.found, Statement) for one in looked):
        _check_parts((one.found for one in looked if isinstance(one.found, Statement)), sent)
    answers = _store_good(key, looked, sent)
    refused = [
        replace(one, found=answer)
        for one, answer in zip(looked, answers, strict=True)
        if isinstance(answer, VerkanError)
    ]
    if refused and len(refused) == len(looked):
        raise next(answer for answer in answers if isinstance(answer, VerkanError))
    keep_each(key, refused, sent.parts)
    told = [a.as_json(request_id()) if isinstance(a, VerkanError) else str(a) for a in answers]
    status = 207 if refused else 200
    return Response(orjson.dumps(told), status, mimetype="application/json")


def _store_good(key: Key, looked: Sequence[Looked], sent: Mixed) -> list[UUID | VerkanError]:
    """Store what holds; return, for each statement in its place, its id or what is wrong with it."""
    good = {n: one.found for n, one in enumerate(looked) if isinstance(one.found, Statement)}
    places = list(good)
    vouching, may_define = as_authority(key.authority), defines(key)
    conflicts: dict[int, VerkanError] = {}

    def refuse(n: int, statement: Statement) -> None:
        conflicts[places[n]] = taken(statement, f"{looked[places[n]].path}.id")

    written = store_batch(
        host().database,
        key.tenant_id,
        [Incoming(statement, vouching, may_define) for statement in good.values()],
        key_id=key.id,
        on_conflict=refuse,
        parts=sent.parts,
        besides=_besides(key, Taken(list(good.values()), [looked[n] for n in places])),
    )
    ids = {n: each.id for n, each in zip(places, written, strict=True)}
    faults = {n: one.found for n, one in enumerate(looked) if isinstance(one.found, VerkanError)}
    return [faults.get(n) or conflicts.get(n) or ids[n] for n in range(len(looked))]
