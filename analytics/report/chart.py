"""What a report shows as a picture, period by period: what differed between trained and untrained, or,
where all were trained at once, what was measured beside what was to be expected.

Plain SVG made here. Colours and sizes are presentation attributes, because the printer of PDF files
does not see the page's style inside a picture; the classes beside them let the page recolour it in
the dark (`architecture.md`, "Pages are made on the server").
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from markupsafe import Markup, escape

_INK = "#17232b"
_SOFT = "#51606a"
_LINE = "#dddfda"
_AFTER = "#0f5a66"
_AFTER_GROUND = "#eaf3f3"
_BEFORE = "#6b7a83"
_CARD = "#ffffff"
_FONT = "-apple-system, BlinkMacSystemFont, Segoe UI, Roboto, Liberation Sans, Arial, sans-serif"


@dataclass(frozen=True, slots=True)
class Point:
    """The difference at one distance from the start, with its interval if it has one."""

    when: int
    value: float
    low: float | None = None
    high: float | None = None

    def divided_by(self, level: float) -> Point:
        """Return the point as a share of a level."""
        low, high = (None if end is None else end / level for end in (self.low, self.high))
        return Point(self.when, self.value / level, low, high)


@dataclass(frozen=True, slots=True)
class Labels:
    """Everything the picture says, in the reader's language."""

    title: str
    description: str
    before: str
    after: str
    axis: str
    tick: Callable[[float, float], str]
    """From a value and the distance between ticks to the text at the axis."""
    when: Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Size:
    """Where the plot lies in the picture."""

    name: str
    width: int
    height: int
    left: int
    right: int = 16
    top: int = 34
    bottom: int = 50
    text: float = 13.0


WIDE = Size("wide", 760, 340, left=64)
NARROW = Size("narrow", 360, 300, left=54, right=8, text=12.5)


def points(event_study: Mapping[str, Mapping[str, float | None]]) -> list[Point]:
    """Return the periods of an answer's `event_study` in order of time; those without a value are left out."""
    found = []
    for when, cell in event_study.items():
        value = cell.get("att")
        if value is not None and math.isfinite(value):
            found.append(Point(int(when), value, *_interval(value, cell)))
    return sorted(found, key=lambda point: point.when)


def _interval(value: float, cell: Mapping[str, float | None]) -> tuple[float | None, float | None]:
    low, high, se = cell.get("low"), cell.get("high"), cell.get("se")
    if low is None and high is None and se is not None:
        return value - 1.96 * se, value + 1.96 * se
    return low, high


def event_study(
    seen: Sequence[Point], labels: Labels, size: Size = WIDE, *, name: str = "es"
) -> Markup:
    """Return the picture; ``name`` keeps its ids apart from those of other pictures on the page."""
    plot = _Plot.of(seen, size, *_reach(seen))
    marks = [part for point in seen for part in _mark(plot, point)]
    return _picture(plot, labels, marks, name)


def course(
    seen: Sequence[Point],
    expected: Sequence[Point],
    labels: Labels,
    size: Size = WIDE,
    *,
    name: str = "es",
) -> Markup:
    """Return the picture of what was measured, as dots, along the line of what was to be ``expected``."""
    values = [point.value for point in (*seen, *expected)] or [0.0]
    room = 0.05 * (max(values) - min(values))
    plot = _Plot.of(seen, size, min(values) - room, max(values) + room)
    marks = [part for point in seen for part in _mark(plot, point)]
    return _picture(plot, labels, [*_course(plot, expected), *marks], name)


def _course(plot: _Plot, expected: Sequence[Point]) -> Iterable[Markup]:
    """Return the line before the start, and from there on broken: nobody has seen how it would have gone on."""
    last = max((point.when for point in expected if point.when < 0), default=0)
    seen = [point for point in expected if point.when < 0]
    foretold = [point for point in expected if point.when >= last]
    for line, broken in ((seen, "none"), (foretold, "5 4")):
        if len(line) > 1:
            yield _el(
                "polyline",
                points=" ".join(f"{plot.x(at.when):.2f},{plot.y(at.value):.2f}" for at in line),
                fill="none",
                stroke=_BEFORE,
                stroke_width=2,
                stroke_dasharray=broken,
                class_="c-expected",
            )


def _picture(plot: _Plot, labels: Labels, marks: Iterable[Markup], name: str) -> Markup:
    size, ids = plot.size, f"{name}-{plot.size.name}"
    inner = (
        _el("title", escape(labels.title), id=f"{ids}-title"),
        _el("desc", escape(labels.description), id=f"{ids}-desc"),
        *_ground(plot, labels),
        *_value_axis(plot, labels),
        *_time_axis(plot, labels),
        *_start_line(plot),
        *marks,
    )
    return _el(
        "svg",
        *inner,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {size.width} {size.height}",
        role="img",
        aria_labelledby=f"{ids}-title {ids}-desc",
        class_=f"chart chart-{size.name}",
        font_family=_FONT,
        font_size=size.text,
    )


@dataclass(frozen=True, slots=True)
class _Plot:
    size: Size
    first: int
    last: int
    low: float
    high: float
    step: float

    @classmethod
    def of(cls, seen: Sequence[Point], size: Size, least: float, most: float) -> _Plot:
        low, high, step = nice_range(least, most)
        first = min((point.when for point in seen), default=-1)
        last = max((point.when for point in seen), default=0)
        return cls(size, min(first, -1), max(last, 0), low, high, step)

    @property
    def right(self) -> float:
        return self.size.width - self.size.right

    @property
    def floor(self) -> float:
        return self.size.height - self.size.bottom

    def x(self, when: float) -> float:
        share = (when - self.first + 0.5) / (self.last - self.first + 1)
        return self.size.left + share * (self.right - self.size.left)

    def y(self, value: float) -> float:
        inside = min(max(value, self.low), self.high)
        share = (inside - self.low) / (self.high - self.low)
        return self.floor - share * (self.floor - self.size.top)

    def ticks(self) -> Iterable[float]:
        n = round((self.high - self.low) / self.step)
        return (self.low + i * self.step for i in range(n + 1))


