"""Normal forms of what a learner is known by (`connectors.md`, "Who is who").

A mail is compared in lower case. Its SHA-1 is known in four forms, since tools hash the address as
given or in lower case, with ``mailto:`` in front as the specification asks or without (Open edX).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha1
from urllib.parse import urlsplit

_MAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+\.?[^\s@<>,;:\"()\[\]\\]+")
_LONGEST = 254


def mail_normal(text: str) -> str | None:
    """Return the mail address in its normal form; None when it is none."""
    plain = text.strip()
    if plain[:7].casefold() == "mailto:":
        plain = plain[7:]
    if len(plain) > _LONGEST or _MAIL.fullmatch(plain) is None:
        return None
    return plain.lower()


def sha1_forms(mail: str, as_given: str | None = None) -> Iterator[str]:
    """Yield the hex SHA-1 of {``mailto:`` + mail, mail} × {as given, lower}."""
    for text in dict.fromkeys((as_given or mail, mail.lower())):
        for prefix in ("mailto:", ""):
            yield sha1((prefix + text).encode(), usedforsecurity=False).hexdigest()


def page_normal(home_page: str) -> str:
    """Return the home page of an account so that two spellings of one place are equal.

    Scheme and host are compared in lower case, and a slash at the end says nothing.
    """
    text = home_page.strip()
    try:
        parts = urlsplit(text)
    except ValueError:  # brackets that hold no address
        return text.rstrip("/")
    if not parts.scheme or not parts.netloc:
        return text.rstrip("/")
    place = parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower())
    return place.geturl().rstrip("/")
