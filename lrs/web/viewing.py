"""Who may see the pages, until people sign in: the setting ``pages``.

``local`` means a browser on the machine itself. A loopback address alone does not prove that: a
proxy on the machine has one too, and any web site can make a reader's browser send a request to
``localhost``. So the request must also name this machine as its host, carry no mark of a proxy, and
come from the page itself or from an address typed or followed by the reader (`trust.md`, CSRF; the
argument is that of https://developer.mozilla.org/en-US/docs/Web/HTTP/Headers/Sec-Fetch-Site).
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from flask import request

from lrs.errors import NotAllowed, NotFound
from lrs.settings import Settings

if TYPE_CHECKING:
    from flask import Request

_PROXY_MARKS = (
    "Forwarded",
    "Via",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Real-IP",
)
_LOCAL_NAMES = {"localhost", "127.0.0.1", "::1"}


def viewer_allowed() -> bool:
    """Tell whether the current request may see pages, by the setting and where it comes from."""
    settings = _settings()
    if settings.pages == "open":
        return not _sent_by_another_site(request)
    return settings.pages == "local" and on_this_machine(request, settings)


def viewers_only() -> None:
    """Refuse a request that may not see pages; 404 when there are none."""
    if _settings().pages == "off":
        raise NotFound("there is no such page", hint="the setting `pages` is off")
    if not viewer_allowed():
        raise NotAllowed(
            "the pages are shown to a browser on the server's own machine only",
            hint="open them there at http://localhost, or put a sign-in in front and set "
            "VERKAN_PAGES=open",
        )


def _settings() -> Settings:
    from lrs.app import host

    return host().settings


def on_this_machine(asked: Request, settings: Settings) -> bool:
    """Tell whether the request comes from a browser on the server's own machine."""
    return (
        _is_loopback(asked.remote_addr)
        and _host_name(asked.host) in _LOCAL_NAMES
        and not _came_through_proxy(asked, settings)
        and not _sent_by_another_site(asked)
    )


def _came_through_proxy(asked: Request, settings: Settings) -> bool:
    # No browser speaks HTTP/1.0 any more, but a proxy that was set up in a hurry does, and it
    # neither says that it forwards nor keeps the name of the host.
    return (
        bool(settings.public_url)
        or asked.environ.get("SERVER_PROTOCOL") == "HTTP/1.0"
        or any(mark in asked.headers for mark in _PROXY_MARKS)
    )


def _sent_by_another_site(asked: Request) -> bool:
    site = asked.headers.get("Sec-Fetch-Site", "none")
    if site in ("none", "same-origin"):
        return False
    # Another site may link to a page, but may not fetch or frame it.
    return asked.headers.get("Sec-Fetch-Dest") != "document"


def _is_loopback(address: str | None) -> bool:
    try:
        return ip_address(address or "").is_loopback
    except ValueError:
        return False


def _host_name(host: str) -> str:
    """Return the name without its port; an IPv6 address stands in brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()
