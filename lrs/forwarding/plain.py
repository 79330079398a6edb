"""Targets and dead letters as JSON has them: for the command line and the management API alike."""

from __future__ import annotations

from typing import Any

from lrs.forwarding.dead_letters import DeadLetter
from lrs.forwarding.standing import Standing
from lrs.xapi.times import instant


def as_plain(standing: Standing) -> dict[str, Any]:
    """Return a target and how it stands; the secret is told by its reference alone."""
    target = standing.target
    form = target.form
    return {
        "id": target.id,
        "name": form.name,
        "kind": str(form.kind),
        "url": form.url,
        "user": form.user_name,
        "secret": form.secret_ref,
        "verbs": list(form.choice.verbs),
        "activities": list(form.choice.activities),
        "agents": list(form.choice.agents),
        "voided": form.choice.voided,
        "enabled": form.enabled,
        "state": standing.state(),
        "waiting": standing.waiting,
        "dead": standing.dead,
        "created_at": instant(target.created_at),
        "last_done_at": _told(target.last_done_at),
        "last_error": target.last_error,
        "next_at": _told(standing.next_at),
    }


def letter_as_plain(letter: DeadLetter) -> dict[str, Any]:
    """Return a dead letter."""
    return {
        "id": letter.id,
        "target_id": letter.target_id,
        "target": letter.target,
        "statement": None if letter.statement_id is None else str(letter.statement_id),
        "tries": letter.tries,
        "error": letter.error,
        "made_at": instant(letter.made_at),
    }


def _told(at: int | None) -> str | None:
    return None if at is None else instant(at)
