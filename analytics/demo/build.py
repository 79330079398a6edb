"""Brings the made-up company in through the doors a customer would use, and makes its reports.

The bulk comes by the imports; the newest statements are posted over HTTP by the `tincan` client,
as a learning tool would. Every step can be repeated without doing anything twice, so a build that
was broken off goes on where it stopped.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from tincan import RemoteLRS, Statement

from analytics.demo.company import NAME, SEED
from analytics.demo.files import PAIRS, WIDE, Files, write_files
from analytics.demo.statements import HOME_PAGE
from analytics.impact import impact, stored_report
from analytics.plans.keeping import lock_plan, make_plan
from analytics.plans.reading import plans_of
from connectors.files.mapping import read_toml
from connectors.importing import import_outcomes, import_paths, import_people
from lrs.access.keys import make_key
from lrs.access.tenants import DEFAULT, tenant_number
from lrs.app import create_app
from lrs.errors import BadInput, StoreUnavailable
from lrs.http.server import Server
from lrs.serve import listen
from lrs.store import reading
from lrs.store.database import Database
from lrs.store.importing import import_statements

POSTED = 300
PLANNED = 1_724_000_000_000_000
"""When the made-up company locked its plan: 18 August 2024, as long ago as its roll-out."""

BATCH = 25

AUTHORITY: Mapping[str, Any] = {
    "objectType": "Agent",
    "account": {"homePage": HOME_PAGE, "name": "academy"},
}

Tell = Callable[[str], None]


def build(database: Database, tell: Tell) -> bool:
    """Build what is not there yet; return whether anything had to be built."""
    with database.read() as conn:
        tenant = tenant_number(conn, DEFAULT)
    files = write_files(database.settings.home_folder / "demo", seed=SEED, posted=POSTED)
    if _is_built(database, tenant, files):
        return False
    _refuse_a_store_in_use(database, tenant, files)
    tell(f"{NAME}, a made-up company: its files are in {files.folder}")
    _import(database, tenant, files, tell)
    _post(database, files, tell)
    for path, outcome in PAIRS:
        record = impact(database, tenant, path, outcome)
        tell(f"report: {record['sentence']['en']} (grade {record['grade']})")
    return True


def _is_built(database: Database, tenant: int, files: Files) -> bool:
    last = _is_there(database, tenant, files.posted[-1]["id"])
    return last and all(stored_report(database, tenant, *pair) for pair in PAIRS)


def _is_there(database: Database, tenant: int, statement: str) -> bool:
    return reading.statement_by_id(database, tenant, UUID(statement), voided=False) is not None


def _refuse_a_store_in_use(database: Database, tenant: int, files: Files) -> None:
    """Never mix made-up people into somebody's own data."""
    with database.read() as conn:
        holds = reading.count(conn, tenant)
    with files.statements.open(encoding="utf-8") as lines:
        first = json.loads(next(lines))["id"]
    if holds and not _is_there(database, tenant, first):
        raise BadInput(
            "this store holds statements that are not the made-up company's",
            where=str(database.settings.home_folder),
            hint="give the demo a folder of its own: verkan --home demo-data demo",
        )


def _import(database: Database, tenant: int, files: Files, tell: Tell) -> None:
    count = import_statements(database, tenant, files.statements, authority=AUTHORITY)
    tell(f"statements: {count.stored:,} imported, {count.duplicate:,} there before")
    people = import_people(database, tenant, files.people)
    tell(f"people: {people.read:,} rows of staff history")
    outcomes = import_outcomes(database, tenant, files.outcomes, wide=WIDE, metrics=files.metrics)
    tell(f"outcomes: {outcomes.read:,} rows of what the business saw")
    import_paths(database, tenant, files.paths)
    for plan in plans_of(read_toml(files.plan), files.plan.name):
        made = make_plan(database, tenant, plan, at=PLANNED)
        lock_plan(database, tenant, plan.path, at=PLANNED)
        tell(f"plan: {made.path}, locked before the first team started")


def _post(database: Database, files: Files, tell: Tell) -> None:
    made = make_key(database, database.settings, name="made-up company")
    with _server(database) as url:
        store = RemoteLRS(
            endpoint=f"{url}/xapi/", username=made.key, password=made.secret, version="1.0.3"
        )
        for start in range(0, len(files.posted), BATCH):
            batch = [Statement(one) for one in files.posted[start : start + BATCH]]
            answer = store.save_statements(batch)
            if not answer.success:
                raise StoreUnavailable(f"the demo's own server refused statements: {answer.data}")
    tell(f"statements: {len(files.posted):,} posted over HTTP, as a learning tool does")


@contextmanager
def _server(database: Database) -> Iterator[str]:
    """Yield the address of the real server, on a free port of this machine only."""
    settings = replace(
        database.settings, host="127.0.0.1", port=0, public_url="", log_level="warning"
    )
    listening = listen(settings)
    server = Server(create_app(settings, database).wsgi_app, settings, listening)
    serving = threading.Thread(target=server.run, name="demo-server")
    serving.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.stop()
        serving.join()
