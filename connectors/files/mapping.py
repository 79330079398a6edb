"""How the columns of a file are called by us: a mapping file, or the ``--wide`` options.

A mapping is TOML. Each part may be left out:

    date_format = "%d-%m-%Y"      # or a list; as strptime reads them
    decimal = ","
    period = "day"                # outcomes: a date in `period` is a day, not its month
    dimensions = ["channel"]      # outcomes: columns kept beside each observation

    [columns]                     # ours = theirs
    person_id = "Anställningsnummer"

    [[metric]]                    # outcomes with a column a metric
    id = "errors"
    column = "Antal fel"
    denominator = "Antal ärenden" # the column of what it is counted per
    better = "down"               # further keys as in metrics.toml

A mapping that worked is remembered by the header of the file, so the next file needs none.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.model.metrics import Declared, checked, worth
from lrs.errors import BadInput


@dataclass(frozen=True, slots=True)
class WideMetric:
    """A column that is a metric, and the column of what it is counted per."""

    metric: Declared
    column: str
    denominator: str | None


@dataclass(frozen=True, slots=True)
class FileMapping:
    """How one layout is read. Empty: the file is in our own form."""

    columns: Mapping[str, str] = field(default_factory=dict)
    date_formats: tuple[str, ...] = ()
    decimal: str | None = None
    period: str | None = None
    dimensions: tuple[str, ...] = ()
    metrics: tuple[WideMetric, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the mapping as it is remembered: in the form of the file."""
        return {
            "columns": dict(self.columns),
            "date_format": list(self.date_formats),
            "decimal": self.decimal,
            "period": self.period,
            "dimensions": list(self.dimensions),
            "metric": [_as_entry(wide) for wide in self.metrics],
        }


def _as_entry(wide: WideMetric) -> dict[str, Any]:
    declared = {name: getattr(wide.metric, name) for name in Declared.__slots__ if name != "key"}
    return {
        **{name: value for name, value in declared.items() if value is not None},
        "id": wide.metric.key,
        "column": wide.column,
        "denominator": wide.denominator,
    }


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a TOML file holds; raises `BadInput` that names the file and the line."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as exc:
        raise BadInput(f"the file cannot be read: {exc.strerror}", where=str(path)) from exc
    except UnicodeDecodeError as exc:
        raise BadInput("the file is not UTF-8", where=path.name) from exc
    except tomllib.TOMLDecodeError as exc:
        raise BadInput(f"the file is not TOML: {exc}", where=path.name) from exc


_KEYS = ("columns", "date_format", "decimal", "period", "dimensions", "metric")
_ENTRY = ("id", "column", "name", "kind", "unit", "better", "denominator", "sensitive")


def mapping_of(found: Mapping[str, Any], where: str) -> FileMapping:
    """Return the mapping that a document is."""
    unknown = sorted(set(found) - set(_KEYS))
    if unknown:
        raise BadInput(f"what is {unknown[0]!r}?", where=where, hint=f"known: {', '.join(_KEYS)}")
    columns = found.get("columns") or {}
    if not isinstance(columns, dict) or not all(isinstance(v, str) for v in columns.values()):
        raise BadInput(
            'columns is a table of ours = "theirs"', where=where, hint='person_id = "Employee ID"'
        )
    if found.get("decimal") not in (None, ",", "."):
        raise BadInput('decimal is "," or "."', where=where)
    if found.get("period") not in (None, "day", "month"):
        raise BadInput('period is "day" or "month"', where=where)
    return FileMapping(
        columns=columns,
        date_formats=_texts(found.get("date_format"), "date_format", where),
        decimal=found.get("decimal"),
        period=found.get("period"),
        dimensions=_texts(found.get("dimensions"), "dimensions", where),
        metrics=tuple(_wide(entry, where) for entry in found.get("metric") or ()),
    )


def _texts(value: Any, key: str, where: str) -> tuple[str, ...]:
    if value is None:
        return ()
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise BadInput(f"{key} is a text, or a list of texts", where=where)
    return tuple(texts)


def _wide(entry: Any, where: str) -> WideMetric:
    if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
        raise BadInput(
            "each [[metric]] needs an id", where=where, hint='id = "errors", column = "Errors"'
        )
    unknown = sorted(set(entry) - {*_ENTRY, "value_per_unit", "currency"})
    if unknown:
        raise BadInput(f"what is {unknown[0]!r}?", where=where, hint=f"known: {', '.join(_ENTRY)}")
    for key in ("id", "column", "denominator", "better", "kind"):
        if not isinstance(entry.get(key, ""), str | None):
            raise BadInput(f"{key} should be text, not {entry[key]!r}", where=where)
    denominator, (low, likely, high) = entry.get("denominator"), worth(entry, where)
    metric = Declared(
        key=entry["id"],
        name=entry.get("name"),
        kind=entry.get("kind"),
        unit=entry.get("unit"),
        better=entry.get("better"),
        denominator=denominator or "",
        sensitive=entry.get("sensitive"),
        value_low=low,
        value_per_unit=likely,
        value_high=high,
        currency=entry.get("currency"),
    )
    return WideMetric(checked(metric, where), entry.get("column") or entry["id"], denominator)


def wide_metrics(options: Iterable[str], header: Sequence[str]) -> tuple[WideMetric, ...]:
    """Return the metrics that ``--wide METRIC=COLUMN[/DENOMINATOR][:up|:down]`` options name."""
    found = [_option(option, header) for option in options]
    keys = [wide.metric.key for wide in found]
    for key in keys:
        if keys.count(key) > 1:
            raise BadInput(f"the metric {key!r} is named twice", where="--wide")
    return tuple(found)


def _option(option: str, header: Sequence[str]) -> WideMetric:
    key, equals, rest = option.partition("=")
    better = None
    for way in ("up", "down"):
        if rest.endswith(f":{way}") and rest not in header:
            rest, better = rest[: -len(way) - 1], way
    column, denominator = rest, None
    if rest not in header and "/" in rest:
        column, denominator = _parted(rest, header)
    if not equals or not key.strip() or not column.strip() or denominator == "":
        raise BadInput(
            f"{option!r} does not say which column is the metric",
            where="--wide",
            hint="METRIC=COLUMN[/DENOMINATOR][:up|:down], such as errors=errors/cases:down",
        )
    metric = Declared(key.strip(), better=better, denominator=denominator or "")
    return WideMetric(metric, column.strip(), denominator.strip() if denominator else None)


def _parted(text: str, header: Sequence[str]) -> tuple[str, str]:
    """Part COLUMN/DENOMINATOR at the slash that leaves two columns; names may hold slashes too."""
    cuts = [place for place, letter in enumerate(text) if letter == "/"]
    for place in cuts:
        if text[:place] in header and text[place + 1 :] in header:
            return text[:place], text[place + 1 :]
    return text[: cuts[0]], text[cuts[0] + 1 :]
