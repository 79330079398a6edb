"""What a statement says about its attachments; their bytes come beside it, in other parts.

https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#2411-attachments
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from lrs.xapi.faults import At, Rule, a_string, an_array, fault, properties, wrong_type
from lrs.xapi.iris import an_iri
from lrs.xapi.languages import a_language_map

SIGNATURE = "http://adlnet.gov/expapi/attachments/signature"

# https://www.rfc-editor.org/rfc/rfc2045#section-5.1
_MEDIA_TYPE = re.compile(
    r"[A-Za-z0-9!#$%&'*+.^_`|~-]+/[A-Za-z0-9!#$%&'*+.^_`|~-]+\s*(?:;.*)?", re.DOTALL
)
_HEX = re.compile(r"[0-9A-Fa-f]+")
# The digits of SHA-224, -256, -384 and -512.
_SHA_2_LENGTHS = (56, 64, 96, 128)


# Data 2.4.11, row 4.
def _content_type(value: Any, at: At) -> None:
    if _MEDIA_TYPE.fullmatch(a_string(value, at)) is None:
        raise fault(at, "this must be an Internet media type, such as text/plain")


# Data 2.4.11, row 5.
def _length(value: Any, at: At) -> None:
    if value.__class__ is not int:
        raise wrong_type(at, value, "a whole number")
    if value < 0:
        raise fault(at, "a length is not negative")


# Data 2.4.11, row 6.
def _sha2(value: Any, at: At) -> None:
    text = a_string(value, at)
    if len(text) not in _SHA_2_LENGTHS or _HEX.fullmatch(text) is None:
        raise fault(at, "this must be the hex digits of a SHA-2 hash", "64 of them for SHA-256")


_ATTACHMENT: dict[str, Rule] = {
    "usageType": an_iri,
    "display": a_language_map,
    "description": a_language_map,
    "contentType": _content_type,
    "length": _length,
    "sha2": _sha2,
    "fileUrl": an_iri,
}
_REQUIRED = ("usageType", "display", "contentType", "length", "sha2")


def check_attachments(value: Any, at: At) -> list[dict[str, Any]]:
    """Hold the attachments of a statement to their rules."""
    return [
        properties(attachment, (at, index), _ATTACHMENT, _REQUIRED)
        for index, attachment in enumerate(an_array(value, at))
    ]


# Communication 1.5.2: what has no fileUrl must come as a part of the request, found by its hash.
# https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Communication.md#152-multipartmixed
def check_sent(attachments: list[dict[str, Any]], at: At, parts: Collection[str]) -> None:
    """Refuse an attachment that neither has a fileUrl nor came along; `parts` holds their hashes."""
    for index, attachment in enumerate(attachments):
        if "fileUrl" not in attachment and attachment["sha2"].lower() not in parts:
            raise fault(
                (at, index),
                "this attachment has no fileUrl and did not come with the request",
                "add a fileUrl",
            )
