"""Run by Alembic: the connection comes from `lrs.store.migrate`, never from a file."""

from __future__ import annotations

from alembic import context

from lrs.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a table by making it anew
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
