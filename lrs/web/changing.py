"""Who may change something from a page: the setting ``administration``, and where a form came from.

A browser says itself where a request was made: `Sec-Fetch-Site`, or on plain HTTP, where it leaves
that out, `Origin`. A form of another site cannot take either away, so a page needs no token beside
its form; the argument is that of https://words.filippo.io/csrf/ (`trust.md`, Security). Reading is
the looser rule (`lrs.web.viewing`): another site may link to a page, but never post to it.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import request

from lrs.errors import NotAllowed
from lrs.web.viewing import on_this_machine, viewer_allowed, viewers_only


def changer_allowed() -> bool:
    """Tell whether who reads this page may also change something on it."""
    from lrs.app import host

    settings = host().settings
    if settings.administration == "open":
        return viewer_allowed()
    return (
        settings.administration == "local"
        and viewer_allowed()
        and on_this_machine(request, settings)
    )


def guard() -> None:
    """Let viewers read and changers change: the rule before each request to a blueprint of pages."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        viewers_only()
    else:
        changers_only()


def changers_only() -> None:
    """Refuse a request that may not change anything, or that no page of ours sent."""
    viewers_only()
    if not changer_allowed():
        raise NotAllowed(
            "things are changed by a browser on the server's own machine only",
            hint="use the commands of `verkan` there, or put a sign-in in front of the server and "
            "set VERKAN_ADMINISTRATION=open",
        )
    if not _sent_by_our_page():
        raise NotAllowed(
            "this form was not sent by a page of this server",
            where="Sec-Fetch-Site" if "Sec-Fetch-Site" in request.headers else "Origin",
            hint="open the page itself and send its form again; a tool uses /api/v1 with a key",
        )


def _sent_by_our_page() -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin", "null")
    # Only the host is compared: a proxy that speaks TLS for us makes https of our http.
    return origin != "null" and urlsplit(origin).netloc.lower() == request.host.lower()
