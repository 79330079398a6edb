"""The xAPI statements that the made-up company's learning tools would have sent.

Three tools, three ways to say who somebody is, as it is in real companies: the academy names an
account of the staff system, the security course a mail address, the mentor log the SHA-1 of one.
Ids come from what happened, so the same company always sends the same statements.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from analytics.demo.company import DOMAIN, FIRST, MONTHS, Company, Person, stream
from analytics.demo.training import CONVERSATIONS, MENTORS, NO_DAY, SECURITY, Rollout, day_of

LEARN = f"https://learn.{DOMAIN}"
HOME_PAGE = f"https://hr.{DOMAIN}"

Statement = dict[str, Any]

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, LEARN)
_ADL = "http://adlnet.gov/expapi/verbs/"
_VERBS: dict[str, dict[str, str]] = {
    "initialized": {"en": "began", "sv": "började", "nl": "begon met"},
    "experienced": {"en": "went through", "sv": "gick igenom", "nl": "doorliep"},
    "attended": {"en": "attended", "sv": "deltog i", "nl": "nam deel aan"},
    "completed": {"en": "completed", "sv": "slutförde", "nl": "voltooide"},
    "passed": {"en": "passed", "sv": "klarade", "nl": "slaagde voor"},
}


@dataclass(frozen=True, slots=True)
class Course:
    """What a path is called and the steps one goes through, in English, Swedish and Dutch."""

    names: tuple[str, str, str]
    steps: tuple[tuple[str, str, str], ...]
    ends_with: str
    step_verb: str = "experienced"


COURSES: dict[str, Course] = {
    CONVERSATIONS: Course(
        ("Customer conversations", "Kundsamtal", "Klantgesprekken"),
        (
            ("Listening", "Att lyssna", "Luisteren"),
            ("When it went wrong", "När det blev fel", "Als het misging"),
            ("Role play", "Rollspel", "Rollenspel"),
            ("Your own case", "Ditt eget fall", "Je eigen zaak"),
        ),
        "completed",
    ),
    SECURITY: Course(
        ("Security awareness", "Säkerhetsmedvetenhet", "Bewust veilig werken"),
        (
            ("Passwords", "Lösenord", "Wachtwoorden"),
            ("Spot the false mail", "Se det falska mejlet", "Herken de valse mail"),
        ),
        "passed",
    ),
    MENTORS: Course(
        ("Mentor programme", "Mentorsprogram", "Mentorprogramma"),
        tuple((f"Meeting {k}", f"Träff {k}", f"Bijeenkomst {k}") for k in range(1, 5)),
        "completed",
        step_verb="attended",
    ),
}

_LIBRARY = (
    ("Short guide: water damage", "Kort guide: vattenskador", "Korte gids: waterschade"),
    ("Keyboard shortcuts", "Kortkommandon", "Sneltoetsen"),
    ("New in the claims system", "Nytt i skadesystemet", "Nieuw in het schadesysteem"),
    ("Plain language", "Klarspråk", "Heldere taal"),
)
_READS_A_MONTH = 0.12
_OUTSIDERS = ("sam.visser", "kim.larsen", "alex.berg")


def activity(path: str) -> str:
    """Return the IRI of a path's own activity."""
    return f"{LEARN}/{path}"


def make_statements(company: Company, rollouts: dict[str, Rollout]) -> list[Statement]:
    """Return every statement, oldest first."""
    found = [*_of_courses(company, rollouts), *_of_library(company), *_of_outsiders()]
    return sorted(found, key=lambda statement: (statement["timestamp"], statement["id"]))


def _of_courses(company: Company, rollouts: dict[str, Rollout]) -> Iterator[Statement]:
    for path, rollout in rollouts.items():
        draws = stream(company.seed, f"{path} statements")
        for index, person in enumerate(company.people):
            luck = draws.random(8)
            began, finished = int(rollout.began[index]), int(rollout.finished[index])
            if began < NO_DAY:
                yield from _one_learner(person, path, began, finished, luck)


