"""Refused posts stored after all: after a fix, or with the known faults of senders repaired.

A replay goes the one way in (`lrs.store.writing`) with the authority of the key that the post came
with. What came in the same request comes along: of a batch that one statement spoiled, all are
stored. It can be done twice, or broken off and done again, and nothing is doubled:

- a statement with an id is compared with the one stored, as in any post;
- one without gets an id made from the refusal, the same each time;
- unless the same key has sent the very same bytes again since, as senders do that take a batch
  apart or try again: then that one is it.

A statement without a timestamp gets that of its refusal: it was no later than that. What is still
faulty stays, with its new reason; the good ones of its batch are stored meanwhile.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from lrs.access.key_options import options_of
from lrs.access.keys import account_home, home_page
from lrs.access.scopes import allows
from lrs.errors import BadInput, BadStatement, Conflict, VerkanError
from lrs.settings import Settings
from lrs.store.attachments import hashes_of
from lrs.store.authorities import as_authority, authority_written
from lrs.store.database import Database
from lrs.store.importing import IMPORT_AUTHORITY
from lrs.store.refusals import WholeRefusal, came_with, mark_replayed, refusal, tell_new_reason
from lrs.store.refused_requests import id_put_under
from lrs.store.repaired import KeepRepairs
from lrs.store.rows import Incoming
from lrs.store.schema import access_key
from lrs.store.sent_again import was_sent_again
from lrs.store.taking_in import id_of_bytes
from lrs.store.writing import NO_PARTS, store_batch, taken
from lrs.xapi.batches import Leniency, Looked, held_to_signatures, look_at_each
from lrs.xapi.multipart import Part, boundary_in, check_wanted, parse_mixed
from lrs.xapi.statement import Statement

_IDS = uuid.UUID("0d5b3bb0-6a0e-5f5c-9a51-7d1b7f3a0c64")


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of one refusal."""

    id: int
    stored: int
    """Statements that are stored now and were not before."""
    duplicate: int
    """Statements that were there already."""
    fault: VerkanError | None
    """Why it waits still; None: everything of it is stored."""


class _Sender(NamedTuple):
    """Whom a refusal came from: who vouches for it, and how it is read."""

    authority: Mapping[str, Any]
    home_page: str
    lenient: bool
    defines: bool
    """Whether it may say what activities are called."""


class _Read(NamedTuple):
    """A refusal read again: its statements, and the attachments that came along."""

    looked: list[Looked]
    parts: Mapping[str, Part]


def replay(
    database: Database,
    settings: Settings,
    tenant_id: int,
    ids: Sequence[int],
    *,
    lenient: bool = False,
) -> list[Replayed]:
    """Store refused posts after all, each with what came in the same request.

    ``lenient`` repairs the known faults of senders (`lrs.xapi.repairs`), as is done in any case for
    a key in lenient mode, and passes over attachments that did not come. One that was replayed
    before is stored already. Raises `NotFound`, before anything is stored, for an unknown id.
    """
    with database.read() as conn:
        wanted = dict.fromkeys(
            each
            for id_ in ids
            for each in came_with(conn, tenant_id, refusal(conn, tenant_id, id_).listed)
        )
    return [_replay_one(database, settings, tenant_id, id_, lenient=lenient) for id_ in wanted]


def _replay_one(
    database: Database, settings: Settings, tenant_id: int, id_: int, *, lenient: bool
) -> Replayed:
    with database.read() as conn:
        whole = refusal(conn, tenant_id, id_)
        sender = _sender(conn, settings, tenant_id, whole.listed.key_id)
    if whole.listed.replayed_at is not None:
        return Replayed(id_, 0, 0, None)
    try:
        read = _read(whole, sender, lenient=lenient or sender.lenient)
        found = _store(database, tenant_id, whole, sender, read)
    except BadInput as exc:
        found = Replayed(id_, 0, 0, exc)
    _note(database, tenant_id, found)
    return found


