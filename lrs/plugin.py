"""What the record store itself brings to the host it stands in."""

from __future__ import annotations

from lrs.plugins import CommandRef, PageRef, Plugin

plugin = Plugin(
    name="lrs",
    commands=(
        CommandRef("serve", "lrs.serve:serve", "Serve the record store, the pages and the API."),
        CommandRef(
            "keys", "lrs.access.commands:keys", "Make and list the keys that tools post with."
        ),
        CommandRef(
            "tenants",
            "lrs.access.tenant_commands:tenants",
            "Make and list tenants, whose data is kept apart.",
        ),
        CommandRef("statements", "lrs.store.commands:statements", "Import and export statements."),
        CommandRef(
            "refusals",
            "lrs.store.refusal_commands:refusals",
            "What was posted and refused: look at it, replay it, drop it.",
        ),
        CommandRef(
            "forwarding",
            "lrs.forwarding.commands:forwarding",
            "Send statements to other stores and webhooks, and pull from other stores.",
        ),
        CommandRef(
            "db", "lrs.store.db_commands:db", "Upgrade, check, back up and restore the database."
        ),
    ),
    routes="lrs.http:register",
    migrations="lrs.store.migrations.versions",
    tables="lrs.store.schema",
    belonging="lrs.store.belonging:BELONGING",
    translations="lrs.web.translations",
    pages=(PageRef("web.index", "Statements"), PageRef("setup.index", "Set up")),
)
