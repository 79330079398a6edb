"""The picture of the event study: everything is in it, in its place, and readable without colour."""

from __future__ import annotations

import itertools
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.report.chart import NARROW, WIDE, Labels, Point, event_study, nice_range, points

SVG = "{http://www.w3.org/2000/svg}"
LABELS = Labels(
    title="Errors & more before and after the start",
    description="The differences after the start average −0.03.",
    before="before",
    after="after",
    axis="Months since the start",
    tick=lambda value, _step: f"{value:g}",
    when=str,
)
SEEN = [
    Point(when, -0.01 * max(when, 0), -0.01 * max(when, 0) - 0.02, 0.03) for when in range(-5, 7)
]


def drawn(seen: list[Point] = SEEN, **changes: object) -> ElementTree.Element:
    size = changes.get("size", WIDE)
    return ElementTree.fromstring(str(event_study(seen, LABELS, size)))  # noqa: S314


def of_class(tree: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [element for element in tree.iter() if element.get("class") == name]


def test_points_come_in_the_order_of_time_and_without_gaps_filled() -> None:
    cells = {"2": {"att": 1.0}, "-10": {"att": 0.5}, "-2": {"att": None}, "0": {"att": 0.0}}
    assert [(p.when, p.value) for p in points(cells)] == [(-10, 0.5), (0, 0.0), (2, 1.0)]


def test_interval_is_worked_out_where_only_the_error_is_known() -> None:
    (point,) = points({"1": {"att": 1.0, "se": 0.5}})
    assert (point.low, point.high) == pytest.approx((0.02, 1.98))


def test_infinite_values_are_left_out() -> None:
    assert points({"1": {"att": float("nan")}, "2": {"att": float("inf")}}) == []


def test_each_period_has_its_dot_on_its_side_of_the_start() -> None:
    tree = drawn()
    before, after = of_class(tree, "c-before"), of_class(tree, "c-after")
    assert (len(before), len(after)) == (5, 7)
    (start,) = of_class(tree, "c-start")
    x = float(start.get("x1", ""))
    assert max(float(c.get("cx", "")) for c in before) < x
    assert min(float(c.get("cx", "")) for c in after) > x


def test_dots_before_the_start_differ_in_form_and_not_in_colour_alone() -> None:
    tree = drawn()
    fills = {c.get("fill") for c in of_class(tree, "c-before")}
    assert fills.isdisjoint({c.get("fill") for c in of_class(tree, "c-after")})
    assert fills == {"#ffffff"}


def test_higher_value_stands_higher() -> None:
    tree = drawn([Point(0, 1.0), Point(1, 2.0)])
    first, second = of_class(tree, "c-after")
    assert float(first.get("cy", "")) > float(second.get("cy", ""))


def test_dot_at_zero_lies_on_the_zero_line() -> None:
    tree = drawn([Point(-1, 0.0, -1, 1), Point(0, 0.5, 0.1, 0.9)])
    (zero,) = of_class(tree, "c-zero")
    (dot,) = of_class(tree, "c-before")
    assert dot.get("cy") == zero.get("y1")


def test_one_wild_interval_does_not_flatten_the_rest() -> None:
    calm = [Point(when, 0.1, 0.0, 0.2) for when in range(8)]
    tree = drawn([*calm, Point(8, 0.1, -50.0, 50.0)])
    heights = [
        float(bar.get("y1", "")) - float(bar.get("y2", "")) for bar in of_class(tree, "c-after-bar")
    ]
    assert heights[0] > 0.2 * heights[-1]
    inside = [float(b.get(y, "")) for b in of_class(tree, "c-after-bar") for y in ("y1", "y2")]
    assert min(inside) >= WIDE.top
    assert max(inside) <= WIDE.height - WIDE.bottom


def test_picture_says_what_it_shows_to_those_who_do_not_see_it() -> None:
    tree = drawn()
    named = (tree.get("aria-labelledby") or "").split()
    texts = [element.text for id_ in named for element in tree.iter() if element.get("id") == id_]
    assert texts == [LABELS.title, LABELS.description]
    assert tree.get("role") == "img"


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=lambda s: s.name)
def test_everything_stays_inside_the_picture(size: object) -> None:
    tree = drawn(size=size)
    width, height = map(float, (tree.get("viewBox") or "").split()[2:])
    for element in tree.iter():
        for name, limit in (
            ("x", width),
            ("x1", width),
            ("cx", width),
            ("y", height),
            ("cy", height),
        ):
            if element.get(name):
                assert 0 <= float(element.get(name, "")) <= limit


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=lambda s: s.name)
def test_labels_along_the_bottom_do_not_touch(size: object) -> None:
    tree = drawn([Point(when, 0.1) for when in range(-30, 31)], size=size)
    bottom = size.height - size.bottom + 20  # type: ignore[attr-defined]
    places = [
        float(t.get("x", "")) for t in tree.iter(f"{SVG}text") if float(t.get("y", "")) == bottom
    ]
    gaps = [b - a for a, b in itertools.pairwise(places)]
    assert len(places) >= 5
    assert min(gaps) > 30


def test_picture_needs_no_style_of_the_page() -> None:
    """The printer of PDF files does not see the page's style inside a picture."""
    text = str(event_study(SEEN, LABELS))
    assert "style=" not in text
    for element in drawn().iter():
        if element.tag in (f"{SVG}line", f"{SVG}circle"):
            assert element.get("stroke", "").startswith("#")
        if element.tag in (f"{SVG}text", f"{SVG}rect"):
            assert element.get("fill", "").startswith("#")


def test_words_are_escaped() -> None:
    text = str(event_study(SEEN, LABELS))
    assert "Errors &amp; more" in text


def test_picture_of_one_period_can_be_drawn() -> None:
    assert len(of_class(drawn([Point(0, 0.0)]), "c-after")) == 1


numbers = st.floats(-1e6, 1e6, allow_nan=False).filter(lambda x: x == 0 or abs(x) > 1e-6)


@given(numbers, numbers)
def test_axis_holds_its_values_in_few_round_steps(a: float, b: float) -> None:
    low, high, step = nice_range(min(a, b), max(a, b))
    slack = 1e-6 * max(abs(a), abs(b), 1e-9)
    assert low <= min(a, b) + slack
    assert high >= max(a, b) - slack
    assert 1 <= round((high - low) / step) <= 8
    assert re.fullmatch(r"(1|2|2\.5|5)(\.0+)?e[+-]\d+", f"{step:.1e}") or f"{step:.1e}"[0] in "125"
