"""Versions of the specification: which is asked for, which is answered, which a statement states.

https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Communication.md#33-versioning
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lrs.errors import BadInput
from lrs.xapi.faults import At, a_string, fault
from lrs.xapi.terms import SpecVersion

HEADER = "X-Experience-API-Version"

ANSWER: dict[SpecVersion, str] = {SpecVersion.V1_0: "1.0.3", SpecVersion.V2_0: "2.0.0"}
"""The header of an answer: the latest patch version."""

WRITTEN: dict[SpecVersion, str] = {SpecVersion.V1_0: "1.0.0", SpecVersion.V2_0: "2.0.0"}
"""The version a stored statement gets when it states none (Data 2.4.10)."""

_FORM = {
    SpecVersion.V1_0: re.compile(r"1\.0(?:\.[0-9]{1,9})?"),
    SpecVersion.V2_0: re.compile(r"2\.0(?:\.[0-9]{1,9})?"),
}


def asked_version(header: str | None) -> SpecVersion:
    """Return the version a request asks for.

    Communication 3.3: without the header, or with a version that is neither 1.0.x nor 2.0.x, the
    request is refused.
    """
    if header is None:
        raise BadInput(
            f"the header {HEADER} is missing",
            where=HEADER,
            hint="send 1.0.3 or 2.0.0",
        )
    for version, form in _FORM.items():
        if form.fullmatch(header.strip()):
            return version
    raise BadInput(
        "this version of the specification is not spoken here",
        where=HEADER,
        hint="send 1.0.3 or 2.0.0",
    )


def stated_version(body: Mapping[str, Any]) -> SpecVersion:
    """Return the version a statement is held to when nobody asked for one, as in an import.

    One that states none, or something strange, is held to 1.0, which says what is wrong with it.
    """
    stated = body.get("version")
    if isinstance(stated, str) and _FORM[SpecVersion.V2_0].fullmatch(stated):
        return SpecVersion.V2_0
    return SpecVersion.V1_0


# Data 2.4.10; version 2.0 also takes statements that state 1.0.x.
# https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#2410-version
def a_statement_version(value: Any, at: At, version: SpecVersion) -> None:
    """Hold the property `version` of a statement to the versions that may stand there."""
    text = a_string(value, at)
    allowed = [form for known, form in _FORM.items() if known <= version]
    if not any(form.fullmatch(text) for form in allowed):
        raise fault(
            at,
            f"a statement sent as version {ANSWER[version]} cannot state this version",
            f"leave it out, or write {WRITTEN[version]}",
        )
