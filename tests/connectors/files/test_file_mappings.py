"""Mapping files and the --wide options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors.files.mapping import FileMapping, mapping_of, read_toml, wide_metrics
from lrs.errors import BadInput

HEADER = ("person_id", "month", "errors", "cases", "a/b", "x:up")


@pytest.mark.parametrize(
    ("option", "key", "column", "denominator", "better"),
    [
        ("errors=errors", "errors", "errors", None, None),
        ("errors=errors/cases", "errors", "errors", "cases", None),
        ("errors=errors/cases:down", "errors", "errors", "cases", "down"),
        ("share=a/b", "share", "a/b", None, None),
        ("share=a/b/cases:up", "share", "a/b", "cases", "up"),
        ("odd=x:up", "odd", "x:up", None, None),
    ],
)
def test_wide_option(
    option: str, key: str, column: str, denominator: str | None, better: str | None
) -> None:
    (found,) = wide_metrics([option], HEADER)
    assert (found.metric.key, found.column, found.denominator) == (key, column, denominator)
    assert found.metric.better == better


@pytest.mark.parametrize("option", ["errors", "=errors", "errors=", "errors=errors/", "e=:down"])
def test_wide_option_that_says_nothing_is_refused(option: str) -> None:
    with pytest.raises(BadInput) as caught:
        wide_metrics([option], HEADER)
    assert (caught.value.where, bool(caught.value.hint)) == ("--wide", True)


def test_metric_named_twice_is_refused() -> None:
    with pytest.raises(BadInput, match="twice"):
        wide_metrics(["e=errors", "e=cases"], HEADER)


FULL = """
date_format = ["%d-%m-%Y"]
decimal = ","
period = "day"
dimensions = ["channel"]
[columns]
person_id = "Nr"
[[metric]]
id = "errors"
column = "Fel"
denominator = "Fall"
better = "down"
unit = "fel"
"""


def test_mapping_reads_back_from_what_is_remembered(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text(FULL, encoding="utf-8")
    mapping = mapping_of(read_toml(path), "m.toml")
    assert mapping.metrics[0].denominator == "Fall"
    assert mapping_of(mapping.as_json(), "remembered") == mapping


def test_empty_mapping_reads_back() -> None:
    assert mapping_of(FileMapping().as_json(), "remembered") == FileMapping()


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({"colums": {}}, "'colums'"),
        ({"columns": {"person_id": 3}}, "columns is a table"),
        ({"decimal": ";"}, "decimal"),
        ({"period": "year"}, "period"),
        ({"date_format": 3}, "date_format"),
        ({"metric": [{"column": "x"}]}, "needs an id"),
        ({"metric": [{"id": "x", "better": "sideways"}]}, "better"),
        ({"metric": [{"id": "x", "column": 3}]}, "column should be text"),
        ({"metric": [{"id": "x", "per": "y"}]}, "'per'"),
    ],
)
def test_mapping_that_cannot_be_is_refused(found: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        mapping_of(found, "m.toml")
    assert caught.value.where == "m.toml"


def test_mapping_that_is_no_toml_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text("a = 1\nb == 2\n", encoding="utf-8")
    with pytest.raises(BadInput, match="line 2"):
        read_toml(path)
