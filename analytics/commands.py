"""`verkan impact` and `verkan evaluate`. What costs an import is imported by the command itself."""

from __future__ import annotations

import json
from typing import Any

import click

from analytics.evaluate_command import evaluate, work_alone
from analytics.output import put
from lrs.access.tenants import DEFAULT
from lrs.errors import BadInput

__all__ = ["evaluate", "impact"]

LANGUAGES = ("en", "sv", "nl")
LATER = ("pdf", "xlsx", "pptx")


@click.command()
@click.argument("path")
@click.option("--outcome", required=True, metavar="METRIC", help="The metric to look at.")
@click.option(
    "--json", "json_out", metavar="OUT", help="Write the record as JSON; - is the screen."
)
@click.option("--html", "html_out", metavar="OUT", help="Write one page that needs nothing else.")
@click.option("--pdf", "pdf_out", metavar="OUT", help="Comes with a later version.")
@click.option("--xlsx", "xlsx_out", metavar="OUT", help="Comes with a later version.")
@click.option("--pptx", "pptx_out", metavar="OUT", help="Comes with a later version.")
@click.option("--lang", type=click.Choice(LANGUAGES), help="Language; default: the setting.")
@click.option("--by", type=click.Choice(("team", "person")), help="Compare teams, or people.")
@click.option("--tenant", default=DEFAULT, show_default=True, help="Whose data.")
@click.pass_obj
def impact(given: dict[str, Any], /, path: str, outcome: str, **options: Any) -> None:
    """Report what the learning path PATH did to an outcome.

    PATH is the id of a path from paths.toml, or the IRI of one activity. Without --json and --html
    the answer is told on the screen.
    """
    work_alone()
    from analytics.impact.reports import impact as make
    from lrs.access.tenants import tenant_number
    from lrs.store.migrate import open_database

    _refuse_later(options)
    database = open_database(given)
    try:
        with database.read() as conn:
            tenant_id = tenant_number(conn, options["tenant"])
        record = make(database, tenant_id, path, outcome, by=options["by"])
        _tell(record, options, options["lang"] or database.settings.language)
    finally:
        database.close()


def _refuse_later(options: dict[str, Any]) -> None:
    for form in LATER:
        if options[f"{form}_out"] is not None:
            raise BadInput(
                f"--{form} comes with a later version",
                where=f"--{form}",
                hint="--html gives a page that prints well; --json gives the record",
            )


def _tell(record: dict[str, Any], options: dict[str, Any], lang: str) -> None:
    json_out, html_out = options["json_out"], options["html_out"]
    if json_out is not None:
        put(json_out, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    if html_out is not None:
        from analytics.report.html import report_page

        put(html_out, report_page(record, lang))
    if json_out is None and html_out is None:
        from analytics.impact.summary import print_summary

        print_summary(record, lang)
