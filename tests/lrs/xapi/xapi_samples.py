"""Statements to start from, and the two questions every rule's test asks of them."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from lrs.errors import BadStatement
from lrs.xapi.parsing import parse_statement
from lrs.xapi.statement import Statement, check
from lrs.xapi.terms import SpecVersion

V1, V2 = SpecVersion.V1_0, SpecVersion.V2_0

both_versions = pytest.mark.parametrize("version", [V1, V2], ids=["1.0", "2.0"])

ANN = {"objectType": "Agent", "name": "Ann", "mbox": "mailto:ann@example.org"}
BO = {"account": {"homePage": "https://hr.example.org", "name": "bo 17"}}
TEAM = {"objectType": "Group", "name": "Team", "mbox": "mailto:team@example.org", "member": [BO]}
COURSE = {"id": "https://example.org/courses/1"}
REF_ID = "8f87ccde-bb56-4c2e-ab83-44982ef22df0"
REF = {"objectType": "StatementRef", "id": REF_ID}
DID = {"id": "https://example.org/verbs/did", "display": {"en": "did", "sv-SE": "gjorde"}}
ATTACHMENT = {
    "usageType": "https://example.org/usage/certificate",
    "display": {"en": "Certificate"},
    "contentType": "application/pdf",
    "length": 1024,
    "sha2": "0123456789abcdef" * 4,
    "fileUrl": "https://example.org/files/1.pdf",
}

_BASE = {"actor": ANN, "verb": DID, "object": COURSE}


def statement(**changes: Any) -> dict[str, Any]:
    """Return a valid statement with some properties put in; a property set to `...` is left out."""
    made = copy.deepcopy({**_BASE, **changes})
    return {key: value for key, value in made.items() if value is not ...}


def sub_statement(**changes: Any) -> dict[str, Any]:
    """Return a valid sub-statement, changed likewise."""
    return {"objectType": "SubStatement", **statement(**changes)}


def taken(body: Any, version: SpecVersion = V1) -> Statement:
    """Return the checked statement; the test fails when a rule refuses it."""
    return check(parse_statement(json.dumps(body).encode()), version)


def refused(body: Any, version: SpecVersion = V1) -> str:
    """Return the path of the fault; the test fails when no rule refuses the statement."""
    with pytest.raises(BadStatement) as caught:
        taken(body, version)
    assert caught.value.where is not None
    return caught.value.where
