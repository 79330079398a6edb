"""What the analytics bring to the host."""

from __future__ import annotations

from lrs.plugins import CommandRef, PageRef, Plugin

plugin = Plugin(
    name="analytics",
    commands=(
        CommandRef(
            "evaluate", "analytics.commands:evaluate", "Estimate an effect in a table of yours."
        ),
        CommandRef("impact", "analytics.commands:impact", "Report what a path did to an outcome."),
        CommandRef(
            "plans", "analytics.plans.commands:plans", "Plan the measuring, and draw who starts."
        ),
        CommandRef("demo", "analytics.demo.commands:demo", "Build and serve a made-up company."),
    ),
    routes="analytics.pages:register",
    migrations="analytics.store.migrations.versions",
    tables="analytics.store.schema",
    belonging="analytics.store.belonging:BELONGING",
    translations="analytics.translations",
    pages=(PageRef("impact.index", "Impact"), PageRef("plans.index", "Plans")),
)
