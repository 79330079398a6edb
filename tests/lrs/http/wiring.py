"""The application in this process, spoken to the way a client speaks to it over the wire."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from lrs.access.keys import MadeKey, make_key
from lrs.access.tenants import make_tenant
from lrs.store.database import Database

Reply = TestResponse
MakeWire = Callable[..., "Wire"]


@dataclass
class Wire:
    """A client of one key. A header given as None is left out."""

    app: Flask
    database: Database
    made: MadeKey
    headers: dict[str, str] = field(default_factory=lambda: {"X-Experience-API-Version": "1.0.3"})

    def ask(
        self,
        method: str,
        path: str = "/xapi/statements",
        body: Any = None,
        headers: dict[str, str | None] | None = None,
        **query: str,
    ) -> Reply:
        sent: dict[str, str | None] = {**self.headers}
        if body is not None:
            sent["Content-Type"] = "application/json"
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent.update(headers or {})
        given = {name: value for name, value in sent.items() if value is not None}
        signed = None if "Authorization" in sent else (self.made.key, self.made.secret)
        return self.app.test_client().open(
            path, method=method, data=body, headers=given, query_string=query or None, auth=signed
        )

    def post(self, body: Any, **headers: str | None) -> Reply:
        return self.ask(
            "POST", body=body, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )

    def put(self, id_: str, body: Any) -> Reply:
        return self.ask("PUT", body=body, statementId=id_)

    def get(self, **query: str) -> Reply:
        return self.ask("GET", **query)

    def stored(self) -> list[dict[str, Any]]:
        """Every statement that is to be read, newest first."""
        found: list[dict[str, Any]] = []
        page = self.get(limit="0").get_json()
        found += page["statements"]
        while page["more"]:
            page = self.ask("GET", page["more"]).get_json()
            found += page["statements"]
        return found

    def as_key(self, *scopes: str, tenant: str = "default", name: str = "Other") -> Wire:
        """The same application to another key."""
        with self.database.write() as conn:
            make_tenant(conn, tenant)
        made = make_key(
            self.database, self.database.settings, name=name, scopes=scopes, tenant=tenant
        )
        return Wire(self.app, self.database, made)


def new_id() -> str:
    return str(uuid.uuid4())


def a_statement(**changed: Any) -> dict[str, Any]:
    """A statement; a property given as None is left out."""
    whole = {
        "id": new_id(),
        "actor": {"objectType": "Agent", "mbox": "mailto:ada@example.org"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": "https://example.org/courses/1", "objectType": "Activity"},
        "timestamp": "2026-03-01T08:30:00.000Z",
    }
    return {k: v for k, v in (whole | changed).items() if v is not None}