def _note(database: Database, tenant_id: int, found: Replayed) -> None:
    with database.write() as conn:
        if found.fault is None:
            mark_replayed(conn, tenant_id, found.id, at=time.time_ns() // 1000)
            return
        why = found.fault
        tell_new_reason(
            conn, tenant_id, found.id, code=why.code, path=why.where, message=why.message
        )


def _sender(conn: sa.Connection, settings: Settings, tenant_id: int, key_id: int | None) -> _Sender:
    mine = (access_key.c.tenant_id == tenant_id, access_key.c.id == key_id)
    row = conn.execute(sa.select(access_key).where(*mine)).one_or_none()
    if row is None:  # an import
        return _Sender(IMPORT_AUTHORITY, home_page(settings), lenient=False, defines=True)
    agent = json.loads(row.authority)
    defines = allows(row.scopes.split(), "define")
    lenient = options_of(row._mapping).lenient
    return _Sender(agent, account_home(agent, settings), lenient, defines)


def _read(whole: WholeRefusal, sender: _Sender, *, lenient: bool) -> _Read:
    """Read what was kept; raises `BadInput` when it is nothing that could be stored."""
    if not whole.body:
        raise BadInput(
            "only a note of it was kept",
            where="body",
            hint="have the sender send it again in smaller requests; drop this note",
        )
    boundary = boundary_in(whole.body)
    body, parts = whole.body, NO_PARTS
    if boundary is not None:
        mixed = parse_mixed(body, boundary)
        body, parts = mixed.statements, mixed.parts
    # Of an import, and of what is repaired, attachments may have stayed behind.
    asked_for = None if whole.listed.key_id is None or lenient else parts
    leniency = Leniency(sender.home_page) if lenient else None
    each = look_at_each(body, whole.listed.version, parts=asked_for, leniency=leniency)
    looked = [_under_address(whole, one) for one in each]
    found = [one.found for one in looked]
    if parts and all(isinstance(one, Statement) for one in found):
        check_wanted(
            parts, [sha2 for o in found if isinstance(o, Statement) for sha2 in hashes_of(o.body)]
        )
    return _Read(held_to_signatures(looked, parts), parts)


def _store(
    database: Database, tenant_id: int, whole: WholeRefusal, sender: _Sender, read: _Read
) -> Replayed:
    """Store what holds, and tell the first thing that does not."""
    good = [one for one in read.looked if isinstance(one.found, Statement)]
    with database.read() as conn:
        fresh = [one for one in good if not _is_there(conn, tenant_id, whole, one)]
    incoming = [_incoming(whole, sender, one) for one in fresh]
    conflicts: list[Conflict] = []
    written = store_batch(
        database,
        tenant_id,
        incoming,
        key_id=whole.listed.key_id,
        on_conflict=lambda at, sent: conflicts.append(taken(sent, f"{fresh[at].path}.id")),
        parts=read.parts,
        besides=(KeepRepairs(tenant_id, fresh, (one.statement for one in incoming)),),
    )
    stored = sum(one.new for one in written)
    faults = [one.found for one in read.looked if isinstance(one.found, VerkanError)]
    return Replayed(
        id=whole.listed.id,
        stored=stored,
        duplicate=len(good) - stored - len(conflicts),
        fault=next(iter([*faults, *conflicts]), None),
    )


def _is_there(conn: sa.Connection, tenant_id: int, whole: WholeRefusal, one: Looked) -> bool:
    """Return whether a statement without id was sent again since by the same key."""
    key_id = whole.listed.key_id
    if key_id is None or not isinstance(one.found, Statement) or one.found.id_given:
        return False
    if _named(whole, one) is not None:
        return False
    return was_sent_again(
        conn, tenant_id, key_id, one.found, one.raw, since=whole.listed.refused_at
    )


def _incoming(whole: WholeRefusal, sender: _Sender, one: Looked) -> Incoming:
    """Return the statement as it is stored: with an id, an instant, and who vouches for it."""
    assert isinstance(one.found, Statement)  # noqa: S101 - the caller's promise
    found = one.found
    if not found.id_given:
        found = msgspec.structs.replace(found, id=_id(whole, one))
    if found.timestamp_at is None:
        found = msgspec.structs.replace(found, timestamp_at=whole.listed.refused_at)
    own = found.authority if whole.listed.key_id is None else None
    vouching = as_authority(sender.authority) if own is None else authority_written(own)
    return Incoming(found, vouching, sender.defines)


def _id(whole: WholeRefusal, one: Looked) -> uuid.UUID:
    named = _named(whole, one)
    if named is not None:
        return named
    if whole.listed.key_id is None:
        return id_of_bytes(one.raw)
    return uuid.uuid5(_IDS, f"{whole.digest.hex()} {one.path}")


def _named(whole: WholeRefusal, one: Looked) -> uuid.UUID | None:
    """Return the id that the address of a PUT gave to its one statement."""
    named = id_put_under(whole.listed.origin)
    return uuid.UUID(named) if named is not None and one.path == "$" else None


def _under_address(whole: WholeRefusal, one: Looked) -> Looked:
    """Communication 2.1.1: a statement's own id is the one that the address of its PUT names."""
    named = _named(whole, one)
    if named is None or not isinstance(one.found, Statement) or not one.found.id_given:
        return one
    if one.found.id == named:
        return one
    return replace(
        one, found=BadStatement(f"it was put under {named}, which is not its id", where="$.id")
    )
