"""How much drift an effect withstands, in a sentence: one table, a row a case, a column a language."""

from __future__ import annotations

from analytics.telling.numbers import LANGUAGES, Lang, decimals_for, number

_STANDS: dict[Lang, str] = {
    "en": "The effect stands unless, without the training, the two sides would have drifted apart "
    "from one {period} to the next by more than {times} times the most they did before the start.",
    "sv": "Effekten står sig så länge de två sidorna, utan utbildningen, inte skulle ha glidit isär "
    "mer än {times} gånger så mycket från {period} till nästa som de gjorde som mest före starten.",
    "nl": "Het effect houdt stand zolang de twee kanten, zonder de training, van {period} op {other} "
    "niet meer dan {times} keer zo ver uit elkaar waren gelopen als vóór de start op zijn hoogst gebeurde.",
}
_TOO_COARSE: dict[Lang, str] = {
    "en": "The plain comparison of periods is too coarse to say how much drift the effect withstands.",
    "sv": "Den enkla jämförelsen av perioder är för grov för att visa hur mycket isärglidning "
    "effekten tål.",
    "nl": "De eenvoudige vergelijking van perioden is te grof om te zeggen hoeveel uiteenlopen het "
    "effect verdraagt.",
}
_PERIODS: dict[str, dict[Lang, str]] = {
    "period": {"en": "period", "sv": "en period", "nl": "de ene periode"},
    "month": {"en": "month", "sv": "en månad", "nl": "de ene maand"},
    "quarter": {"en": "quarter", "sv": "ett kvartal", "nl": "het ene kwartaal"},
    "half-year": {"en": "half-year", "sv": "ett halvår", "nl": "het ene halfjaar"},
    "year": {"en": "year", "sv": "ett år", "nl": "het ene jaar"},
    "week": {"en": "week", "sv": "en vecka", "nl": "de ene week"},
    "day": {"en": "day", "sv": "en dag", "nl": "de ene dag"},
}


def withstood(breakdown: float | None, period: str) -> dict[str, str]:
    """Return the sentence in every language; None is an effect that chance alone may have made."""
    return {lang: _sentence(breakdown, period, lang) for lang in LANGUAGES}


def _sentence(breakdown: float | None, period: str, lang: Lang) -> str:
    if breakdown is None:
        return _TOO_COARSE[lang]
    name = _PERIODS.get(period, _PERIODS["period"])[lang]
    times = number(breakdown, lang, decimals_for(breakdown))
    other = "het andere" if name.startswith("het") else "de andere"
    return _STANDS[lang].format(period=name, times=times, other=other)
