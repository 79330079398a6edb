"""Language tags and language maps.

A tag is held to the form of RFC 5646 (which lengths of subtags follow each other), not to the
register of languages that exist: new ones are registered every year.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from lrs.xapi.faults import At, a_string, an_object, fault

# https://www.rfc-editor.org/rfc/rfc5646#section-2.1
_TAG = re.compile(
    r"""(?:
        (?: [a-z]{2,3} (?:-[a-z]{3}){0,3} | [a-z]{4} | [a-z]{5,8} )  # language
        (?: -[a-z]{4} )?                                             # script
        (?: -(?:[a-z]{2}|[0-9]{3}) )?                                # region
        (?: -(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}) )*                   # variants
        (?: -[0-9a-wyz](?:-[a-z0-9]{2,8})+ )*                        # extensions
        (?: -x(?:-[a-z0-9]{1,8})+ )?                                 # private use
      | x(?:-[a-z0-9]{1,8})+
      | en-GB-oed | i-(?:ami|bnn|default|enochian|hak|klingon|lux|mingo|navajo|pwn|tao|tay|tsu)
      | sgn-(?:BE-FR|BE-NL|CH-DE)
    )""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_LONGEST_TAG = 100


def is_language_tag(tag: str) -> bool:
    """Return whether the string has the form of a language tag."""
    return len(tag) <= _LONGEST_TAG and _well_formed(tag)


@lru_cache(maxsize=1024)
def _well_formed(tag: str) -> bool:
    return _TAG.fullmatch(tag) is not None


# Data 2.4.6: context.language.
# https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#246-context
def a_language_tag(value: Any, at: At) -> str:
    """Return the value if it is a language tag."""
    if not is_language_tag(a_string(value, at)):
        raise fault(at, "this must be a language tag of RFC 5646, such as sv or en-GB")
    found: str = value
    return found


# Data 4.2: keys are language tags, values plain strings.
# https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#42-language-maps
def a_language_map(value: Any, at: At) -> None:
    """Hold a language map to its rules."""
    for tag, text in an_object(value, at).items():
        if not (len(tag) <= _LONGEST_TAG and _well_formed(tag)):
            raise fault(
                (at, tag),
                "the key of a language map must be a language tag of RFC 5646",
                "write it as sv, en-GB or und",
            )
        if text.__class__ is not str:
            a_string(text, (at, tag))