def _one_learner(
    person: Person, path: str, began: int, finished: int, luck: np.ndarray[Any, Any]
) -> Iterator[Statement]:
    """Yield one person's way through a path: its beginning, its steps, and its end if it came."""
    course, whole, actor = COURSES[path], activity(path), _ACTORS[path](person)
    through = finished < NO_DAY
    last = finished if through else began + 3
    hour = 0.6 * float(luck[0])
    yield _statement(actor, "initialized", whole, course.names, _instant(began, hour))
    for number, names in enumerate(course.steps if through else course.steps[:1], 1):
        day = began + (last - began) * number // (len(course.steps) + 1)
        at = _instant(day, hour + 0.05 * number)
        result: Statement = {"duration": f"PT{8 + int(luck[number] * 25)}M"}
        step = _step(path, number)
        yield _statement(actor, course.step_verb, step, names, at, result=result, within=whole)
    if through:
        at = _instant(finished, hour + 0.3)
        result = _outcome(course, float(luck[7]))
        yield _statement(actor, course.ends_with, whole, course.names, at, result=result)


def _outcome(course: Course, luck: float) -> Statement:
    done: Statement = {"completion": True, "success": True}
    scored = {"score": {"scaled": round(0.7 + 0.3 * luck, 2)}}
    return done | scored if course.ends_with == "passed" else done


def _step(path: str, number: int) -> str:
    return f"{activity(path)}/{'meeting' if path == MENTORS else 'part'}-{number}"


def _of_library(company: Company) -> Iterator[Statement]:
    """Yield what people read by themselves: learning that belongs to no path."""
    draws = stream(company.seed, "library")
    for person in company.people:
        reads = draws.poisson(_READS_A_MONTH * MONTHS)
        days = draws.integers(0, day_of(person.left) if person.left else MONTHS * 30, reads)
        for day in sorted({int(day) for day in days}):
            if FIRST + dt.timedelta(days=day) < person.hired:
                continue
            which = int(draws.integers(len(_LIBRARY)))
            at, iri = _instant(day, float(draws.random())), f"{LEARN}/library/{which + 1}"
            yield _statement(_account(person), "experienced", iri, _LIBRARY[which], at)


def _of_outsiders() -> Iterator[Statement]:
    """Yield what consultants did, whom no staff record knows: their statements wait, unlinked."""
    course = COURSES[CONVERSATIONS]
    for number, name in enumerate(_OUTSIDERS):
        actor = {"objectType": "Agent", "mbox": f"mailto:{name}@consultants.example"}
        at = _instant(300 + 20 * number, 0.4)
        yield _statement(actor, "initialized", activity(CONVERSATIONS), course.names, at)


def _account(person: Person) -> Statement:
    return {
        "objectType": "Agent",
        "name": f"{person.given} {person.family}",
        "account": {"homePage": HOME_PAGE, "name": person.id},
    }


def _mail(person: Person) -> Statement:
    return {"objectType": "Agent", "mbox": f"mailto:{person.mail}"}


def _mail_digest(person: Person) -> Statement:
    digest = hashlib.sha1(f"mailto:{person.mail}".encode(), usedforsecurity=False)
    return {"objectType": "Agent", "mbox_sha1sum": digest.hexdigest()}


_ACTORS = {CONVERSATIONS: _account, SECURITY: _mail, MENTORS: _mail_digest}


def _instant(day: int, share_of_day: float) -> str:
    """Return a moment between 8 and 17 o'clock of that day, the same for the same numbers."""
    seconds = int(8 * 3600 + share_of_day * 9 * 3600)
    date = FIRST + dt.timedelta(days=day)
    at = dt.datetime.combine(date, dt.time(), dt.UTC) + dt.timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _statement(
    actor: Statement,
    verb: str,
    iri: str,
    names: tuple[str, str, str],
    at: str,
    *,
    result: Statement | None = None,
    within: str | None = None,
) -> Statement:
    who = hashlib.sha256(repr(sorted(actor.items())).encode()).hexdigest()
    made: Statement = {
        "id": str(uuid.uuid5(_NAMESPACE, f"{who} {verb} {iri} {at}")),
        "actor": actor,
        "verb": {"id": _ADL + verb, "display": _VERBS[verb]},
        "object": {
            "objectType": "Activity",
            "id": iri,
            "definition": {"name": dict(zip(("en", "sv", "nl"), names, strict=True))},
        },
        "timestamp": at,
        "version": "1.0.3",
    }
    if result:
        made["result"] = result
    if within:
        parent = {"objectType": "Activity", "id": within}
        made["context"] = {"contextActivities": {"parent": [parent]}}
    return made
