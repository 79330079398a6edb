"""A statement as a sentence a person can read: who, did, what.

A language map of the statement itself comes first, when it has the reader's language. Most tools
send English only, so the verbs that everybody uses have words of ours.
Language maps: https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#lang-maps
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lrs.web.figures import figures
from lrs.web.i18n import N_, SOURCE, Words

VERBS = {
    "answered": N_("answered"),
    "asked": N_("asked"),
    "attempted": N_("attempted"),
    "attended": N_("attended"),
    "commented": N_("commented on"),
    "completed": N_("completed"),
    "exited": N_("left"),
    "experienced": N_("took part in"),
    "failed": N_("failed"),
    "imported": N_("imported"),
    "initialized": N_("began"),
    "interacted": N_("worked with"),
    "launched": N_("launched"),
    "mastered": N_("mastered"),
    "passed": N_("passed"),
    "progressed": N_("went on with"),
    "registered": N_("registered for"),
    "responded": N_("responded to"),
    "resumed": N_("resumed"),
    "satisfied": N_("satisfied"),
    "scored": N_("was scored on"),
    "shared": N_("shared"),
    "suspended": N_("paused"),
    "terminated": N_("ended"),
    "viewed": N_("viewed"),
    "voided": N_("voided"),
    "waived": N_("was let off"),
    "started": N_("started"),
}
"""By the last part of the verb's IRI: profiles name the same verb at several addresses."""

_OURS = ("http://adlnet.gov/", "https://w3id.org/xapi/", "http://id.tincanapi.com/")


@dataclass(frozen=True, slots=True)
class Told:
    """The three parts of the sentence, and what came of it."""

    actor: str
    verb: str
    object: str
    result: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Return the three parts in one."""
        return f"{self.actor} {self.verb} {self.object}"


def told(body: Mapping[str, Any], words: Words) -> Told:
    """Return the sentence of a statement in the reader's language."""
    return Told(
        actor=name_of(body.get("actor", {}), words),
        verb=_verb(body.get("verb", {}), words),
        object=_object(body.get("object", {}), words),
        result=tuple(_result(body.get("result", {}), words)),
    )


def name_of(agent: Mapping[str, Any], words: Words) -> str:
    """Return what to call an agent or a group: its name, or the readable part of its identifier."""
    account = agent.get("account") or {}
    known_as = (
        agent.get("name")
        or account.get("name")
        or str(agent.get("mbox", "")).removeprefix("mailto:")
        or agent.get("openid")
    )
    if known_as:
        return str(known_as)
    if agent.get("mbox_sha1sum"):
        return words.say("somebody (%(start)s…)", start=str(agent["mbox_sha1sum"])[:8])
    members = len(agent.get("member") or ())
    return words.say_n("a group of %(n)s", "a group of %(n)s", members)


def in_language(texts: Mapping[str, str], lang: str) -> str | None:
    """Return the text of a language map that is in the language, whatever its region."""
    for tag, text in texts.items():
        if tag.lower().partition("-")[0] == lang:
            return text
    return None


def best_of(texts: Mapping[str, str], lang: str) -> str | None:
    """Return the reader's language, else English, else whatever there is."""
    return (
        in_language(texts, lang) or in_language(texts, SOURCE) or next(iter(texts.values()), None)
    )


def _verb(verb: Mapping[str, Any], words: Words) -> str:
    iri, display = str(verb.get("id", "")), verb.get("display") or {}
    ours = VERBS.get(_last_part(iri)) if iri.startswith(_OURS) else None
    return (
        in_language(display, words.lang)
        or (words.say(ours) if ours else None)
        or best_of(display, words.lang)
        or _last_part(iri)
    )


def _object(thing: Mapping[str, Any], words: Words) -> str:
    kind = thing.get("objectType", "Activity")
    if kind in ("Agent", "Group"):
        return name_of(thing, words)
    if kind == "StatementRef":
        return words.say("statement %(start)s…", start=str(thing.get("id", ""))[:8])
    if kind == "SubStatement":
        return f"“{told(thing, words).sentence}”"
    named = best_of((thing.get("definition") or {}).get("name") or {}, words.lang)
    return named or str(thing.get("id", ""))


def _result(result: Mapping[str, Any], words: Words) -> list[str]:
    said = []
    if result.get("success") is not None:
        said.append(words.say("Passed") if result["success"] else words.say("Not passed"))
    scaled = (result.get("score") or {}).get("scaled")
    if isinstance(scaled, int | float):
        said.append(figures(words.lang).percent(scaled))
    return said


def _last_part(iri: str) -> str:
    return iri.rstrip("/#").replace("#", "/").rpartition("/")[2]
