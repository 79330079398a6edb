"""Files as a source: CSV for people and outcomes, TOML for paths, metrics and mappings."""

from __future__ import annotations

from connectors.sources import Source

source = Source(
    name="files",
    about="CSV and TOML files, brought in by `verkan people | outcomes | paths import`.",
    reads={
        "people": "connectors.importing:import_people",
        "outcomes": "connectors.importing:import_outcomes",
        "paths": "connectors.importing:import_paths",
    },
)
