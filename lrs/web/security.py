"""The headers every page goes out with: nothing may come from, or go to, anywhere but this server.

Ruled by `trust.md` (P7, CSP). Nothing here is ever loosened for one page.
"""

from __future__ import annotations

from flask import Flask, Response

_SOURCES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
CONTENT_SECURITY_POLICY = "; ".join(f"{what} {source}" for what, source in _SOURCES.items())
_PERMISSIONS = ("camera", "geolocation", "microphone", "payment", "usb")
PAGE_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    # Under `no-referrer` a browser on plain HTTP would not name the origin of our own forms.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{name}=()" for name in _PERMISSIONS),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def install(app: Flask) -> None:
    """Put the headers on every page and everything a page loads."""
    app.after_request(_secured)


def _secured(response: Response) -> Response:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    if response.mimetype in ("text/html", "image/svg+xml"):
        response.headers.update(PAGE_HEADERS)
    if response.mimetype == "text/html":
        # What a page shows is the firm's own and depends on who reads it and in which language.
        response.headers.setdefault("Cache-Control", "private, no-cache")
        response.vary.update(("Cookie", "Accept-Language"))
    return response
