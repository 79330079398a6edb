"""The digest that long values are found by: short, of one length, the same on every machine."""

from __future__ import annotations

from hashlib import sha256


def digest16(text: str | bytes) -> bytes:
    """Return the first 16 bytes of SHA-256; text is taken as UTF-8."""
    return sha256(text.encode() if isinstance(text, str) else text).digest()[:16]
