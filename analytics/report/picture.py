"""What the picture of the event study says around its dots, and the same figures as a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

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
        self.seen: Sequence[Point] = (
            [] if view.hidden else points(view.record.get("event_study") or {})
        )

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
        """Return what the bars mean, and in what the axis is measured."""
        bars = self.say(
            "The bars show where the truth lies, %(sure)s sure.",
            sure=self._view.figures.percent(0.95),
        )
        unit = self._view.scale.unit_in_words()
        return " ".join((bars, self.say("In %(unit)s.", unit=unit))) if unit else bars

    def labels(self) -> Labels:
        """Return what is written in the picture."""
        return Labels(
            title=self.say("%(outcome)s before and after the start", outcome=self._view.outcome),
            description=self.description(),
            before=self.say("before"),
            after=self.say("after"),
            axis=self.axis,
            better=self.say("better"),
            better_is_up=self._view.measured.get("better") != "down",
            tick=self._view.scale.tick(),
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
        return self._view.scale.difference(sum(values) / len(values), width)

    def rows(self) -> list[Row]:
        """Return the dots as lines of a table."""
        scale = self._view.scale
        rows = []
        for point in self.seen:
            told = scale.tell_difference({"att": point.value, "low": point.low, "high": point.high})
            if told:
                when = self._view.figures.number(point.when, signed=True)
                rows.append(Row(when, told.value, told.low or "", told.high or ""))
        return rows
