"""Statements from another record store, in the order it stored them, through the one way in.

A run asks for what was stored after the target's position, oldest first, and follows ``more`` to
the end; where it stands is kept after each page, so it goes on from there. What comes twice is
stored once, so pages may overlap, and they do on purpose: along ``stored`` a statement can still
appear behind one that was seen, when its transaction ended later. So the position moves no
further than the store says that it is complete (``X-Experience-API-Consistent-Through``), and some
time short of its clock, since not every store that says so can know.

What cannot be stored is kept among the refusals, under the name of the target.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit
from uuid import UUID

import msgspec

from lrs.access.ring import now_us
from lrs.errors import BadInput, VerkanError
from lrs.forwarding.calling import Answer, Caller, CallFailed
from lrs.forwarding.choosing import voids
from lrs.forwarding.sending import credentials, not_reached, outcome_of
from lrs.forwarding.targets import Target
from lrs.forwarding.verdicts import Outcome, Verdict
from lrs.store.attachments import find_attachments, hashes_of
from lrs.store.authorities import as_authority
from lrs.store.database import Database
from lrs.store.importing import IMPORT_AUTHORITY, store_read
from lrs.store.refusals import Refusal, keep_refusals
from lrs.store.rows import Incoming
from lrs.store.taking_in import read_one
from lrs.xapi.multipart import Part, boundary_in, parse_mixed
from lrs.xapi.times import instant, instant_of
from lrs.xapi.versions import ANSWER, HEADER

PAGE = 250
CONSISTENT = "X-Experience-API-Consistent-Through"
_MARGIN_US = 60_000_000
_MARGIN_WITHOUT_WORD_US = 600_000_000
_STALE = frozenset({400, 404, 410})


class Run(msgspec.Struct, frozen=True):
    """Where a run stands: the next page, the newest seen, how far the position may move."""

    version: str
    more: str | None = None
    newest: int = 0
    until: int = 0


class Page(msgspec.Struct):
    """A page of statements, each with its own bytes."""

    statements: list[msgspec.Raw]
    more: str | None = None


class Stamp(msgspec.Struct):
    """When a statement was stored there."""

    stored: str = ""


_pages = msgspec.json.Decoder(Page)
_runs = msgspec.json.Decoder(Run)
_abouts = msgspec.json.Decoder(dict[str, msgspec.Raw])
_versions = msgspec.json.Decoder(list[str])
_stamps = msgspec.json.Decoder(Stamp)


class Pulled(NamedTuple):
    """One page more: what it brought, and where the target stands now."""

    target: Target
    is_last: bool
    stored: int


@dataclass(frozen=True, slots=True)
class Puller:
    """Pulls from one target."""

    database: Database
    caller: Caller
    target: Target

    def page(self) -> Pulled | Outcome:
        """Store the next page; an `Outcome` tells why there is none now."""
        try:
            run = self._run()
            answer = self._ask(run)
            if answer.status != 200:
                return self._failed(run, answer)
            return self._take(self._bounded(run, answer), _read_page(answer))
        except (CallFailed, BadInput) as exc:
            return not_reached(exc)

    def _run(self) -> Run:
        if self.target.cursor is not None:
            return _runs.decode(self.target.cursor)
        return Run(self._spoken(), newest=self.target.position)

    def _spoken(self) -> str:
        """Return the newest version of the specification that the store says it speaks."""
        answer = self._get(f"{self.target.form.url}/about", {})
        try:
            said = _versions.decode(_abouts.decode(answer.body)["version"])
        except (msgspec.MsgspecError, KeyError):
            return "1.0.3"
        known = [each for each in said if each.startswith(("1.0", "2.0"))]
        return max(known, default="1.0.3")

    def _ask(self, run: Run) -> Answer:
        url = f"{self.target.form.url}/statements"
        if run.more is not None:
            return self._get(_at_home(url, run.more), {HEADER: run.version})
        query = {"ascending": "true", "limit": str(PAGE)}
        if self.target.position:
            query["since"] = instant(self.target.position)
        return self._get(f"{url}?{urlencode(query)}", {HEADER: run.version})

    def _get(self, url: str, headers: dict[str, str]) -> Answer:
        signed, more = credentials(self.target.form)
        most = self.database.settings.max_body_bytes
        return self.caller.ask(
            "GET", url, headers={**headers, **more}, signed=signed, most_bytes=most
        )

    def _failed(self, run: Run, answer: Answer) -> Outcome:
        outcome = outcome_of(answer)._replace(verdict=Verdict.LATER)
        if run.more is not None and answer.status in _STALE:
            return outcome._replace(verdict=Verdict.REFUSED)
        return outcome

    def _bounded(self, run: Run, answer: Answer) -> Run:
        """Return the run with how far it may move the position, which its first page tells."""
        if run.until:
            return run
        now = _clock(answer)
        bound = instant_of(answer.headers.get(CONSISTENT, ""))
        if bound is None:
            return msgspec.structs.replace(run, until=now - _MARGIN_WITHOUT_WORD_US)
        return msgspec.structs.replace(run, until=min(bound, now - _MARGIN_US))

    def _take(self, run: Run, page: Page) -> Pulled:
        raws = [bytes(raw) for raw in page.statements]
        stored = sum(self._store(batch) for batch in self._batches(raws))
        newest = max(run.newest, *(_stored_at(raw) for raw in raws), 0)
        if page.more and page.more != run.more:
            onward = msgspec.structs.replace(run, more=page.more, newest=newest)
            cursor = msgspec.json.encode(onward).decode()
            return Pulled(replace(self.target, cursor=cursor), False, stored)
        position = max(self.target.position, min(newest, run.until))
        return Pulled(replace(self.target, position=position, cursor=None), True, stored)

    def _batches(
        self, raws: Sequence[bytes]
    ) -> Iterator[list[tuple[bytes, Incoming | VerkanError]]]:
        """Yield what the filters take, read, in batches that name no id twice."""
        vouching = as_authority(IMPORT_AUTHORITY)
        batch: list[tuple[bytes, Incoming | VerkanError]] = []
        ids: set[UUID] = set()
        for raw in raws:
            read = read_one(raw, vouching)
            if isinstance(read, Incoming):
                if not self._wants(read):
                    continue
                if read.statement.id in ids:
                    yield batch
                    batch, ids = [], set()
                ids.add(read.statement.id)
            batch.append((raw, read))
        yield batch

    def _wants(self, read: Incoming) -> bool:
        body = read.statement.body
        return voids(body) is not None or self.target.form.choice.takes(body)

    def _store(self, batch: Sequence[tuple[bytes, Incoming | VerkanError]]) -> int:
        read = [one for _, one in batch]
        parts = {part.sha2: part for one in read for part in self._attachments(one)}
        found = store_read(self.database, self.target.tenant_id, read, parts=parts)
        refusals = [
            Refusal(f"pull {self.target.form.name}", why.code, why.where, why.message, batch[n][0])
            for n, why in sorted(found.faults.items())
        ]
        if refusals:
            with self.database.write() as conn:
                keep_refusals(conn, self.target.tenant_id, refusals, at=now_us())
        return found.new

    def _attachments(self, one: Incoming | VerkanError) -> list[Part]:
        """Return the attachments of a statement that are not here yet, as far as they are there."""
        if not isinstance(one, Incoming):
            return []
        wanted = set(hashes_of(one.statement.body))
        here = find_attachments(self.database, self.target.tenant_id, wanted)
        if not wanted - {part.sha2 for part in here}:
            return here
        query = urlencode({"statementId": str(one.statement.id), "attachments": "true"})
        version = {HEADER: ANSWER[one.statement.version]}
        answer = self._get(f"{self.target.form.url}/statements?{query}", version)
        came = _parts(answer) if answer.status == 200 else {}
        return [*here, *(part for sha2, part in came.items() if sha2 in wanted)]


def _read_page(answer: Answer) -> Page:
    try:
        return _pages.decode(answer.body)
    except msgspec.MsgspecError as exc:
        raise CallFailed(f"the answer is no page of statements: {answer.told()}") from exc


def _parts(answer: Answer) -> Mapping[str, Part]:
    """Return the attachments of an answer; without them a statement is stored all the same."""
    try:
        return parse_mixed(answer.body, boundary_in(answer.body)).parts
    except BadInput:
        return {}


def _at_home(url: str, more: str) -> str:
    """Return the address of the next page, at the host that was set up and at no other."""
    own, found = urlsplit(url), urlsplit(urljoin(url, more))
    return urlunsplit((own.scheme, own.netloc, found.path, found.query, ""))


def _clock(answer: Answer) -> int:
    """Return what time it is there."""
    try:
        return int(parsedate_to_datetime(answer.headers.get("Date", "")).timestamp()) * 1_000_000
    except (ValueError, OverflowError):
        return time.time_ns() // 1000


def _stored_at(raw: bytes) -> int:
    try:
        return instant_of(_stamps.decode(raw).stored) or 0
    except msgspec.MsgspecError:
        return 0
