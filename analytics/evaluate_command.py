"""`verkan evaluate SPEC.json`: the answer on the screen, or as JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from analytics.output import put
from lrs.errors import BadInput


@click.command()
@click.argument("spec", type=click.Path(path_type=Path))
@click.option(
    "--json", "json_out", metavar="OUT", help="Write the record as JSON; - is the screen."
)
@click.option(
    "--lang", type=click.Choice(("en", "sv", "nl")), default="en", help="Language of the summary."
)
def evaluate(spec: Path, json_out: str | None, lang: str) -> None:
    """Estimate an effect in a table of yours.

    SPEC is a JSON file that names the table, its columns and the design; paths in it are relative to
    its own folder. Without --json the answer is told on the screen.
    """
    work_alone()
    from analytics.evaluate import evaluate as answer_to

    answer = answer_to(_read(spec), spec.parent)
    if json_out is None:
        _tell(answer, lang)
    else:
        _write(answer, json_out)


def work_alone() -> None:
    """Have linear algebra, before it is loaded, use one thread; a second one mostly spins and waits."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def _read(path: Path) -> dict[str, Any]:
    try:
        spec = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as exc:
        raise BadInput("the spec cannot be read", where=str(path), hint=exc.strerror) from exc
    except UnicodeDecodeError as exc:
        raise BadInput("the spec is not UTF-8", where=str(path)) from exc
    except json.JSONDecodeError as exc:
        where = f"{path}:{exc.lineno}:{exc.colno}"
        raise BadInput(f"the spec is not JSON: {exc.msg}", where=where) from exc
    if not isinstance(spec, dict):
        raise BadInput("the spec must be a JSON object", where=str(path))
    return spec


def _write(answer: dict[str, Any], out: str) -> None:
    put(out, json.dumps(answer, ensure_ascii=False, indent=1, allow_nan=False) + "\n")


def _tell(answer: dict[str, Any], lang: str) -> None:
    if "sentence" not in answer:  # formulas only: numbers under their names
        _write(answer, "-")
        return
    from analytics.report.screen import tell

    tell(answer, lang)
