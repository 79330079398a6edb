"""How a report's figures were made: in plain words, every estimate, and what they were made from."""

from __future__ import annotations

from typing import Any

from analytics.methods import ADJUSTED, BY_LOTS
from analytics.report.picture import Row
from analytics.report.view import View
from analytics.report.ways import OF_TABLES, in_words
from lrs.web.i18n import N_

ESTIMATES = {
    "simple": N_("Difference in differences, all trained periods alike"),
    "group": N_("Difference in differences, averaged by start"),
    "dynamic": N_("Difference in differences, averaged by time since the start"),
    "efficient": N_("Efficient estimate for a start drawn by lot"),
    "adjusted": N_("Adjusted for all periods before a start drawn by lot"),
    "imputation": N_("Imputation from the untrained periods"),
    "weighted_imputation": N_("Imputation, weighted by how a unit's months move together"),
    "poisson": N_("Rate model with exposure"),
}
NAIVE = {
    "before_after": N_("Plain before and after (do not use)"),
    "cross_section": N_("Plain trained against untrained (do not use)"),
    "twfe": N_("Two-way fixed effects (do not use)"),
}


def method(view: View) -> list[str]:
    """Return how it was estimated, in words that need no statistics."""
    say = view.words.say
    if view.by_series:
        said = [
            say(
                "Everybody was trained by then, so there was nobody to compare with. The time before "
                "the start, its trend and its seasons, stands for how things would have gone on; the "
                "effect is by how much the time after it differs from that."
            ),
            say(
                "How sure we can be follows from how much single periods stray from that course. "
                "Whatever else changed at the start passes for an effect of the training."
            ),
        ]
    elif "no_comparison_group" in view.flags:
        said = [
            say(
                "Everybody was trained by then, so there was nobody to compare with. What is left "
                "is a before and after, and that cannot tell the training from everything else."
            )
        ]
    elif view.record.get("event_study"):
        said = [_comparison(view), _uncertainty(view)]
    else:
        said = [
            say("Those who were trained were compared with those who were not, over the same time.")
        ]
    withstands = view.withstands()
    return said + ([withstands] if withstands else []) + _left_out(view)


def _comparison(view: View) -> str:
    say = view.words.say
    if ADJUSTED in _told_by(view):
        return say(
            "Lots decided which teams started when, so the teams that had not started show how the "
            "others would have gone on. How each team stood in all the months before its start was "
            "taken into account."
        )
    if view.by_team:
        return say(
            "Teams that started in the same month were followed from before to after, and beside "
            "them, over the same months, the teams that had not started. The effect is what "
            "changed more among the former than among the latter."
        )
    return say(
        "People who started at the same time were followed from before to after, and beside them, "
        "over the same time, those who had not started. The effect is what changed more among the "
        "former than among the latter."
    )


def _told_by(view: View) -> str:
    return str((view.record.get("estimate") or {}).get("method"))


def _uncertainty(view: View) -> str:
    redrawn = (view.record.get("inference") or {}).get("assignments")
    if redrawn and BY_LOTS in _told_by(view):
        return view.words.say(
            "The lots were drawn again %(n)s times, as they might have fallen. The interval holds "
            "every effect that these draws do not rule out.",
            n=view.figures.number(redrawn),
        )
    if view.by_team:
        return view.words.say(
            "Whole teams were trained together, so each team counts as one when it is worked out "
            "how sure we can be."
        )
    return view.words.say(
        "The interval follows from how differently those who started at the same time developed."
    )


def _left_out(view: View) -> list[str]:
    people = view.record.get("people") or {}
    missing, unseen = people.get("unresolved_actors"), people.get("never_seen_before")
    said = []
    if people.get("compared_with_themselves"):
        said.append(
            view.words.say(
                "People came and went. Each is compared with how they did before, so that who left or "
                "came does not pass for an effect."
            )
        )
    if unseen:
        said.append(
            view.words.say_n(
                "%(n)s person was not seen before their start, and is left out.",
                "%(n)s people were not seen before their start, and are left out.",
                unseen,
                n=view.figures.number(unseen),
            )
        )
    if missing:
        said.append(
            view.words.say_n(
                "%(n)s learner in the statements could not be matched to a person and is left out.",
                "%(n)s learners in the statements could not be matched to people and are left out.",
                missing,
                n=view.figures.number(missing),
            )
        )
    return said


def starts(view: View) -> str | None:
    """Return when the first and the last started."""
    found = (view.record.get("exposure") or {}).get("starts") or []
    periods = sorted(str(start["period"]) for start in found if start.get("period"))
    if not periods:
        return None
    first, last = view.figures.month(periods[0]), view.figures.month(periods[-1])
    if first == last:
        return view.words.say("All of them started in %(first)s.", first=first)
    return view.words.say(
        "The first started in %(first)s, the last in %(last)s.", first=first, last=last
    )


def estimates(view: View) -> list[Row]:
    """Return every estimate that was made, the ones not to be used last."""
    if view.hidden:
        return []
    naive = view.record.get("naive") or {}
    made = view.record.get("estimates") or {}
    # With nobody to compare with, the naive number is the only one there is.
    beside = {key: estimate for key, estimate in made.items() if key not in naive}
    return [*_rows(view, beside, ESTIMATES | OF_TABLES), *_rows(view, naive, NAIVE)]


def _rows(view: View, made: dict[str, Any], names: dict[str, str]) -> list[Row]:
    rows = []
    for key, estimate in made.items():
        told = view.scale.tell(estimate) if isinstance(estimate, dict) else None
        if told:
            name = view.words.say(names[key]) if key in names else key
            rows.append(Row(name, told.value, told.low or "", told.high or ""))
    return rows


def provenance(view: View) -> list[tuple[str, str]]:
    """Return what the figures were made from, so that they can be made again."""
    kept = view.record.get("provenance") or {}
    say = view.words.say
    made_at = view.record.get("made_at")
    told_by = (view.record.get("estimate") or {}).get("method")
    found = [
        (say("Made"), view.figures.day(str(made_at)) if made_at else None),
        (say("Path"), (view.record.get("path") or {}).get("id")),
        (say("Outcome"), (view.record.get("outcome") or {}).get("id")),
        (say("Method"), in_words(told_by, view.words) if told_by else None),
        (say("Version"), kept.get("version")),
        (say("Question, SHA-256"), kept.get("spec_sha256")),
        (say("Data, SHA-256"), kept.get("data_sha256")),
        (say("Seed"), kept.get("seed")),
    ]
    return [(label, str(value)) for label, value in found if value is not None]
