"""What the connectors bring to the host."""

from __future__ import annotations

from lrs.plugins import CommandRef, Plugin

plugin = Plugin(
    name="connectors",
    commands=(
        CommandRef(
            "people", "connectors.commands:people", "Import people, teams and their history."
        ),
        CommandRef("outcomes", "connectors.commands:outcomes", "Import what the business saw."),
        CommandRef(
            "paths", "connectors.commands:paths", "Import learning paths and when they are done."
        ),
        CommandRef("sources", "connectors.commands:sources", "See where the data comes from."),
        CommandRef(
            "identities", "connectors.commands:identities", "See and settle who a learner is."
        ),
    ),
    migrations="connectors.store.migrations.versions",
    tables="connectors.store.schema",
    belonging="connectors.store.belonging:BELONGING",
)
