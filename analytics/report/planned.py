"""What a report says of its plan and its draw: decided when, kept to or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analytics.report.view import View

Json = Mapping[str, Any]


def planned(view: View) -> list[str]:
    """Return what was decided before the start, in plain sentences; empty without a plan."""
    plan = view.record.get("plan")
    return [] if not plan else list(_sentences(view, plan))


def _sentences(view: View, plan: Json) -> Iterator[str]:
    yield _lock(view, plan)
    if plan.get("unread_before"):
        yield view.words.say(
            "Earlier months in which training had already begun count neither as before nor as after."
        )
    for change in plan["changes"]:
        day, reason = view.figures.day(str(change["at"])), change["reason"]
        yield view.words.say("Changed on %(day)s: %(reason)s", day=day, reason=reason)
    if plan["status"] in ("locked", "changed") and not plan["primary"]:
        yield view.words.say(
            "This outcome is not one of those the plan names. Take what is seen as a hint, to be "
            "planned for next time."
        )
    if plan["draw"]:
        yield from _draw(view, plan["draw"])


def _lock(view: View, plan: Json) -> str:
    say = view.words.say
    if plan["status"] == "draft":
        return say("There is a plan, but it was never locked, so it counts for nothing here.")
    day = view.figures.day(str(plan["locked_at"]))
    if plan["status"] == "late":
        return say(
            "The plan was locked on %(day)s, after the start, so it counts for nothing here.",
            day=day,
        )
    first, last = (view.figures.month(month) for month in plan["window"])
    if plan["status"] == "changed":
        return say(
            "The plan was locked on %(day)s, before the start, and changed after it. The effect is "
            "read from %(first)s to %(last)s.",
            day=day,
            first=first,
            last=last,
        )
    return say(
        "The plan was locked on %(day)s, before the start, and kept: the effect is read from "
        "%(first)s to %(last)s.",
        day=day,
        first=first,
        last=last,
    )


def _draw(view: View, draw: Json) -> Iterator[str]:
    say, whole = view.words.say, view.figures.number
    day = view.figures.day(str(draw["made_at"]))
    if not draw["in_time"]:
        yield say("A draw by lot was made on %(day)s, after the start, and is left aside.", day=day)
        return
    kept = {"day": day, "followed": whole(draw["followed"]), "teams": whole(draw["teams"])}
    if not draw["holds"]:
        yield say(
            "Lots were drawn on %(day)s, but only %(followed)s of %(teams)s teams started as drawn. "
            "So the answer does not rest on the draw.",
            **kept,
        )
        return
    yield say(
        "Who starts when was drawn by lot on %(day)s, evenly over the teams' size and earlier "
        "results. %(followed)s of %(teams)s teams started as drawn.",
        **kept,
    )
    if draw["followed"] < draw["teams"]:
        yield say(
            "The others are counted as they were drawn, not as they did: whoever chooses for "
            "themselves must not choose the comparison."
        )
    if draw["times"] > 1:
        yield say(
            "Lots were drawn %(n)s times. That leaves room for choosing among draws, so the best "
            "grade is not given.",
            n=whole(draw["times"]),
        )
