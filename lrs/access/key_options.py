"""How a key's requests are taken: what an administrator may change after the key was made."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from lrs.errors import BadInput

MOST_ORIGINS = 100
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SCHEME_AND_HOST = re.compile(
    r"[a-z][a-z0-9+.-]*://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?"
)


@dataclass(frozen=True, slots=True)
class KeyOptions:
    """The settings of one key."""

    lenient: bool = False
    """Known faults of senders are repaired."""
    partial: bool = False
    """The good statements of a batch are stored, the others refused one by one."""
    deduplicate: bool = False
    """A statement without id that was stored before is not stored again."""
    origins: tuple[str, ...] = ()
    """Web origins that may use it from a browser; none named: any."""
    limit_per_minute: int | None = None
    """Requests in a minute; None: no limit."""

    def as_row(self) -> dict[str, Any]:
        """Return the columns of `access_key` that hold them."""
        return {
            "lenient": int(self.lenient),
            "partial": int(self.partial),
            "deduplicate": int(self.deduplicate),
            "origins": " ".join(self.origins) or None,
            "limit_per_minute": self.limit_per_minute,
        }


STRICT = KeyOptions()
"""What a key is made with when nobody says otherwise."""


def options_of(row: sa.RowMapping) -> KeyOptions:
    """Return the settings that a row of `access_key` holds."""
    return KeyOptions(
        lenient=bool(row["lenient"]),
        partial=bool(row["partial"]),
        deduplicate=bool(row["deduplicate"]),
        origins=tuple((row["origins"] or "").split()),
        limit_per_minute=row["limit_per_minute"],
    )


def checked_options(options: KeyOptions) -> KeyOptions:
    """Return the settings as they are stored; raises `BadInput` for one that cannot be."""
    origins = checked_origins(options.origins)
    if options.limit_per_minute is not None and not 1 <= options.limit_per_minute < 2**31:
        raise BadInput(
            "a limit is a whole number of requests a minute, at least 1",
            where="limit_per_minute",
            hint="a learning platform in a burst sends some hundreds; leave it out for no limit",
        )
    return KeyOptions(
        options.lenient, options.partial, options.deduplicate, origins, options.limit_per_minute
    )


def checked_origins(given: Iterable[str]) -> tuple[str, ...]:
    """Return the origins as browsers send them (RFC 6454, 6.2), each once; raises `BadInput`."""
    found = tuple(dict.fromkeys(_origin(each) for each in given))
    if len(found) > MOST_ORIGINS:
        raise BadInput(f"a key takes at most {MOST_ORIGINS} origins", where="origins")
    return found


def _origin(given: str) -> str:
    lowered = given.strip().lower().removesuffix("/")
    port = _port(lowered) if _SCHEME_AND_HOST.fullmatch(lowered) else 0
    if port == 0:
        raise BadInput(
            f"{given!r} is not the origin of a web page",
            where="origins",
            hint="scheme, host and port only, such as https://learn.example.org; a name with "
            "other letters than a-z as its xn-- form; none at all lets every page in",
        )
    scheme, _, rest = lowered.partition("://")
    if port is not None and port == _DEFAULT_PORTS.get(scheme):
        rest = rest.rpartition(":")[0]
    return f"{scheme}://{rest}"


def _port(origin: str) -> int | None:
    """Return the port named, None for none, 0 for one that cannot be."""
    try:
        return urlsplit(origin).port
    except ValueError:  # over 65535, or no address in the brackets
        return 0
