"""The answer on a terminal: verdict first, then what it rests on, then what would make it firmer."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from analytics.report.view import Figure, View
from analytics.report.worth import worth
from analytics.telling.flags import explain_flag, explain_raise
from analytics.telling.numbers import as_language

_WORDS = {
    "grade": {"en": "Grade", "sv": "Grad", "nl": "Graad"},
    "flags": {"en": "Found", "sv": "Funnet", "nl": "Bevonden"},
    "raise": {"en": "To raise it", "sv": "För att höja den", "nl": "Om die te verhogen"},
    "withstands": {"en": "How firm", "sv": "Hur säkert", "nl": "Hoe stevig"},
    "people": {"en": "Behind it", "sv": "Bakom", "nl": "Erachter"},
    "naive": {"en": "Not to be used", "sv": "Ska inte användas", "nl": "Niet te gebruiken"},
    "before_after": {"en": "before and after", "sv": "före och efter", "nl": "voor en na"},
    "cross_section": {
        "en": "trained against untrained",
        "sv": "utbildade mot ej utbildade",
        "nl": "opgeleid tegen niet opgeleid",
    },
    "twfe": {
        "en": "two-way fixed effects",
        "sv": "dubbla fasta effekter",
        "nl": "tweezijdige vaste effecten",
    },
    "trained": {"en": "trained", "sv": "utbildade", "nl": "opgeleid"},
    "compared": {"en": "to compare with", "sv": "att jämföra med", "nl": "om te vergelijken"},
}


def tell(answer: dict[str, Any], lang: str, console: Console | None = None) -> None:
    """Print the answer for people."""
    out = console or Console()
    out.print(f"[bold]{escape(answer['sentence'][as_language(lang)])}[/bold]\n")
    table = Table.grid(padding=(0, 2))
    for head, text in _rows(answer, lang):
        table.add_row(head, escape(text))
    out.print(table)


def _rows(answer: dict[str, Any], lang: str) -> list[tuple[str, str]]:
    def word(key: str) -> str:
        return _WORDS[key][as_language(lang)]

    n, view = answer["n"], View(answer, lang)
    rows = [(word("grade"), f"{answer['grade']}. {view.grade().reason}")]
    behind = f"{n['treated']} {word('trained')}, {n['comparison']} {word('compared')}"
    rows.append((word("people"), behind))
    if view.smallest() is not None:
        smallest = view.numbers()[2]
        rows.append((smallest.label, f"{smallest.value}. {smallest.note}"))
    rows += [(word("flags"), explain_flag(flag, lang)) for flag in answer["flags"]]
    for name, told in answer["naive"].items():
        said = view.plain(told)
        if said is not None:
            rows.append((word("naive"), f"{word(name)}: {said}"))
        if said is not None and name == "before_after":
            rows += [(word("naive"), text) for text in view.why_naive_differs()]
    withstands = (answer["checks"].get("sensitivity") or {}).get("sentence")
    if withstands and answer["verdict"] != "cannot_tell":
        rows.append((word("withstands"), withstands[as_language(lang)]))
    rows += [(word("raise"), explain_raise(code, lang)) for code in answer["raise_the_grade"]]
    rows += _money(answer, lang)
    return [
        (head if at == 0 or rows[at - 1][0] != head else "", t) for at, (head, t) in enumerate(rows)
    ]


def _money(answer: dict[str, Any], lang: str) -> list[tuple[str, str]]:
    """Return what the effect is worth, in the words of the report; nothing where it was not asked."""
    told = worth(View(answer, lang))
    if told is None:
        return []
    said = [(told.title, text) for text in (told.lead, *told.notes)]
    return said + [(one.label, _figure(one)) for one in told.numbers]


def _figure(figure: Figure) -> str:
    """Return a number with what it means; only that where there is no number to give."""
    parts = (figure.value, figure.note)
    return ". ".join(part for part in parts if part not in ("", "–"))
