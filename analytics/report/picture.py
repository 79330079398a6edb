"""What the picture of the event study says around its dots, and the same figures as a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from analytics.report.chart import Labels, Point, points
from analytics.report.view import View

_MONTH = re.compile(r"\d{4}-\d{2}")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table of estimates."""

    label: str
    value: str
    low: str = ""
    high: str = ""


class Picture:
    """The event study of a record; `seen` is empty where there is none to show."""

    def __init__(self, view: View) -> None:
        self._view = view
        self.say = view.words.say
        base = _level_before(view)
        self._relative = base is not None
        self._scale = replace(view.scale, relative=self._relative)
        self.seen: Sequence[Point] = [point.divided_by(base or 1.0) for point in _shown(view)]

    @property
    def _by_month(self) -> bool:
        window = self._view.record.get("window") or {}
        return bool(_MONTH.fullmatch(str(window.get("from", ""))))

    @property
    def axis(self) -> str:
        """Return what is counted along the bottom."""
        if self._by_month:
            return self.say("Months since the start")
        return self.say("Periods since the start")

    @property
    def lead(self) -> str:
        return self.say(
            "Each dot shows how differently the trained and the others changed, so long before or "
            "after the start. Before the start the dots should lie around zero. What they do after "
            "it is the effect."
        )

    @property
    def caption(self) -> str:
        """Return what the bars mean, what the axis measures, and which way is good."""
        bars = self.say(
            "The bars show where the truth lies, %(sure)s sure.",
            sure=self._view.figures.percent(0.95),
        )
        up = self._view.measured.get("better") != "down"
        good = self.say("Up is better.") if up else self.say("Down is better.")
        return " ".join(said for said in (self._measure(), good, bars) if said)

    def _measure(self) -> str:
        if self._relative:
            return self.say("In per cent of the level before the start.")
        unit = self._scale.unit_in_words()
        return self.say("In %(unit)s.", unit=unit) if unit else ""

    def labels(self) -> Labels:
        """Return what is written in the picture."""
        return Labels(
            title=self.say("%(outcome)s before and after the start", outcome=self._view.outcome),
            description=self.description(),
            before=self.say("before"),
            after=self.say("after"),
            axis=self.axis,
            tick=self._scale.tick(),
            when=lambda n: self._view.figures.number(n),
        )

    def description(self) -> str:
        """Return the picture in words, for those who do not see it."""
        before, after = self._mean(after=False), self._mean(after=True)
        if after is None:
            return self.say("Differences before the start only.")
        if before is None:
            return self.say("The differences after the start average %(after)s.", after=after)
        return self.say(
            "The differences before the start average %(before)s, those after it %(after)s.",
            before=before,
            after=after,
        )

    def _mean(self, *, after: bool) -> str | None:
        values = [point.value for point in self.seen if (point.when >= 0) is after]
        if not values:
            return None
        width = (max(p.value for p in self.seen) - min(p.value for p in self.seen)) / 4
        return self._scale.difference(sum(values) / len(values), width)

    def rows(self) -> list[Row]:
        """Return the dots as lines of a table."""
        scale = self._scale
        rows = []
        for point in self.seen:
            told = scale.tell_difference({"att": point.value, "low": point.low, "high": point.high})
            if told:
                when = self._view.figures.number(point.when, signed=True)
                rows.append(Row(when, told.value, told.low or "", told.high or ""))
        return rows


def _shown(view: View) -> list[Point]:
    return [] if view.hidden else points(view.record.get("event_study") or {})


def _level_before(view: View) -> float | None:
    """Return the outcome's level among the trained before the start, where a share of it tells.

    The plain before and after is given both as a difference and in per cent of just that level.
    """
    plain = (view.record.get("naive") or {}).get("before_after") or {}
    value, percent = plain.get("att"), plain.get("percent")
    told_in_percent = view.scale.in_percent(view.record.get("estimate") or {})
    if not told_in_percent or not value or not percent:
        return None
    return float(abs(100 * value / percent))
