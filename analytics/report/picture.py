"""What the picture of a report says around its dots, and the same figures as a table.

It is the event study; where all were trained at once, the months themselves along what was to be expected.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from analytics.report.chart import Labels, Point, Size, course, event_study, points
from analytics.report.view import View

_MONTH = re.compile(r"\d{4}-\d{2}")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table of estimates."""

    label: str
    value: str
    low: str = ""
    high: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        """Return what follows the label."""
        return (self.value, self.low, self.high)


@dataclass(frozen=True, slots=True)
class Measured:
    """A period of a series: what was measured in it, and what was to be expected."""

    label: str
    value: str
    expected: str

    @property
    def cells(self) -> tuple[str, ...]:
        """Return what follows the label."""
        return (self.value, self.expected)


def picture_of(view: View) -> Picture | Course:
    """Return the picture that a record has."""
    return Course(view) if view.record.get("series") else Picture(view)


class _Around:
    """What is said around either picture."""

    def __init__(self, view: View) -> None:
        self._view = view
        self.say = view.words.say

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

    def _labels(self, description: str, tick: Callable[[float, float], str]) -> Labels:
        """Return what is written in the picture."""
        return Labels(
            title=self.say("%(outcome)s before and after the start", outcome=self._view.outcome),
            description=description,
            before=self.say("before"),
            after=self.say("after"),
            axis=self.axis,
            tick=tick,
            when=lambda n: self._view.figures.number(n),
        )

    def _good(self) -> str:
        up = self._view.measured.get("better") != "down"
        return self.say("Up is better.") if up else self.say("Down is better.")


class Picture(_Around):
    """The event study of a record; `seen` is empty where there is none to show."""

    def __init__(self, view: View) -> None:
        super().__init__(view)
        base = _level_before(view)
        self._relative = base is not None
        self._scale = replace(view.scale, relative=self._relative)
        self.seen: Sequence[Point] = [point.divided_by(base or 1.0) for point in _shown(view)]

    @property
    def heads(self) -> tuple[str, ...]:
        """Return the heads of the table."""
        return (self.axis, self.say("Difference"), self.say("From"), self.say("To"))

    def drawn(self, size: Size) -> Markup:
        """Return the picture in one size."""
        return event_study(self.seen, self.labels(), size)

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
        return " ".join(said for said in (self._measure(), self._good(), bars) if said)

    def _measure(self) -> str:
        if self._relative:
            return self.say("In per cent of the level before the start.")
        unit = self._scale.unit_in_words()
        return self.say("In %(unit)s.", unit=unit) if unit else ""

    def labels(self) -> Labels:
        """Return what is written in the picture."""
        return self._labels(self.description(), self._scale.tick())

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


class Course(_Around):
    """The months of all who were trained at once; `seen` is empty where they may not be shown."""

    def __init__(self, view: View) -> None:
        super().__init__(view)
        found = {} if view.hidden else view.record.get("series") or {}
        at = sorted((int(when), cell) for when, cell in found.items())
        self.seen: Sequence[Point] = [Point(when, cell["value"]) for when, cell in at]
        self.expected: Sequence[Point] = [Point(when, cell["expected"]) for when, cell in at]

    @property
    def heads(self) -> tuple[str, ...]:
        """Return the heads of the table."""
        return (self.axis, self.say("Measured"), self.say("Expected"))

    @property
    def lead(self) -> str:
        return self.say(
            "Each dot is what was measured in a period. The line is how the time before the start, its "
            "trend and its seasons, lets one expect it to go on. What lies between the two after the "
            "start is the effect, and whatever else changed then."
        )

    @property
    def caption(self) -> str:
        """Return which way is good."""
        return self._good()

    def drawn(self, size: Size) -> Markup:
        """Return the picture in one size."""
        labels = self._labels(self.description(), self._view.scale.level_tick())
        return course(self.seen, self.expected, labels, size)

    def description(self) -> str:
        """Return the picture in words, for those who do not see it."""
        after = [point.when >= 0 for point in self.seen]
        measured, expected = (
            self._level(sum(p.value for p, on in zip(row, after, strict=True) if on) / sum(after))
            for row in (self.seen, self.expected)
        )
        return self.say(
            "After the start %(measured)s were measured on average, where %(expected)s were to be "
            "expected.",
            measured=measured,
            expected=expected,
        )

    def rows(self) -> list[Measured]:
        """Return the dots as lines of a table."""
        return [
            Measured(
                self._view.figures.number(point.when, signed=True),
                self._level(point.value),
                self._level(other.value),
            )
            for point, other in zip(self.seen, self.expected, strict=True)
        ]

    def _level(self, value: float) -> str:
        values = [point.value for point in self.seen]
        return self._view.scale.level(value, (max(values) - min(values)) / 4)


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
