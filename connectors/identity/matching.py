"""Who an actor is: rules 2 to 6 of `connectors.md`, "Who is who", as functions of what is known.

The rules are asked in order, and the first that knows anybody decides. A claim is a person's, for a
time; two persons with a claim to the same identifier on the same day make it nobody's, for good: it
is shared. An identifier that was freed and given to another joins each of them for their own time.
Rule 1, an administrator's word, stands above these and is kept where links are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from connectors.identity.normal import mail_normal, page_normal
from connectors.model.history import overlap
from lrs.xapi.agents import AgentIdentifier

NATIVE, NUMBER, SSO, MAIL, SHA1 = 2, 3, 4, 5, 6


class Ask(NamedTuple):
    """A question of one rule: whose is this identifier? ``system`` None: in whichever system."""

    rule: int
    scheme: str
    system: str | None
    normal: str
    confidence: float
    evidence: str


class Claim(NamedTuple):
    """An identifier is a person's, from a day to a day."""

    person_id: int
    start: int
    end: int | None


class Link(NamedTuple):
    """An actor is a person, from a day to a day, by a rule."""

    person_id: int
    rule: int
    confidence: float
    evidence: str
    start: int
    end: int | None


@dataclass(frozen=True, slots=True)
class Adopted:
    """What the account names on a home page turned out to be: ``native`` or ``employee_number``."""

    scheme: str
    confidence: float
    evidence: str


@dataclass(frozen=True, slots=True)
class Match:
    """Who an actor is; without links, why not, and who it might be."""

    links: tuple[Link, ...] = ()
    reason: str = "unknown"
    evidence: str = "nobody who is known has this identifier"
    candidates: tuple[int, ...] = ()


Lookup = Callable[[Ask], Sequence[Claim]]


def asks(actor: AgentIdentifier, pages: Mapping[str, Adopted]) -> Iterator[Ask]:
    """Yield the questions that the rules ask about an actor, in their order."""
    if actor.scheme == "account":
        yield from _account(page_normal(actor.home_page or ""), actor.value, pages)
    elif actor.scheme == "openid":
        yield Ask(SSO, "sso", "", actor.value.casefold(), 1.0, "the sign-in's subject")
    elif actor.scheme == "mbox":
        yield from _mail(actor.value, 1.0, "the mail address")
    elif actor.scheme == "mbox_sha1sum":
        yield Ask(SHA1, "sha1", "", actor.value.lower(), 0.95, "the SHA-1 of the mail address")


def _account(page: str, name: str, pages: Mapping[str, Adopted]) -> Iterator[Ask]:
    said = "the record names this account"
    yield Ask(NATIVE, "account", page, name.casefold(), 1.0, said)
    adopted = pages.get(page)
    if adopted is not None and is_telling(name):
        rule = NATIVE if adopted.scheme == "native" else NUMBER
        yield Ask(rule, adopted.scheme, None, name, adopted.confidence, adopted.evidence)
    yield Ask(
        SSO, "sso", "", name.casefold(), 0.95, "the account is named by the sign-in's subject"
    )
    if "@" in name:
        yield from _mail(name, 0.9, "the account is named by the mail address")


def _mail(text: str, confidence: float, evidence: str) -> Iterator[Ask]:
    mail = mail_normal(text)
    if mail is not None:
        yield Ask(SSO, "sso", "", mail, confidence, "the sign-in's subject is the mail address")
        yield Ask(MAIL, "mail", "", mail, confidence, evidence)


def match(
    actor: AgentIdentifier,
    pages: Mapping[str, Adopted],
    lookup: Lookup,
    never: Collection[int] = (),
) -> Match:
    """Return who the actor is by the first rule that knows anybody; ``never`` are persons it is not."""
    for ask in asks(actor, pages):
        claims = [claim for claim in lookup(ask) if claim.person_id not in never]
        if not claims:
            continue
        if is_shared(claims):
            people = tuple(sorted({claim.person_id for claim in claims}))
            text = f"{ask.evidence} is shared: {len(people)} people have it at the same time"
            return Match(reason="conflict", evidence=text, candidates=people)
        return Match(links=tuple(_links(ask, claims)))
    return Match()


def is_shared(claims: Iterable[Claim]) -> bool:
    """Return whether two different persons have a claim to the same day."""
    ordered = sorted(claims, key=lambda claim: claim.start)
    reaching: Claim | None = None
    for claim in ordered:
        if reaching is not None and claim.person_id != reaching.person_id:
            if overlap(reaching.start, reaching.end, claim.start, claim.end):
                return True
            reaching = claim
        elif reaching is None or _reaches_further(claim, reaching):
            reaching = claim
    return False


def _reaches_further(claim: Claim, other: Claim) -> bool:
    return other.end is not None and (claim.end is None or claim.end > other.end)


def _links(ask: Ask, claims: Sequence[Claim]) -> Iterator[Link]:
    """Yield one link for each unbroken time of a person."""
    ordered = sorted(claims, key=lambda claim: (claim.person_id, claim.start))
    held = ordered[0]
    for claim in ordered[1:]:
        touches = held.end is None or claim.start <= held.end
        if claim.person_id == held.person_id and touches:
            held = claim._replace(start=held.start) if _reaches_further(claim, held) else held
        else:
            yield _link(ask, held)
            held = claim
    yield _link(ask, held)


def _link(ask: Ask, claim: Claim) -> Link:
    return Link(claim.person_id, ask.rule, ask.confidence, ask.evidence, claim.start, claim.end)


_SHORTEST_NUMBER = 5


def is_telling(name: str) -> bool:
    """Return whether an account name that equals a record's key says anything.

    Every system counts its users 1, 2, 3; that two of them know a "17" does not make it one person.
    """
    return len(name) >= _SHORTEST_NUMBER or not name.isdecimal()


_FEW = 5
_MOST = 0.9


def adopted(page: str, names: int, natives: int, numbers: int) -> Adopted | None:
    """Return what the account names on a home page are, if nearly all of them are the same thing.

    ``names`` were seen, of which ``natives`` are the keys of records and ``numbers`` employee
    numbers, each of exactly one person. Nine in ten of at least five, or all of fewer, will do.
    """
    scheme, found = ("native", natives) if natives >= numbers else ("employee_number", numbers)
    if not found or found < (names if names < _FEW else _MOST * names):
        return None
    what = "person_id" if scheme == "native" else "employee number"
    confidence = 0.8 if names < _FEW else 0.95 if found == names else 0.9
    text = f"{found} of the {names} account names on {page} are the {what} of one person"
    return Adopted(scheme, confidence, text)
