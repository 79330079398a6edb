"""What a report shows and in what order, before any markup: `evaluation.md`, "Told".

Reads the record that `verkan impact` and `verkan evaluate` make; every part that a record lacks is
left out, so one page serves both. No figure of a group that is too small to be shown comes through
here, whatever the record holds (`trust.md`, P2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from analytics.checks.grading import RULES
from analytics.report.effects import Scale, Told
from analytics.telling.flag_texts import STEPS
from analytics.telling.flags import explain_flag, explain_grade, explain_raise
from lrs.web.figures import figures
from lrs.web.i18n import N_, words

Record = Mapping[str, Any]

TONES = {
    "improved": "good",
    "worsened": "bad",
    "no_detectable_effect": "still",
    "cannot_tell": "doubt",
}
VERDICTS = {
    "improved": N_("Improved"),
    "worsened": N_("Worsened"),
    "no_detectable_effect": N_("No measurable effect"),
    "cannot_tell": N_("Cannot tell"),
}
GRADES = {
    "A": N_("Very strong evidence"),
    "B": N_("Strong evidence"),
    "C": N_("Weak evidence"),
    "D": N_("No evidence either way"),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the three numbers: what it is, the number, and what it means."""

    label: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class Grade:
    """The letter, what it stands for in two words, and why it is this one."""

    letter: str
    meaning: str
    reason: str


@dataclass(frozen=True, slots=True)
class Remark:
    """A flag in words."""

    text: str
    warning: bool


@dataclass(frozen=True, slots=True)
class Completion:
    """How many took the training by when: below the effect, never instead of it."""

    percent: str
    completed: str
    people: str
    share: float
    month: str
    """The last month read: who completed the path in time to count in it."""


