"""A report on the screen, in the words of the page: verdict, grade, three numbers, the naive one last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from analytics.report.method import NAIVE
from analytics.report.planned import planned
from analytics.report.view import View
from analytics.report.worth import worth
from lrs.web.i18n import known

COLOURS = {"good": "green", "bad": "red", "still": "cyan", "doubt": "yellow"}


def print_summary(record: Mapping[str, Any], lang: str) -> None:
    """Print the report for people; plain text where nobody looks at a terminal."""
    console = Console(highlight=False, soft_wrap=True)
    for line in _lines(View(record, known(lang))):
        console.print(line)


def _lines(view: View) -> Iterator[Text]:
    grade = view.grade()
    yield Text(view.sentence, style=f"bold {COLOURS[view.tone]}")
    yield Text(f"{grade.letter} · {grade.meaning}: {grade.reason}")
    yield Text()
    for number in view.numbers():
        yield _labelled(number.label, number.value, number.note)
    yield from _naive(view)
    yield from _worth(view)
    for said in planned(view):
        yield Text(said, style="dim")
    remarks = view.remarks()
    if remarks:
        yield Text()
    for remark in remarks:
        yield Text(f"! {remark.text}" if remark.warning else f"  {remark.text}", style="yellow")
    for advice in view.raises():
        yield Text(f"→ {advice}")
    yield from _below(view)


def _labelled(label: str, value: str, note: str) -> Text:
    return Text.assemble(f"{label}: ", (value, "bold"), f"  {note}")


def _naive(view: View) -> Iterator[Text]:
    """Strike the number through that a plain before and after would have claimed."""
    naive = view.naive()
    if naive is None:
        return
    label = view.words.say(NAIVE["before_after"])
    yield Text.assemble(f"{label}: ", (naive, "strike"), f"  {' '.join(view.why_naive_differs())}")


def _worth(view: View) -> Iterator[Text]:
    """Tell the money, if there is any to tell; an opinion says that it is one."""
    found = worth(view)
    if found is None:
        return
    yield Text()
    yield Text.assemble((found.title, "bold"), f": {found.lead}")
    for number in found.numbers:
        yield _labelled(number.label, number.value, number.note)
    for note in found.notes:
        yield Text(note, style="dim")


def _below(view: View) -> Iterator[Text]:
    """Completion only below the effect."""
    found = view.completion()
    if found is None and view.window is None:
        return
    yield Text()
    if view.window is not None:
        yield Text(view.window, style="dim")
    if found is not None:
        said = view.words.say(
            "By the middle of %(month)s, the last month read, %(percent)s had completed it: "
            "%(completed)s of %(people)s people. That tells who took the training, not what it did.",
            month=found.month,
            percent=found.percent,
            completed=found.completed,
            people=found.people,
        )
        yield Text(said, style="dim")
