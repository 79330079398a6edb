"""A plan in the reader's words, for the page: what is decided, and what is not yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analytics.plans.keeping import APPROVED
from lrs.web.figures import figures
from lrs.web.i18n import N_, words

STATUS = {
    "draft": N_("Draft"),
    "locked": N_("Locked"),
    "changed": N_("Locked, then changed"),
}
PARTS = {
    "need": N_("what it is meant to lead to"),
    "outcome": N_("the outcome"),
    "window": N_("the months that count"),
    "comparison": N_("whom to compare with"),
    "assignment": N_("how it is decided who starts when"),
}
ASSIGNED = {
    "lot": N_("drawn by lot"),
    "staggered": N_("in waves, without a lot"),
    "chosen": N_("chosen by managers"),
    "volunteers": N_("whoever wants to"),
    "everyone": N_("everybody at once"),
}
COMPARED = {
    "never": N_("those who never take it"),
    "not_yet": N_("those who have not taken it yet"),
    "both": N_("those who never take it, or have not yet"),
}
DONE = {None: N_("Drafted"), "locked": N_("Locked"), "opinion": N_("An opinion was given")}


@dataclass(frozen=True, slots=True)
class Told:
    """One plan as the page shows it: pairs of what and how, then what happened when."""

    path: str
    status: str
    missing: str
    decided: tuple[tuple[str, str], ...]
    history: tuple[tuple[str, str], ...]


def told(found: Mapping[str, Any], lang: str, path: str, names: Mapping[str, str]) -> Told:
    """Return the plan in words; ``path`` is what it is called, ``names`` the same of outcomes by key."""
    say = words(lang).say
    return Told(
        path=path,
        status=say(STATUS[found["status"]]),
        missing=", ".join(say(PARTS[name]) for name in found["missing"]),
        decided=tuple(_decided(found, lang, names)),
        history=tuple(
            (figures(lang).day(one["at"]), _what(one["what"], lang, names))
            for one in found["history"]
        ),
    )


def _what(what: str, lang: str, names: Mapping[str, str]) -> str:
    known = DONE.get(None if what == "drafted" else what)
    if known:
        return words(lang).say(known)
    key, approved, by = what.partition(APPROVED)
    if approved and key in names:
        return words(lang).say("%(outcome)s: approved by %(name)s", outcome=names[key], name=by)
    return what


def _decided(
    found: Mapping[str, Any], lang: str, names: Mapping[str, str]
) -> list[tuple[str, str]]:
    say, plan = words(lang).say, found["plan"]
    rows = [(say("Need"), plan["need"])]
    rows += [(say("Outcome"), _outcome(one, lang, names)) for one in plan["outcomes"]]
    if plan["window"]:
        first, last = (figures(lang).month(month) for month in plan["window"])
        rows.append(
            (say("Months that count"), say("%(first)s to %(last)s", first=first, last=last))
        )
    for label, key, names in (
        (say("Compared with"), "comparison", COMPARED),
        (say("Who starts when"), "assignment", ASSIGNED),
    ):
        rows.append((label, say(names[plan[key]]) if plan[key] else None))
    rows.append((say("Draw"), _draw(found["draw"], lang)))
    return [(label, value) for label, value in rows if value]


def _outcome(one: Mapping[str, Any], lang: str, names: Mapping[str, str]) -> str:
    say = words(lang).say
    good = say("up is good") if one["better"] == "up" else say("down is good")
    return f"{names.get(one['metric'], one['metric'])} ({good})"


def _draw(draw: Mapping[str, Any] | None, lang: str) -> str | None:
    if draw is None:
        return None
    return words(lang).say(
        "%(teams)s teams on %(day)s, with seed %(seed)s",
        teams=figures(lang).number(draw["teams"]),
        day=figures(lang).day(draw["made_at"]),
        seed=draw["seed"],
    )
