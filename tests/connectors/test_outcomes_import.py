"""outcomes.csv, long and wide, into the tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from people_kept import TENANT, Kept

from connectors.importing import ImportReport, import_outcomes, import_people
from connectors.metrics import metric, metrics
from connectors.model.days import day_of
from connectors.store import schema
from lrs.errors import BadInput, NotFound
from lrs.store.database import Database

CsvFile = Callable[..., Path]
Bring = Callable[..., ImportReport]


@pytest.fixture
def bring(database: Database, csv_file: CsvFile) -> Bring:
    """Return ``f(*lines, **options)``: imports a file of these lines, for P1, P2 and team T1."""
    people = csv_file(
        "person_id,email,employee_number,team_id,valid_from",
        "P1,ann@example.org,E1,T1,2024-01-01",
        "P2,bo@example.org,E2,T1,2024-01-01",
    )
    import_people(database, TENANT, people)

    def run(*lines: str, **options: Any) -> ImportReport:
        return import_outcomes(database, TENANT, csv_file(*lines), **options)

    return run


def _counts(report: ImportReport) -> tuple[int, int, int, int, int]:
    return report.read, report.new, report.changed, report.unchanged, report.refused


def _said(kept: Kept, **which: Any) -> list[tuple[Any, ...]]:
    """(metric, person or team, day, days, value, numerator, denominator) in force."""
    keys = {row.id: row.key for row in kept.rows(schema.metric)}
    people = {row.id: row.source_key for row in kept.rows(schema.person)}
    units = {row.id: row.source_key for row in kept.rows(schema.org_unit)}
    return sorted(
        (
            *(keys[row.metric_id], people.get(row.person_id) or units[row.unit_id], row.day_no),
            *(row.period_days, row.value, row.numerator, row.denominator),
        )
        for row in kept.rows(schema.outcome, **which)
    )


MARCH = day_of("2024-03-01")


def test_long_rows_of_people_and_teams(bring: Bring, kept: Kept) -> None:
    report = bring(
        "metric,person_id,team_id,period,value,numerator,denominator",
        "productivity,P1,,2024-03,3.5,,",
        "errors,,T1,2024-03,,4,50",
    )
    assert _counts(report) == (2, 2, 0, 0, 0)
    assert _said(kept) == [
        ("errors", "T1", MARCH, 31, None, 4.0, 50.0),
        ("productivity", "P1", MARCH, 31, 3.5, None, None),
    ]


def test_wide_file_by_options(bring: Bring, kept: Kept, database: Database) -> None:
    report = bring(
        "person_id,team_id,month,out,err,cases,other",
        "P1,T1,2024-03-01,1.5,2,40,9",
        "P2,T1,2024-03-01,,0,30,9",
        wide=["productivity=out", "slips=err/cases:down"],
    )
    assert _counts(report) == (2, 2, 0, 0, 0)
    assert _said(kept) == [
        ("productivity", "P1", MARCH, 31, 1.5, None, None),
        ("slips", "P1", MARCH, 31, None, 2.0, 40.0),
        ("slips", "P2", MARCH, 31, None, 0.0, 30.0),
    ]
    assert "columns not used: other" in report.notes
    with database.read() as conn:
        slips = metric(conn, TENANT, "slips")
    assert (slips.kind, slips.better, slips.denominator) == ("count", "down", "cases")


def test_second_file_of_a_layout_needs_neither_options_nor_mapping(
    bring: Bring, kept: Kept
) -> None:
    header = "person_id,month,err,cases"
    bring(header, "P1,2024-03-01,2,40", wide=["errors=err/cases"])
    assert _counts(bring(header, "P1,2024-04-01,3,41"))[1] == 1
    assert [row[5] for row in _said(kept)] == [2.0, 3.0]


def test_wide_file_by_mapping(bring: Bring, kept: Kept, tmp_path: Path) -> None:
    mapping = tmp_path / "m.toml"
    mapping.write_text(
        'decimal = ","\ndimensions = ["Kanal"]\n[columns]\nperson_id = "Nr"\nmonth = "Månad"\n'
        '[[metric]]\nid = "csat"\ncolumn = "Nöjda"\ndenominator = "Svar"\n',
        encoding="utf-8",
    )
    bring("Nr;Månad;Nöjda;Svar;Kanal", "P1;2024-03;2,5;10;chat", mapping=mapping)
    assert _said(kept) == [("csat", "P1", MARCH, 31, None, 2.5, 10.0)]
    assert kept.rows(schema.outcome)[0].dimensions == '{"Kanal": "chat"}'


def test_wide_file_without_a_word_on_its_metrics_says_how(bring: Bring) -> None:
    with pytest.raises(BadInput, match="which columns are metrics") as caught:
        bring("person_id,month,errors,cases", "P1,2024-03-01,2,40")
    assert '--wide "errors=errors"' in str(caught.value.hint)


@pytest.mark.parametrize(
    ("lines", "options", "message"),
    [
        (["metric,period,value", "x,2024-03,1"], {}, "no column person_id or team_id"),
        (["metric,person_id,value", "x,P1,1"], {}, "period or month or occurred_at"),
        (["metric,person_id,period", "x,P1,2024-03"], {}, r"no column value"),
        (["person_id,month,e", "P1,2024-03,1"], {"wide": ["e=none"]}, "no column 'none'"),
        (["person_id,month,e", "P1,2024-03,1"], {"wide": ["e=e/c"]}, "no column 'c'"),
        (["metric,person_id,period,value"], {}, "no rows"),
    ],
)
def test_file_that_cannot_be_used(
    csv_file: CsvFile, make_settings: Any, lines: list[str], options: Any, message: str
) -> None:
    database = Database(make_settings("sqlite"))
    with pytest.raises(BadInput, match=message) as caught:
        import_outcomes(database, TENANT, csv_file(*lines), **options)
    assert caught.value.where
    database.close()


BAD = [
    ("errors,P9,,2024-03,,1,2", "person_id", "nobody who is known has the person_id 'P9'"),
    ("errors,,T9,2024-03,,1,2", "team_id", "no team is known by 'T9'"),
    ("errors,,,2024-03,,1,2", "person_id", "whose outcome"),
    (",P1,,2024-03,1,,", "metric", "what was measured"),
    ("errors,P1,,,,1,2", "period", "when was it"),
    ("errors,P1,,March,,1,2", "period", "not a date"),
    ("errors,P1,,2024-13,,1,2", "period", "no month"),
    ("errors,P1,,2024-04,,1,", "denominator", "counted per what"),
    ("errors,P1,,2024-05,,,2", "numerator", "denominator without numerator"),
    ("errors,P1,,2024-06,,1,-2", "denominator", "negative"),
    ("errors,P1,,2024-07,,-1,2", "numerator", "negative"),
    ("errors,P1,,2024-08,,1,0", "denominator", "but denominator is 0"),
    ("errors,P1,,2024-09,many,,", "value", "not a number"),
    ("errors,P1,,2024-10,nan,,", "value", "not a number"),
    ("errors,P1,,2024-11,1,1,2", "value", "which one counts"),
    ("errors,P1,,2024-12,,,", "value", "empty"),
    ("errors,P1,,2025-01,7,,", "value", "plain value cannot be compared"),
]


def test_bad_rows_are_refused_with_place_and_reason_and_the_others_go_in(
    bring: Bring, kept: Kept
) -> None:
    report = bring(
        "metric,person_id,team_id,period,value,numerator,denominator",
        *("errors,P1,,2024-02,,1,2", *(row for row, _, _ in BAD)),
    )
    assert _counts(report) == (len(BAD) + 1, 1, 0, 0, len(BAD))
    issues = {place.split(":", 1)[1]: text for place, text in report.issues}
    for line, (_, column, message) in enumerate(BAD, start=3):
        assert message in issues[f"{line}:{column}"]
    assert sorted(row.raw for row in kept.rows(schema.sync_issue)) == sorted(
        row for row, _, _ in BAD
    )
    assert len(_said(kept)) == 1


def test_zero_volume_is_no_fault_and_no_rate(bring: Bring, kept: Kept) -> None:
    bring("metric,person_id,period,numerator,denominator", "errors,P1,2024-03,0,0")
    assert _said(kept)[0][5:] == (0.0, 0.0)


def test_unchanged_file_writes_nothing(bring: Bring, kept: Kept) -> None:
    lines = ("person_id,month,e,c,p", "P1,2024-03,1,9,2.5", "P2,2024-03,0,8,")
    wide = ["errors=e/c", "productivity=p"]
    bring(*lines, wide=wide)
    before = kept.everything()
    assert _counts(bring(*lines, wide=wide)) == (2, 0, 0, 2, 0)
    assert kept.everything() == before


def test_corrected_value_supersedes_the_one_before(bring: Bring, kept: Kept) -> None:
    bring("metric,person_id,period,value", "nps,P1,2024-03,10", "nps,P2,2024-03,20")
    report = bring("metric,person_id,period,value", "nps,P1,2024-03,12", "nps,P2,2024-03,20")
    assert _counts(report) == (2, 0, 1, 1, 0)
    assert [row[4] for row in _said(kept)] == [12.0, 20.0]
    assert [row[4] for row in _said(kept, all_of_them=True)] == [10.0, 12.0, 20.0]


def test_late_row_for_an_old_month_is_added(bring: Bring, kept: Kept) -> None:
    bring("metric,person_id,period,value", "nps,P1,2024-05,10")
    bring("metric,person_id,period,value", "nps,P1,2024-02,11")
    assert [row[4] for row in _said(kept)] == [11.0, 10.0]


def test_overlapping_files_do_not_double(bring: Bring, kept: Kept) -> None:
    bring("metric,person_id,period,value", "nps,P1,2024-03,1", "nps,P1,2024-04,2")
    bring("metric,person_id,period,value", "nps,P1,2024-04,2", "nps,P1,2024-05,3")
    assert [row[4] for row in _said(kept)] == [1.0, 2.0, 3.0]


def test_rows_that_contradict_are_refused_naming_both(bring: Bring, kept: Kept) -> None:
    report = bring(
        "metric,person_id,period,value",
        *("nps,P1,2024-03,1", "nps,P2,2024-03,5", "nps,P1,2024-03-01,2"),
    )
    assert _counts(report) == (3, 1, 0, 0, 2)
    assert all("rows 2 and 4" in text for _, text in report.issues)
    assert [row[4] for row in _said(kept)] == [5.0]


def test_same_row_twice_is_one_observation(bring: Bring, kept: Kept) -> None:
    report = bring("metric,person_id,period,value", "nps,P1,2024-03,1", "nps,P1,2024-03,1")
    assert _counts(report) == (2, 1, 0, 1, 0)
    assert len(_said(kept)) == 1


def test_two_like_events_on_a_day_are_two_and_stay_two(bring: Bring, kept: Kept) -> None:
    lines = (
        "metric,person_id,occurred_at,value",
        *("complaints,P1,2024-03-05T10:00:00Z,1", "complaints,P1,2024-03-05T15:00:00Z,1"),
    )
    bring(*lines)
    assert _counts(bring(*lines)) == (2, 0, 0, 2, 0)
    assert [row[2:4] for row in _said(kept)] == [(day_of("2024-03-05"), None)] * 2


def test_case_with_an_id_can_be_closed_later(bring: Bring, kept: Kept) -> None:
    header = "record_id,metric,team_id,occurred_at,closed_at,value"
    bring(header, "C7,lead_time,T1,2024-03-05,,0")
    report = bring(header, "C7,lead_time,T1,2024-03-05,2024-03-09,96")
    assert report.changed == 1
    (case,) = kept.rows(schema.outcome)
    assert (case.closed_day, case.value) == (day_of("2024-03-09"), 96.0)


def test_periods_that_are_days_when_not_all_of_them_begin_a_month(bring: Bring, kept: Kept) -> None:
    bring("metric,person_id,period,value", "nps,P1,2024-03-01,1", "nps,P1,2024-03-02,2")
    assert [row[2:4] for row in _said(kept)] == [(MARCH, 1), (MARCH + 1, 1)]


@pytest.mark.parametrize("key", ["E1", "Ann@Example.org"])
def test_person_may_be_named_by_number_or_mail(bring: Bring, kept: Kept, key: str) -> None:
    bring("metric,person_id,period,value", f"nps,{key},2024-03,1")
    assert _said(kept)[0][1] == "P1"


def test_extra_columns_of_a_long_file_are_kept(bring: Bring, kept: Kept) -> None:
    bring("metric,person_id,period,value,channel", "nps,P1,2024-03,1,chat")
    assert kept.rows(schema.outcome)[0].dimensions == '{"channel": "chat"}'


def test_team_of_a_persons_row_that_is_not_known_is_noted(bring: Bring) -> None:
    report = bring("metric,person_id,team_id,period,value", "nps,P1,T77,2024-03,1")
    assert _counts(report) == (1, 1, 0, 0, 0)
    assert "T77" in report.notes[0]


def test_absence_of_persons_is_taken_and_marked_sensitive(bring: Bring, database: Database) -> None:
    bring("person_id,month,absence_days", "P1,2024-03,2", wide=["absence_days=absence_days"])
    with database.read() as conn:
        found = metric(conn, TENANT, "absence_days")
    assert (found.sensitive, found.better) == (True, "down")


def test_declared_metrics_stand_over_the_library(
    bring: Bring, database: Database, tmp_path: Path
) -> None:
    declared = tmp_path / "metrics.toml"
    declared.write_text(
        '[[metric]]\nid = "errors"\nname = "Slips"\nkind = "rate"\ndenominator = "orders"\n'
    )
    header = "metric,person_id,period,numerator,denominator"
    bring(header, "errors,P1,2024-03,1,2", metrics=declared)
    bring(header, "errors,P1,2024-04,1,2")  # a later file does not undo it
    with database.read() as conn:
        found = metric(conn, TENANT, "errors")
    assert (found.name, found.kind, found.denominator, found.better) == (
        *("Slips", "rate", "orders", "down"),
    )


def test_outcome_before_hiring_or_after_leaving_is_told(
    bring: Bring, database: Database, csv_file: CsvFile
) -> None:
    bring("metric,person_id,period,value", "nps,P1,2024-01,8")
    gone = csv_file(
        "person_id,employee_number,team_id,valid_from,valid_to", "P3,E3,T1,2024-02-10,2024-05-10"
    )
    import_people(database, TENANT, gone)
    rows = [f"nps,P3,2024-{month:02d},7" for month in range(1, 8)]
    report = bring("metric,person_id,period,value", *rows)
    assert (report.new, report.refused) == (7, 0)
    assert "3 rows, such as one of P3," in " ".join(report.notes)
    assert bring("metric,person_id,period,value", "nps,P1,2024-02,8").notes == []


def test_days_away_lie_between_nothing_and_what_there_is(bring: Bring) -> None:
    wide = ["absence_days=absence_days", "verzuim=away/of"]
    rows = ("P1,2024-03,-2,1,20", "P2,2024-03,2,21,20", "P1,2024-04,2,1,20")
    report = bring("person_id,month,absence_days,away,of", *rows, wide=wide)
    assert (report.new, report.refused) == (1, 2)


@pytest.mark.parametrize(
    ("figures", "right", "wrong"),
    [("value", "1", "2"), ("numerator,denominator", "4,5", "6,5")],
)
def test_binary_metric_is_1_or_0_or_no_more_than_there_are(
    bring: Bring, tmp_path: Path, figures: str, right: str, wrong: str
) -> None:
    declared = tmp_path / "metrics.toml"
    declared.write_text('[[metric]]\nid = "passed_audit"\nkind = "binary"\n')
    rows = (f"passed_audit,P1,2024-03,{right}", f"passed_audit,P2,2024-03,{wrong}")
    report = bring(f"metric,person_id,period,{figures}", *rows, metrics=declared)
    assert (report.new, report.refused) == (1, 1)


def test_a_metric_told_of_people_and_of_teams_is_noted(bring: Bring) -> None:
    people = bring("metric,person_id,period,value", "nps,P1,2024-03,8", "nps,P2,2024-03,7")
    assert people.notes == []
    assert bring("metric,team_id,period,value", "calls,T1,2024-03,8").notes == []
    teams = bring("metric,team_id,period,value", "nps,T1,2024-04,8")
    assert "told of people and of teams: nps:" in teams.notes[0]
    assert teams.new == 1


def test_dry_run_writes_nothing_and_tells_what_would_be(bring: Bring, kept: Kept) -> None:
    before = kept.everything()
    report = bring("metric,person_id,period,value", "nps,P1,2024-03,1", dry_run=True)
    assert _counts(report) == (1, 1, 0, 0, 0)
    assert report.kinds == {"metric": 1, "nps": 1}
    assert kept.everything() == before


def test_metric_that_is_not_there_is_named_with_those_that_are(
    bring: Bring, database: Database
) -> None:
    bring("metric,person_id,period,value", "nps,P1,2024-03,1")
    with database.read() as conn, pytest.raises(NotFound) as caught:
        metric(conn, TENANT, "npss")
    assert "nps" in str(caught.value.hint)
    with database.read() as conn:
        assert metrics(conn, TENANT + 1) == []


def test_rows_refused_once_are_refused_again_beside_those_that_were_taken(bring: Bring) -> None:
    lines = ("metric,person_id,period,value", "nps,P1,2024-03,1", "enps,P1,2024-03,many")
    assert _counts(bring(*lines)) == (2, 1, 0, 0, 1)
    assert _counts(bring(*lines)) == (2, 0, 0, 1, 1)


def test_value_that_goes_back_to_what_it_was_is_taken_back(bring: Bring, kept: Kept) -> None:
    wide = ["productivity=p", "nps=n"]
    for value in ("5", "7", "5"):
        report = bring("person_id,month,p,n", f"P1,2024-03,1,{value}", wide=wide)
    assert _counts(report) == (1, 0, 1, 0, 0)
    assert [row[4] for row in _said(kept)] == [5.0, 1.0]


def test_metric_of_the_library_can_be_plain_values_when_declared_so(
    bring: Bring, tmp_path: Path
) -> None:
    declared = tmp_path / "metrics.toml"
    header = "metric,person_id,period,value"
    declared.write_text('[[metric]]\nid = "errors"\n')
    assert bring(header, "errors,P1,2024-03,4", metrics=declared).nothing_taken
    declared.write_text('[[metric]]\nid = "complaints"\ndenominator = ""\n')
    assert bring(header, "complaints,P1,2024-03,4", metrics=declared).new == 1


def test_metric_that_ran_dry_is_told(bring: Bring) -> None:
    wide = ["productivity=p", "nps=n"]
    bring("person_id,month,p,n", "P1,2024-03,1,5", wide=wide)
    report = bring("person_id,month,p,n", "P1,2024-04,,5", wide=wide)
    assert [place.rsplit(":", 1)[1] for place, _ in report.issues] == ["p"]
