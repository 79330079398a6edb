"""Verbs; one of them, `VOIDED`, the specification itself gives a meaning.

https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#243-verb
"""

from __future__ import annotations

from typing import Any

from lrs.xapi.faults import At, Rule, Seen, properties
from lrs.xapi.iris import an_iri
from lrs.xapi.languages import a_language_map

# Data 2.3.2.
VOIDED = "http://adlnet.gov/expapi/verbs/voided"

_VERB: dict[str, Rule] = {"id": an_iri, "display": a_language_map}


def _verb(value: Any, at: At) -> str:
    found: str = properties(value, at, _VERB, ("id",))["id"]
    return found


check_verb = Seen(_verb)
"""Hold a verb to its rules; return its id."""
