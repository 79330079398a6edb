"""Migrations bring a database to exactly the tables the code declares."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from lrs.store import migrate
from lrs.store.database import Database


def test_migrated_database_has_the_declared_tables(database: Database) -> None:
    declared = migrate.load_tables()
    with database.read() as conn:
        assert compare_metadata(MigrationContext.configure(conn), declared) == []


def test_migrated_database_has_the_declared_primary_keys(database: Database) -> None:
    """Alembic's comparison leaves these out."""
    declared = migrate.load_tables()
    with database.read() as conn:
        looking = sa.inspect(conn)
        made = {
            name: looking.get_pk_constraint(name)["constrained_columns"] for name in declared.tables
        }
    assert made == {
        name: [column.name for column in table.primary_key]
        for name, table in declared.tables.items()
    }


def test_upgrade_twice_changes_nothing(database: Database) -> None:
    migrate.upgrade(database)
    assert migrate.is_current(database)


def test_every_column_says_what_it_is_for() -> None:
    silent = [
        f"{table.name}.{column.name}"
        for table in migrate.load_tables().tables.values()
        for column in table.columns
        if not column.comment
    ]
    assert silent == []


def test_every_table_but_the_calendar_carries_its_tenant() -> None:
    without = {
        table.name
        for table in migrate.load_tables().tables.values()
        if "tenant_id" not in table.columns
    }
    assert without == {"tenant", "calendar"}


def test_default_tenant_is_there_from_the_start(database: Database) -> None:
    with database.read() as conn:
        assert conn.execute(sa.text("SELECT id, name FROM tenant")).all() == [(1, "default")]
