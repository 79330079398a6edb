"""Answers as `multipart/mixed`, for callers that ask for attachments.

Ruled by 1.0.3, Communication 1.5.2 "Multipart/Mixed": the first part is the JSON. No attachment can
be stored yet, so it is also the last.
"""

from __future__ import annotations

import secrets

from flask import Response


def multipart(body: bytes) -> Response:
    """Return JSON as the first part of an answer that may hold attachments."""
    boundary = secrets.token_hex(16)
    edge = boundary.encode()
    whole = b"--%s\r\nContent-Type: application/json\r\n\r\n%s\r\n--%s--\r\n" % (edge, body, edge)
    return Response(whole, content_type=f"multipart/mixed; boundary={boundary}")
