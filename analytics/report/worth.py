"""What a report says of money: a return with its interval, an opinion apart, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analytics.report.currency import sum_of_money
from analytics.report.view import Figure, View
from lrs.web.i18n import N_

WHY_NONE = {
    "no_cost": N_("What a unit is worth is known, but not what the training cost."),
    "cost_incomplete": N_(
        "What the learners' time costs is not known: the staff records lack what a month costs."
    ),
    "other_currency": N_("The cost and the value are in different currencies."),
    "not_approved": N_(
        "A value is planned for each unit, but nobody from the business has approved it yet."
    ),
    "weak_evidence": N_("The evidence is too weak to put a sum on the effect."),
    "too_early": N_("It is too early: the planned time is not over."),
    "few_people": N_("So few took part that no sum can be shown."),
    "regression_to_the_mean": N_(
        "What was seen cannot be put down to the training, so no return is worked out."
    ),
}


@dataclass(frozen=True, slots=True)
class Worth:
    """The section on money: what is said, up to three numbers, and what they rest on."""

    kind: str
    title: str
    lead: str
    numbers: tuple[Figure, ...] = ()
    notes: tuple[str, ...] = ()


def worth(view: View) -> Worth | None:
    """Return the section, or None where no value of a unit was ever set."""
    money = view.record.get("money")
    if not money:
        return None
    return _Telling(view, money).worth()


class _Telling:
    def __init__(self, view: View, money: Mapping[str, Any]) -> None:
        self.view, self.money = view, money
        self.say = view.words.say

    def worth(self) -> Worth:
        status = "none" if self.view.hidden else self.money["status"]
        if status == "measured":
            return self._measured()
        if status == "opinion":
            return self._opinion()
        return self._none(status)

    def _sum(self, value: float, digits: int = 3) -> str:
        return sum_of_money(value, self.money["currency"], self.view.lang, digits=digits)

    def _measured(self) -> Worth:
        return Worth(
            "measured",
            self.say("What it was worth"),
            self._gain(),
            (self._return(), self._cost(), self._chance()),
            tuple(note for note in (self._value(), self._break_even()) if note),
        )

    def _gain(self) -> str:
        low, high = (self._sum(end) for end in self.money["benefit"]["95"])
        if self.view.verdict == "no_detectable_effect":
            return self.say(
                "No effect was seen, so there is no gain to speak of: it lies between %(low)s and "
                "%(high)s, and may well be nothing.",
                low=low,
                high=high,
            )
        return self.say(
            "In the time that was measured the change is worth about %(gain)s (%(sure)s sure "
            "between %(low)s and %(high)s). Nothing is counted for the time after.",
            gain=self._sum(self.money["benefit"]["likely"]),
            sure=self._percent(0.95),
            low=low,
            high=high,
        )

    def _return(self) -> Figure:
        roi = self.money["roi"]
        ends = {name: [self._points(end) for end in roi[name]] for name in ("80", "95")}
        note = self.say(
            "%(sure)s sure between %(low)s and %(high)s; %(likely)s sure between %(from)s and "
            "%(to)s.",
            sure=self._percent(0.95),
            low=ends["95"][0],
            high=ends["95"][1],
            likely=self._percent(0.8),
            **{"from": ends["80"][0], "to": ends["80"][1]},
        )
        unseen = self.view.verdict == "no_detectable_effect"
        value = "–" if unseen else self._points(roi["percent"])
        return Figure(self.say("Return on what it cost"), value, note)

    def _cost(self) -> Figure:
        cost = self.money["cost"]
        # Known to the penny, and a reader adds it up.
        fixed = self._sum(cost["fixed"], 4)
        each = self._sum(cost["per_learner"] * cost["learners"], 4)
        if not cost["learners"]:  # a spec tells the cost in all
            note = ""
        elif cost["learner_time"] > 0:
            note = self.say(
                "%(fixed)s once, %(each)s for places, and %(time)s for the hours learners were away "
                "from work.",
                fixed=fixed,
                each=each,
                time=self._sum(cost["learner_time"], 4),
            )
        else:
            note = self.say(
                "%(fixed)s once and %(each)s for places. The hours learners were away from work are "
                "not known, and not counted.",
                fixed=fixed,
                each=each,
            )
        return Figure(self.say("What it cost"), self._sum(cost["total"], 4), note)

    def _chance(self) -> Figure:
        chance = float(self.money["probability_above_zero"])
        # Draws cannot tell certainty.
        value = self._percent(min(max(chance, 0.01), 0.99))
        if chance > 0.99:
            value = self.say("over %(percent)s", percent=self._percent(0.99))
        if chance < 0.01:
            value = self.say("under %(percent)s", percent=self._percent(0.01))
        note = self.say("How likely it is that it brought more than it cost.")
        return Figure(self.say("Chance that it paid"), value, note)

    def _value(self) -> str | None:
        value = self.money.get("value_per_unit")
        if value is None:  # a spec's own, known to whoever wrote it
            return None
        low, likely, high = (self._sum(value[end]) for end in ("low", "likely", "high"))
        if value["low"] == value["high"]:
            said = self.say("A unit of the outcome is valued at %(likely)s.", likely=likely)
        else:
            said = self.say(
                "A unit of the outcome is valued at %(low)s to %(high)s, most likely %(likely)s.",
                low=low,
                high=high,
                likely=likely,
            )
        by = value.get("approved_by")
        if by:
            return f"{said} {self.say('Approved by %(name)s.', name=by)}"
        return f"{said} {self.say('The value comes from the list of metrics.')}"

    def _break_even(self) -> str | None:
        found = self.money["break_even"]
        if found["effect_percent"] is not None:
            effect = self.view.figures.percent(
                found["effect_percent"] / 100, int(abs(found["effect_percent"]) < 10), signed=True
            )
        elif found["effect"] is not None:
            effect = self.view.scale.difference(found["effect"])
        else:
            return None
        return self.say("The cost is covered from an effect of %(effect)s on.", effect=effect)

    def _opinion(self) -> Worth:
        told = self.money["opinion"]
        lead = self.say(
            "This was not measured. Those who know the work put %(isolation)s of the change down to "
            "the training and are %(confidence)s sure of that. Of %(gain)s that was seen, %(part)s "
            "would then be its doing, and it cost %(cost)s.",
            isolation=self._percent(told["isolation"]),
            confidence=self._percent(told["confidence"]),
            gain=self._sum(told["gain"]),
            part=self._sum(told["benefit"]),
            cost=self._sum(self.money["cost"]["total"]),
        )
        by = told.get("by")
        notes = (self.say("The opinion of %(name)s.", name=by),) if by else ()
        return Worth("opinion", self.say("An opinion, not a measurement"), lead, notes=notes)

    def _none(self, status: str) -> Worth:
        title = self.say("What it was worth")
        reason = "few_people" if self.view.hidden else str(self.money.get("reason"))
        why = self.say(WHY_NONE[reason])
        if status != "range":
            return Worth("none", title, why)
        low, high = (self._sum(end) for end in self.money["seen"]["95"])
        seen = self.say("It would be between %(low)s and %(high)s.", low=low, high=high)
        return Worth("range", title, f"{why} {seen}")

    def _percent(self, share: float) -> str:
        return self.view.figures.percent(share)

    def _points(self, percent: float) -> str:
        return self.view.figures.percent(round(percent) / 100, signed=True)