def _reach(seen: Sequence[Point]) -> tuple[float, float]:
    """Return what the axis must hold: every point, and intervals unless they dwarf the others."""
    if not seen:
        return -1.0, 1.0
    halves = [(p.high - p.low) / 2 for p in seen if p.low is not None and p.high is not None]
    cap = 2 * median(halves) if halves else 0.0
    low = min(
        min(p.value, max(p.low, p.value - cap)) if p.low is not None else p.value for p in seen
    )
    high = max(
        max(p.value, min(p.high, p.value + cap)) if p.high is not None else p.value for p in seen
    )
    return min(low, 0.0), max(high, 0.0)


def nice_range(low: float, high: float, wanted: int = 6) -> tuple[float, float, float]:
    """Return a range of round numbers around the given one, and the step between its ticks."""
    if high - low <= 0:
        low, high = low - 1.0, high + 1.0
    rough = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * n for n in (1, 2, 2.5, 5, 10) if power * n >= rough * 0.999)
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step, step


def _ground(plot: _Plot, labels: Labels) -> Iterable[Markup]:
    start, top = plot.x(-0.5), plot.size.top
    yield _el(
        "rect",
        x=start,
        y=top,
        width=plot.right - start,
        height=plot.floor - top,
        fill=_AFTER_GROUND,
        class_="c-after-ground",
    )
    yield _text(start - 10, top - 12, f"← {labels.before}", anchor="end", soft=True)
    yield _text(start + 10, top - 12, f"{labels.after} →", soft=True)


def _value_axis(plot: _Plot, labels: Labels) -> Iterable[Markup]:
    for value in plot.ticks():
        zero = abs(value) < plot.step / 1000
        y = plot.y(value)
        yield _line(plot.size.left, y, plot.right, y, _INK if zero else _LINE, zero=zero)
        tick = labels.tick(0.0 if zero else value, plot.step)
        yield _text(plot.size.left - 8, y + 4.5, tick, anchor="end", soft=not zero)


def _time_axis(plot: _Plot, labels: Labels) -> Iterable[Markup]:
    room = (plot.right - plot.size.left) / (plot.size.text * 3.1)
    every = _spacing(plot.last - plot.first + 1, room)
    for at in range(plot.first, plot.last + 1):
        if at % every == 0:
            yield _text(plot.x(at), plot.floor + 20, labels.when(at), anchor="middle", soft=True)
    middle = (plot.size.left + plot.right) / 2
    yield _text(middle, plot.floor + 42, labels.axis, anchor="middle", soft=True)


def _spacing(n: int, room: float) -> int:
    return next((every for every in (1, 2, 3, 4, 6, 12, 24) if n / every <= room), 60)


def _start_line(plot: _Plot) -> Iterable[Markup]:
    x = plot.x(-0.5)
    yield _el(
        "line",
        x1=x,
        y1=plot.size.top,
        x2=x,
        y2=plot.floor,
        stroke=_AFTER,
        stroke_width=1.5,
        stroke_dasharray="4 4",
        class_="c-start",
    )


def _mark(plot: _Plot, point: Point) -> Iterable[Markup]:
    after = point.when >= 0
    colour, kind = (_AFTER, "after") if after else (_BEFORE, "before")
    x = plot.x(point.when)
    if point.low is not None and point.high is not None:
        yield _el(
            "line",
            x1=x,
            y1=plot.y(point.low),
            x2=x,
            y2=plot.y(point.high),
            stroke=colour,
            stroke_width=2,
            stroke_linecap="round",
            stroke_opacity=0.55,
            class_=f"c-{kind}-bar",
        )
    yield _el(
        "circle",
        cx=x,
        cy=plot.y(point.value),
        r=min(4.5, 0.36 * (plot.x(1) - plot.x(0))),
        fill=colour if after else _CARD,
        stroke=colour,
        stroke_width=2,
        class_=f"c-{kind}",
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, *, zero: bool) -> Markup:
    return _el(
        "line",
        x1=x1,
        y1=y1,
        x2=x2,
        y2=y2,
        stroke=colour,
        stroke_width=1.25 if zero else 1,
        class_="c-zero" if zero else "c-grid",
    )


def _text(x: float, y: float, said: str, *, anchor: str = "start", soft: bool = False) -> Markup:
    return _el(
        "text",
        escape(said),
        x=x,
        y=y,
        text_anchor=anchor,
        fill=_SOFT if soft else _INK,
        class_="c-soft" if soft else "c-ink",
    )


_KEPT = {"viewBox"}


def _el(tag: str, *inner: Markup, **attributes: object) -> Markup:
    """Return an element; names of attributes have their hyphens as low lines, numbers are rounded."""
    said = "".join(f' {_attribute(k)}="{escape(_value(v))}"' for k, v in attributes.items())
    body = Markup().join(inner)
    return Markup(f"<{tag}{said}>{body}</{tag}>") if inner else Markup(f"<{tag}{said}/>")  # noqa: S704  # built from escaped parts


def _attribute(name: str) -> str:
    return name if name in _KEPT else name.rstrip("_").replace("_", "-")


def _value(value: object) -> object:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else value
