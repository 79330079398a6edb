"""Access tokens of OAuth 2.0: a key, some of its scopes and an end, signed by this server.

A token is not stored: it says what it stands for, and an HMAC-SHA256 under a key derived from the
server's own secret says that this server wrote it. So getting one writes nothing, every worker and
machine that shares the secret takes it, and each use looks at the key itself: revoking the key ends
its tokens as fast as its secret.

The form: ``vk1.`` + what it stands for + ``.`` + the signature, both in base64url.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from lrs.access.ring import Key, KeyRing
from lrs.access.scopes import allows

_FORM = "vk1"
# Under a key of their own: the secrets of keys are hashed with the server's secret itself.
_PURPOSE = b"verkan: access tokens, form 1"
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Issued:
    """A token just made, and how many seconds it works."""

    text: str
    expires_in: int


class Tokens:
    """Makes tokens for keys, and finds the key that a token stands for."""

    def __init__(
        self,
        keys: KeyRing,
        server_secret: bytes,
        lifetime_s: int,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._signing = hmac.digest(server_secret, _PURPOSE, hashlib.sha256)
        self._lifetime_s = lifetime_s
        self._clock = clock

    def issue(self, key: Key, scopes: Iterable[str]) -> Issued:
        """Make a token for scopes that the key meets; it ends with the key at the latest."""
        now = int(self._clock())
        ends = now + self._lifetime_s
        if key.expires_at is not None:
            ends = min(ends, key.expires_at // 1_000_000)
        stands_for = f"{key.key} {ends} {' '.join(sorted(scopes))}".encode("ascii")
        signed = f"{_FORM}.{_text(stands_for)}"
        return Issued(f"{signed}.{_text(self._signature(signed))}", ends - now)

    def find(self, text: str) -> Key | None:
        """Return the key that the token stands for, with the token's scopes, if both still work."""
        stands_for = self._signed_by_us(text)
        if stands_for is None:
            return None
        name, ends, *scopes = stands_for.split(" ")
        key = self._keys.vouched_for(name) if int(ends) > self._clock() else None
        if key is None:
            return None
        return replace(key, scopes=frozenset(s for s in scopes if allows(key.scopes, s)))

    def _signed_by_us(self, text: str) -> str | None:
        signed, _, signature = text.rpartition(".")
        if len(text) > _LONGEST or not text.isascii() or not signed.startswith(f"{_FORM}."):
            return None
        if not hmac.compare_digest(_text(self._signature(signed)), signature):
            return None
        return _bytes(signed.removeprefix(f"{_FORM}.")).decode("ascii")

    def _signature(self, signed: str) -> bytes:
        return hmac.digest(self._signing, signed.encode("ascii"), hashlib.sha256)


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