class View:
    """One record in one language."""

    def __init__(self, record: Record, lang: str) -> None:
        self.record = record
        self.lang = lang
        self.words = words(lang)
        self.figures = figures(lang)
        # A record of `verkan evaluate` knows the outcome by its kind alone.
        self.measured: Record = {**(record.get("kpi") or {}), **(record.get("outcome") or {})}
        unit, self._wording = str(self.measured.get("unit") or ""), self._worded(lang)
        self.scale = Scale(
            str(self.measured.get("kind") or ""),
            self._wording.get("unit", unit),
            lang,
            one=self._wording.get("one", unit),
        )

    def _worded(self, lang: str) -> Mapping[str, str]:
        """Return what the language calls the outcome; a record from before it was kept has none."""
        told: Mapping[str, str] = (self.measured.get("wordings") or {}).get(lang) or {}
        return told

    @property
    def verdict(self) -> str:
        return str(self.record.get("verdict", "cannot_tell"))

    @property
    def verdict_word(self) -> str:
        return self.words.say(VERDICTS[self.verdict])

    @property
    def tone(self) -> str:
        return TONES[self.verdict]

    @property
    def path(self) -> str:
        path = self.record.get("path") or {}
        named = (path.get("names") or {}).get(self.lang) or path.get("name")
        return str(named or path.get("id") or self.words.say("The training"))

    @property
    def outcome(self) -> str:
        outcome = self.record.get("outcome") or {}
        name = self._wording.get("name") or outcome.get("name") or outcome.get("id")
        return str(name or self.words.say("The outcome"))

    @property
    def path_key(self) -> str:
        return str((self.record.get("path") or {}).get("id") or "")

    @property
    def outcome_key(self) -> str:
        return str((self.record.get("outcome") or {}).get("id") or "")

    @property
    def goal(self) -> str | None:
        return (self.record.get("path") or {}).get("goal") or None

    @property
    def window(self) -> str | None:
        window = self.record.get("window") or {}
        if not window.get("from"):
            return None
        return self.words.say(
            "%(first)s to %(last)s",
            first=self.figures.month(str(window["from"])),
            last=self.figures.month(str(window.get("to"))),
        )

    @property
    def sentence(self) -> str:
        said = self.record.get("sentence") or {}
        sentence = str(said.get(self.lang) or said.get("en") or self.verdict_word)
        return sentence.replace(" %", "\N{NO-BREAK SPACE}%")

    @property
    def flags(self) -> list[str]:
        return [str(flag) for flag in self.record.get("flags") or ()]

    @property
    def hidden(self) -> bool:
        """Tell whether so few people stand behind the figures that none may be shown."""
        return bool(self.record.get("suppressed")) or "small_sample" in self.flags

    @property
    def grade_letter(self) -> str:
        return str(self.record.get("grade", "D"))

    def grade(self) -> Grade:
        found = grade_of(self.grade_letter, self.lang)
        if not self.by_series or found.letter != "C":
            return found
        alone = self.words.say("There is only the time before to compare with. Take it as a hint.")
        return replace(found, reason=alone)

    def effect(self) -> Told | None:
        return None if self.hidden else self.scale.tell(self.record.get("estimate"))

    def numbers(self) -> list[Figure]:
        """Return the three numbers."""
        return [self._effect_number(), self._people_number(), self._smallest_number()]

    def _effect_number(self) -> Figure:
        label, effect = self.words.say("Effect of the training"), self.effect()
        if effect is None or self.grade_letter == "D":
            return Figure(label, "–", self.words.say("No figure can be given."))
        if self.verdict == "cannot_tell":
            return self._range(effect)
        interval = self.interval(effect)
        if self.verdict == "no_detectable_effect":
            interval = " ".join((self.words.say("This may well be chance."), interval))
        return Figure(label, effect.value, interval)

    def _range(self, effect: Told) -> Figure:
        """Return the range without a figure in it: something beside the training may have made it."""
        value = self.words.say("%(low)s to %(high)s", low=effect.low, high=effect.high)
        return Figure(
            self.words.say("What was seen"),
            value if effect.low and effect.high else "–",
            self.words.say("This cannot be put down to the training."),
        )

    def interval(self, effect: Told) -> str:
        """Return the interval in words."""
        if effect.low is None or effect.high is None:
            return self.words.say("No interval can be given.")
        return self.words.say(
            "The truth lies between %(low)s and %(high)s, %(sure)s sure.",
            low=effect.low,
            high=effect.high,
            sure=self.figures.percent(0.95),
        )

    def _people_number(self) -> Figure:
        n = self.record.get("n") or {}
        return Figure(self.words.say("Behind the figure"), self.groups(), self._compared(n))

    def groups(self) -> str:
        """Return how many teams or people the answer rests on."""
        teams = (self.record.get("n") or {}).get("clusters")
        if self.by_team and teams:
            return self._teams(teams)
        return self._people(self.people) if self.people else "–"

    @property
    def people(self) -> int | None:
        """Return how many people there are; who moved between teams counts once where it is known."""
        counted = (self.record.get("completion") or {}).get("people")
        return counted or (self.record.get("n") or {}).get("units")

    def _compared(self, n: Mapping[str, Any]) -> str:
        if self.hidden:
            return self.words.say("So few took part that their number is not shown.")
        of = "clusters_" if self.by_team else ""
        treated, others = n.get(f"{of}treated"), n.get(f"{of}comparison")
        if treated is None or others is None:
            return ""
        if self.by_series:
            said = self.words.say("All were trained; nobody was left to compare with.")
        else:
            # Who was trained later is in both: to compare with at first, trained afterwards.
            said = self.words.say(
                "%(treated)s trained, %(others)s to compare with for as long as they were not.",
                treated=self._whole(treated),
                others=self._whole(others),
            )
        if self.by_team and self.people:
            return " ".join((self._people(self.people) + ".", said))
        return said

    def _teams(self, n: int) -> str:
        return self.words.say_n("%(n)s team", "%(n)s teams", n, n=self._whole(n))

    def _people(self, n: int) -> str:
        return self.words.say_n("%(n)s person", "%(n)s people", n, n=self._whole(n))

    @property
    def by_team(self) -> bool:
        return (self.record.get("exposure") or {}).get("level") == "team"

    @property
    def by_series(self) -> bool:
        """Tell whether all were trained at once, and the time before stands for a comparison."""
        return self.record.get("design") == "interrupted_series"

    def _smallest_number(self) -> Figure:
        label = self.words.say("Smallest effect we could have seen")
        smallest = self.smallest()
        if smallest is None:
            return Figure(label, "–", self.words.say("No figure can be given."))
        note = self.words.say("A smaller effect would often have gone unnoticed.")
        return Figure(label, smallest, note)

    def smallest(self) -> str | None:
        """Return the smallest effect that would have been found four times in five."""
        mde = self.record.get("mde")
        if mde is None or self.hidden:
            return None
        return self.scale.smallest(float(mde), self.record.get("estimate") or {})

    def naive(self) -> str | None:
        """Return the number a plain before and after would have claimed, on the effect's scale."""
        return self.plain((self.record.get("naive") or {}).get("before_after"))

    def plain(self, made: Mapping[str, Any] | None) -> str | None:
        """Return a number that was made plainly, on the effect's scale."""
        if self.hidden or not made:
            return None
        estimate = self.record.get("estimate") or {}
        alike = self.scale.in_percent(estimate) or self.grade_letter == "D"
        told = self.scale.tell(made) if alike else self.scale.tell_difference(made)
        return told.value if told else None

    def why_naive_differs(self) -> list[str]:
        """Return why that number is not the effect."""
        held = self.words.say(
            "This number only compares the trained with themselves before. It also holds everything "
            "else that changed in those months: the season, new tools, colleagues, plain practice."
        )
        return [held, self._beside_naive()]

    def _beside_naive(self) -> str:
        if self.grade_letter == "D":
            return self.words.say(
                "Nobody was left untrained to compare with, so there is no telling how much of it "
                "is the training."
            )
        if self.by_series:
            return self.words.say(
                "The effect above is what is left once the trend and the seasons of the time before are "
                "taken away. What else changed at the start is still in it."
            )
        if self.naive_lands_near:
            return self.words.say(
                "This time it lands near the effect. That is only known because there were others "
                "to compare with."
            )
        return self.words.say(
            "Those who were not trained yet saw these changes too. The effect above is what is left "
            "once their change is taken away."
        )

    @property
    def naive_lands_near(self) -> bool:
        """Tell whether the plain number lies within the interval of the effect."""
        estimate = self.record.get("estimate") or {}
        plain = (self.record.get("naive") or {}).get("before_after") or {}
        name = "percent" if self.scale.in_percent(estimate) else "att"
        ends = ("percent_low", "percent_high") if name == "percent" else ("low", "high")
        value, low, high = plain.get(name), *(estimate.get(end) for end in ends)
        if value is None or low is None or high is None:
            return False
        return bool(low <= value <= high)

    def remarks(self) -> list[Remark]:
        """Return the flags in words; a code that is not ours stands for itself."""
        return [_remark(flag, self.lang) for flag in self.flags]

    def by_chance(self) -> str | None:
        """Return that a finding may be one of chance, when there are many reports beside it."""
        place = self.record.get("family") or {}
        claims = self.verdict in ("improved", "worsened")
        if not claims or place.get("stands", True):
            return None
        return self.words.say(
            "Among %(n)s reports, one like this may come of chance alone (q = %(q)s).",
            n=self._whole(place["answers"]),
            q=self.figures.number(place["q"], 2),
        )

    def as_of(self) -> str | None:
        """Return the day it is of, where newer data wait to be taken in."""
        if not self.record.get("newer_data"):
            return None
        return self.words.say(
            "As of %(day)s. Newer data have come in: open the report to take them in.",
            day=self.figures.day(str(self.record["made_at"])),
        )

    def withstands(self) -> str | None:
        """Return how far the two sides may drift apart before the effect falls."""
        found = (self.record.get("checks") or {}).get("sensitivity") or {}
        said = (found.get("sentence") or {}).get(self.lang)
        return None if self.hidden else said

    def raises(self) -> list[str]:
        """Return what would raise the grade."""
        codes = self.record.get("raise_the_grade") or ()
        return [explain_raise(str(code), self.lang) for code in codes if code in STEPS]

    def completion(self) -> Completion | None:
        found = self.record.get("completion") or {}
        share, completed, people = (found.get(k) for k in ("share", "completed", "people"))
        if share is None or completed is None or people is None:
            return None
        return Completion(
            self.figures.percent(share),
            self._whole(completed),
            self._whole(people),
            share,
            self.figures.month(str(self.record["window"]["to"])),
        )

    def _whole(self, n: float) -> str:
        return self.figures.number(n)


def grade_of(letter: str, lang: str) -> Grade:
    """Return what a grade stands for, in short and in full."""
    return Grade(letter, words(lang).say(GRADES[letter]), explain_grade(letter, lang))


def _remark(flag: str, lang: str) -> Remark:
    if flag not in RULES:
        return Remark(flag.replace("_", " "), warning=True)
    # What caps no grade only tells what was taken care of.
    return Remark(explain_flag(flag, lang), warning=RULES[flag].cap != "A")
