"""What a fault of the database means: no room, away for now, or a mistake of ours.

The first two pass without anybody touching Verkan, so the sender is told to come again (507, 503);
what is neither goes on as it is, and ends as 500.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from lrs.errors import StoreFull, StoreUnavailable, VerkanError


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn a fault of the database itself into one of ours that says what to do."""
    try:
        yield
    except DBAPIError as exc:
        raise _plain(exc) from exc
    except NoConnectionFree as exc:
        raise StoreUnavailable(
            "every connection to the database is taken", hint="try again, or raise `threads`"
        ) from exc


def turn_not_given(within_s: float) -> StoreUnavailable:
    """Return the error of who waited so long for a turn to write."""
    return StoreUnavailable(
        f"no turn to write within {within_s:g} s",
        hint="try again; if it lasts, look for a process that holds the database",
    )


def _plain(exc: DBAPIError) -> VerkanError | DBAPIError:
    text = str(exc.orig)
    state = getattr(exc.orig, "sqlstate", None)
    if "disk is full" in text or state == "53100":
        return StoreFull(
            "no room left on the disk of the database", hint="free some room; nothing was lost"
        )
    said, _, _ = text.partition("\n")
    if exc.connection_invalidated or _will_pass(exc, state):
        return StoreUnavailable(
            "the database cannot be used now",
            hint=f"is it running and reachable? {said}",
        )
    return exc


# By class: connection, rolled back for another's sake, resources, intervention, system; then one
# lock that was not given, and a server that only gives out (a standby, before it takes over).
_PASSING_CLASSES = ("08", "40", "53", "57", "58")
_PASSING = ("55P03", "25006")


def _will_pass(exc: DBAPIError, state: str | None) -> bool:
    """Return whether the same may succeed when it is tried again."""
    if state is None:
        return isinstance(exc, OperationalError)
    return state[:2] in _PASSING_CLASSES or state in _PASSING
