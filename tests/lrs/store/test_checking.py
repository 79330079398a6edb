"""`verkan db check` finds nothing in a sound store, and each kind of damage in one that is not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import orjson
import pytest
import sqlalchemy as sa
from store_making import TENANT, body, one_by_one, pointing, voiding, write

from lrs import plugins
from lrs.access.keys import make_key
from lrs.settings import Settings
from lrs.store import migrate
from lrs.store.checking import check_store
from lrs.store.database import Database
from lrs.store.writing import write_statements
from lrs.xapi.glancing import check_batch
from lrs.xapi.multipart import Part
from lrs.xapi.terms import SpecVersion

CONTENT = b"Well done"
SHA2 = hashlib.sha256(CONTENT).hexdigest()


Open = Callable[[str], Database]


@pytest.fixture
def open_on(make_settings: Callable[..., Settings]) -> Iterator[Open]:
    """Return ``f(kind)``: a fresh database of that kind."""
    with ExitStack() as stack:
        yield lambda kind: stack.enter_context(closing(Database(make_settings(kind))))


@pytest.fixture
def lite(open_on: Open) -> Database:
    """A store with some of everything; what is damage is damage on either database."""
    return filled(open_on("sqlite"))


def filled(database: Database) -> Database:
    first, second = body(), body(result={"completion": True, "score": {"scaled": 0.5}})
    write(database, first, second, body(id=None), voiding(first["id"]))
    chain = pointing(second["id"])
    write(database, chain, pointing(chain["id"], verb="disputed"))
    attached = body(
        attachments=[
            {
                "usageType": "http://adlnet.gov/expapi/attachments/certificate",
                "display": {"en": "Certificate"},
                "contentType": "text/plain",
                "length": len(CONTENT),
                "sha2": SHA2,
            }
        ]
    )
    make_key(database, database.settings, name="moodle")
    sent = check_batch(orjson.dumps(attached), SpecVersion.V1_0, parts=[SHA2])
    write_statements(
        database,
        TENANT,
        sent,
        authority={"mbox": "mailto:lms@example.org"},
        key_id=1,
        parts={SHA2: Part(SHA2, "text/plain", CONTENT)},
    )
    return database


def test_a_sound_store_has_no_faults(database: Database) -> None:
    filled(database)
    for full in (False, True):
        found = check_store(database, full=full)
        assert found.faults == []
        assert found.counts["statement"] == 7
        assert found.counts["attachment"] == 1
        assert len(found.revisions) == len(list(plugins.each("migrations")))


QUICK = [
    ("DELETE FROM statement_body WHERE seq = 1", "statement without their statement_body (seq): 1"),
    ("DELETE FROM statement WHERE seq = 2", "first those numbered 2 to 2"),
    ("DELETE FROM statement WHERE seq IN (1, 2)", "gone: 2, first those numbered 1 to 2"),
    ("DELETE FROM statement WHERE seq = 5", "rows of statement_ref without their statement (seq)"),
    (
        "DELETE FROM term WHERE kind = 2 AND value LIKE '%/passed'",
        "without their term (verb_id): 4",
    ),
    ("UPDATE term SET tenant_id = 2 WHERE kind = 3", "without their term (activity_id)"),
    ("UPDATE statement SET stored_at = 5 WHERE seq = 3", "stored no later than the one before: 1"),
    ("UPDATE statement SET voided_by = 99 WHERE seq = 2", "without their statement (voided_by): 1"),
    ("UPDATE statement SET key_id = 99 WHERE seq = 2", "without their access_key (key_id): 1"),
    ("DELETE FROM authority", "statement without their authority (authority_id): 7"),
    ("DELETE FROM ref WHERE verb_id = term_id AND seq = 2", "their own verb does not find: 1"),
    ("DELETE FROM attachment", "rows of attachment_use without their attachment (sha2): 1"),
    ("DELETE FROM attachment_use", "rows of attachment without their attachment_use (sha2): 1"),
    ("DROP INDEX ix_statement_tenant_id_stored_at", "the schema is not this version's: add_index"),
    ("ALTER TABLE document DROP COLUMN etag", "the schema is not this version's: add_column"),
    (
        "INSERT INTO fact_watermark VALUES (1, 99)",
        "fact_watermark without their statement (seq): 1",
    ),
    ("INSERT INTO never_link VALUES (1, 1, 99, '', 0)", "never_link without their person"),
    ("INSERT INTO import_mapping VALUES (7, '', x'00', '')", "import_mapping without their tenant"),
]
FULL = [
    (
        "UPDATE statement_body SET body = (SELECT body FROM statement_body b WHERE b.seq = 2) "
        "WHERE seq = 1",
        "statements whose statement_id is not that of the body: 1 (first: tenant 1, number 1)",
    ),
    ("UPDATE statement_body SET body = x'7b' WHERE seq = 1", "bodies that are no statement: 1"),
    ("UPDATE statement_body SET body = x'ff' WHERE seq = 1", "bodies that are no statement: 1"),
    ("UPDATE statement SET completion = 0 WHERE seq = 2", "whose completion is not that"),
    ("UPDATE statement SET score_scaled = NULL WHERE seq = 2", "whose score_scaled is not that"),
    ("UPDATE statement SET day_no = 1 WHERE seq = 2", "whose day_no is not that"),
    ("UPDATE statement SET actor_id = verb_id WHERE seq = 2", "whose actor_id is not that"),
    ("DELETE FROM ref WHERE verb_id <> term_id AND roles <> 0 AND seq = 2", "ref that are missing"),
    ("UPDATE ref SET roles = 3 WHERE roles = 1 AND seq = 2", "or say another role: 1"),
    ("INSERT INTO ref SELECT 1, 1, 3, 77, 1, 1, NULL", "ref that no body asks for"),
    (
        "INSERT INTO ref SELECT term_id, 1, 3, 1, 1, 0, NULL FROM ref LIMIT 1",
        "rows of ref lent to statements that point to none: 1",
    ),
    (
        "DELETE FROM statement_ref WHERE seq = 4",
        "rows of statement_ref, more or fewer than the bodies: 1",
    ),
    ("UPDATE attachment SET content = x'00'", "attachments whose sha2 is another: 1"),
    ("UPDATE term SET digest = x'00' WHERE id = 1", "terms whose digest is another: 1"),
    ("UPDATE authority SET body = '{}' WHERE id = 1", "authorities whose digest is another: 1"),
]


@pytest.mark.parametrize(("damage", "told"), QUICK)
def test_damage_is_found(lite: Database, damage: str, told: str) -> None:
    _damage(lite, damage)
    assert told in "\n".join(check_store(lite).faults)


@pytest.mark.parametrize(("damage", "told"), FULL)
def test_damage_that_only_the_bodies_show_is_found(lite: Database, damage: str, told: str) -> None:
    _damage(lite, damage)
    assert told in "\n".join(check_store(lite, full=True).faults)


def _damage(database: Database, sql: str) -> None:
    if " ref " in sql:
        one_by_one(database)
    with database.engine.connect() as conn:
        conn.exec_driver_sql("PRAGMA foreign_keys = OFF")
        conn.commit()
    with database.engine.connect() as conn, conn.begin():
        conn.exec_driver_sql(sql)


def test_damage_is_found_on_postgresql(open_on: Open) -> None:
    database = filled(open_on("postgresql"))
    with database.write() as conn:
        conn.exec_driver_sql("DELETE FROM statement WHERE seq = 2")
        conn.exec_driver_sql("UPDATE statement SET completion = 1 WHERE seq = 3")
        conn.exec_driver_sql("UPDATE attachment SET content = 'x'")
    told = "\n".join(check_store(database, full=True).faults)
    for one in (
        "first those numbered 2 to 2",
        "rows of ref without their statement (seq)",
        "whose completion is not that of the body: 1",
        "attachments whose sha2 is another: 1",
    ):
        assert one in told


def test_a_torn_page_is_found_and_nothing_is_made_of_the_rest(lite: Database) -> None:
    with lite.engine.connect() as conn:
        conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        page = conn.exec_driver_sql(
            "SELECT rootpage FROM sqlite_master WHERE name = 'ix_statement_tenant_id_stored_at'"
        ).scalar_one()
        size = conn.exec_driver_sql("PRAGMA page_size").scalar_one()
    path = lite.engine.url.database
    assert path
    lite.close()
    with open(path, "r+b") as file:  # noqa: PTH123
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    torn = Database(lite.settings)
    found = check_store(torn)
    assert found.faults
    assert "was not looked at" in found.notes[0]
    torn.close()


def test_an_index_that_is_not_valid_is_found(open_on: Open) -> None:
    database = open_on("postgresql")
    with database.write() as conn:
        conn.exec_driver_sql(
            "UPDATE pg_index SET indisvalid = false "
            "WHERE indexrelid = 'ix_statement_tenant_id_stored_at'::regclass"
        )
    assert check_store(database).faults == [
        "PostgreSQL: the index ix_statement_tenant_id_stored_at is not valid"
    ]


def test_indexes_are_read_where_the_database_can(open_on: Open) -> None:
    database = filled(open_on("postgresql"))
    assert "amcheck" in check_store(database, full=True).notes[0]
    with database.write() as conn:
        offered = conn.execute(
            sa.text("SELECT count(*) FROM pg_available_extensions WHERE name = 'amcheck'")
        ).scalar()
        if offered:
            conn.exec_driver_sql("CREATE EXTENSION amcheck")
    found = check_store(database, full=True)
    assert found.faults == []
    assert bool(found.notes) is not bool(offered)


def test_every_number_of_another_row_has_an_entry_that_looks_for_it() -> None:
    """A column that is named after a table, in any plug-in, is looked after."""
    tables = migrate.load_tables().tables
    looked_after = {
        one.column for target in plugins.each("belonging") for one in plugins.named(target)
    }
    forgotten = [
        f"{table.name}.{column.name}"
        for table in tables.values()
        for column in table.columns
        if column.name.removesuffix("_id") in tables
        and column.name.endswith("_id")
        and column.name not in ("tenant_id", "statement_id")
        and column not in looked_after
    ]
    assert forgotten == []
