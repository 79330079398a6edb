"""people.csv into the tables: what users of such syncs complain about does not happen here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from people_kept import TENANT, Kept

from connectors.importing import ImportReport, import_people
from connectors.model.days import day_of, iso
from connectors.store import schema
from lrs.access.tenants import make_tenant
from lrs.errors import BadInput
from lrs.store.database import Database

FULL = "person_id,email,team_id,manager_id,role,monthly_cost,valid_from,valid_to,termination_date"
CsvFile = Callable[..., Path]


@pytest.fixture
def bring(database: Database, csv_file: CsvFile) -> Callable[..., ImportReport]:
    """Return ``f(*lines, **options)``: imports a file of these lines."""

    def run(*lines: str, **options: Any) -> ImportReport:
        return import_people(database, TENANT, csv_file(*lines), **options)

    return run


def _counts(report: ImportReport) -> tuple[int, int, int, int, int]:
    return report.read, report.new, report.changed, report.unchanged, report.refused


def test_row_becomes_a_person_with_all_it_says(bring: Any, kept: Kept) -> None:
    report = bring(
        f"{FULL},employee_number,given_name,family_name,team_name,department,location,fte,hours_week,"
        "account_home_page,account_name,Shoe size",
        "P1,Ann@example.org,T1,P2,agent,3000,2024-01-01,,,E77,Ann,Berg,Front,Service,Lund,0.8,32,"
        "https://lms.example.org/,ann,38",
    )
    assert _counts(report) == (1, 1, 0, 0, 0)
    assert kept.rows(schema.person)[0].display == "Ann Berg"
    assert {(row.scheme, row.system, row.normal) for row in kept.rows(schema.identifier)} == {
        ("native", "files", "P1"),
        ("employee_number", "files", "E77"),
        ("mail", "", "ann@example.org"),
        ("mail_spelling", "", "Ann@example.org"),
        ("account", "https://lms.example.org", "ann"),
    }
    (work,) = kept.rows(schema.employment)
    assert (work.fte, work.hours_week, work.end_reason) == (0.8, 32.0, None)
    (job,) = kept.rows(schema.job)
    assert (job.title, job.location) == ("agent", "Lund")
    (pay,) = kept.rows(schema.compensation)
    assert pay.monthly_cost == 3000.0
    units = {(row.kind, row.source_key): row for row in kept.rows(schema.org_unit)}
    assert units["team", "T1"].name == "Front"
    assert units["team", "T1"].parent_id == units["department", "Service"].id
    assert kept.spans(schema.attribute, "name", "value") == {
        "P1": [("2024-01-01", None, "Shoe size", "38")]
    }


def test_only_person_id_and_valid_from_are_needed(bring: Any, kept: Kept) -> None:
    assert _counts(bring("person_id,valid_from", "P1,2024-01-01"))[1] == 1
    assert kept.teams() == {}


def test_several_rows_are_a_history(bring: Any, kept: Kept) -> None:
    bring(
        "person_id,team_id,valid_from,valid_to",
        "P1,T2,2024-03-01,2024-06-01",
        "P2,T1,2024-01-01,",
        "P1,T1,2024-01-01,2024-03-01",
        "P1,T3,2024-06-01,",
    )
    assert kept.teams()["P1"] == [
        ("2024-01-01", "2024-03-01", "T1"),
        ("2024-03-01", "2024-06-01", "T2"),
        ("2024-06-01", None, "T3"),
    ]
    assert len(kept.spans(schema.employment)["P1"]) == 1


def test_unchanged_file_writes_nothing(bring: Any, kept: Kept) -> None:
    lines = (FULL, "P1,a@example.org,T1,P2,agent,3000,2024-01-01,,", "P2,,T1,,lead,,2024-01-01,,")
    bring(*lines)
    before = kept.everything()
    report = bring(*lines)
    assert _counts(report) == (2, 0, 0, 2, 0)
    assert report.kinds == {}
    assert kept.everything() == before


def test_same_rows_in_another_order_and_layout_write_nothing(bring: Any, kept: Kept) -> None:
    bring("person_id,team_id,valid_from", "P1,T1,2024-01-01", "P2,T2,2024-01-01")
    before = {name: rows for name, rows in kept.everything().items() if name != "person"}
    report = bring("valid_from;team_id;person_id", "2024-01-01;T2;P2", "2024-01-01;T1;P1")
    assert _counts(report) == (2, 0, 0, 2, 0)
    after = kept.everything()
    # The digest of the rows is another, and so is the remembered layout; nothing else is.
    assert {name: after[name] for name in before if name != "import_mapping"} == {
        name: rows for name, rows in before.items() if name != "import_mapping"
    }


def test_corrected_row_supersedes_and_what_was_believed_before_can_be_read(
    bring: Any, kept: Kept
) -> None:
    bring("person_id,team_id,role,valid_from", "P1,T1,agent,2024-01-01")
    report = bring("person_id,team_id,role,valid_from", "P1,T2,agent,2024-01-01")
    assert _counts(report) == (1, 0, 1, 0, 0)
    assert report.kinds == {"team": 1, "membership": 1, "membership superseded": 1}
    assert kept.teams()["P1"] == [("2024-01-01", None, "T2")]
    old, new = kept.rows(schema.membership, all_of_them=True)
    assert old.superseded_run == new.run_id


def test_past_survives_a_file_of_today(bring: Any, kept: Kept) -> None:
    bring("person_id,team_id,valid_from", "P1,T1,2023-01-01")
    report = bring("person_id,team_id,valid_from", "P1,T2,2024-05-01")
    assert kept.teams()["P1"] == [("2023-01-01", "2024-05-01", "T1"), ("2024-05-01", None, "T2")]
    assert kept.spans(schema.employment, "end_reason")["P1"] == [("2023-01-01", None, None)]
    assert "earlier part was kept" in report.notes[0]


def test_monthly_files_that_show_no_change_leave_one_row(bring: Any, kept: Kept) -> None:
    for month in ("01", "02", "03"):
        bring("person_id,team_id,valid_from", f"P1,T1,2024-{month}-01")
    assert kept.teams()["P1"] == [("2024-01-01", None, "T1")]
    assert len(kept.rows(schema.membership, all_of_them=True)) == 1


def test_whole_history_takes_the_files_word_for_the_past(bring: Any, kept: Kept) -> None:
    bring("person_id,team_id,valid_from", "P1,T1,2023-01-01")
    bring("person_id,team_id,valid_from", "P1,T1,2023-03-01", whole_history=True)
    assert kept.teams()["P1"] == [("2023-03-01", None, "T1")]


def test_snapshot_with_hire_dates_keeps_the_past_and_is_observed(bring: Any, kept: Kept) -> None:
    bring("person_id,team_id,valid_from", "P1,T1,2020-01-01", "P2,T1,2020-01-01")
    bring(
        *("person_id,team_id,valid_from", "P1,T2,2020-01-01", "P2,T1,2020-01-01"),
        as_of=day_of("2024-06-01"),
    )
    assert kept.teams()["P1"] == [("2020-01-01", "2024-06-01", "T1"), ("2024-06-01", None, "T2")]
    assert kept.teams()["P2"] == [("2020-01-01", None, "T1")]
    assert kept.spans(schema.membership, "basis") == {
        "P1": [("2020-01-01", "2024-06-01", "source"), ("2024-06-01", None, "observed")],
        "P2": [("2020-01-01", None, "source")],
    }


def test_people_whom_a_later_file_leaves_out_are_kept(bring: Any, kept: Kept) -> None:
    bring("person_id,team_id,valid_from", "P1,T1,2024-01-01", "P2,T1,2024-01-01")
    bring("person_id,team_id,valid_from", "P1,T1,2024-01-01")
    assert kept.team_on("P2", "2025-01-01") == "T1"


def test_file_without_a_column_says_nothing_of_what_it_would_hold(bring: Any, kept: Kept) -> None:
    bring(
        "person_id,email,team_id,role,fte,shoe,valid_from",
        "P1,a@example.org,T1,agent,0.5,38,2024-01-01",
    )
    before = {name: rows for name, rows in kept.everything().items() if "membership" not in name}
    bring("person_id,team_id,valid_from", "P1,T2,2024-01-01")
    assert kept.teams()["P1"] == [("2024-01-01", None, "T2")]
    after = kept.everything()
    for table in ("identifier", "job", "employment", "attribute"):
        assert after[table] == before[table]


def test_column_that_ran_dry_is_told(bring: Any, kept: Kept) -> None:
    bring("person_id,team_id,valid_from", "P1,T1,2024-01-01", "P2,T1,2024-01-01")
    report = bring("person_id,team_id,valid_from", "P1,,2024-05-01", "P2,,2024-05-01")
    assert report.warnings == 1
    place, text = report.issues[0]
    assert place.endswith(":1:team_id")
    assert "100% of them" in text
    assert kept.teams()["P1"] == [("2024-01-01", "2024-05-01", "T1")]
    assert bring("person_id,valid_from", "P1,2024-05-01").warnings == 0


def test_leaver_leaves_employment_and_team_and_stays_known(bring: Any, kept: Kept) -> None:
    bring("person_id,team_id,valid_from", "P1,T1,2024-01-01")
    bring(
        "person_id,team_id,valid_from,termination_date,end_reason",
        "P1,T1,2024-01-01,2024-08-01,voluntary",
    )
    assert kept.teams()["P1"] == [("2024-01-01", "2024-08-01", "T1")]
    assert kept.spans(schema.employment, "end_reason", "basis")["P1"] == [
        ("2024-01-01", "2024-08-01", "voluntary", "source")
    ]
    assert len(kept.rows(schema.person)) == 1


def test_end_without_a_day_of_leaving_is_assumed(bring: Any, kept: Kept) -> None:
    bring("person_id,valid_from,valid_to", "P1,2024-01-01,2024-08-01")
    assert kept.spans(schema.employment, "end_reason", "basis")["P1"] == [
        ("2024-01-01", "2024-08-01", "unknown", "assumed")
    ]


def test_rehire_is_the_same_person_with_a_new_employment(bring: Any, kept: Kept) -> None:
    bring(
        "person_id,team_id,valid_from,termination_date",
        "P1,T1,2022-01-01,2023-01-01",
        "P1,T2,2024-01-01,",
    )
    assert len(kept.rows(schema.person)) == 1
    first, second = kept.rows(schema.employment)
    assert (second.original_start, second.rehire_of) == (first.valid_from, first.id)
    assert first.rehire_of is None


def test_rehire_that_comes_in_a_later_file_points_at_the_employment_before(
    bring: Any, kept: Kept
) -> None:
    bring("person_id,valid_from,termination_date", "P1,2022-01-01,2023-01-01")
    bring("person_id,valid_from,termination_date", "P1,2024-01-01,")
    first, second = kept.rows(schema.employment)
    assert (second.original_start, second.rehire_of) == (first.valid_from, first.id)


def test_manager_who_comes_later_is_found_then(bring: Any, kept: Kept) -> None:
    bring("person_id,manager_id,valid_from", "P1,P2,2024-01-01")
    assert kept.rows(schema.reporting_line)[0].manager_id is None
    bring("person_id,manager_id,valid_from", "P2,,2024-01-01")
    ids = {row.source_key: row.id for row in kept.rows(schema.person)}
    assert kept.rows(schema.reporting_line)[0].manager_id == ids["P2"]


REFUSED = [
    ("P1,T1,,", "valid_from", "is empty"),
    ("P1,T1,2024-02-30,", "valid_from", "no day of the calendar"),
    ("P1,T1,31/12/2024,", "valid_from", "2024-12-31"),
    ("P1,T1,2024-05-01,2024-05-01", "valid_to", "not after"),
    (",T1,2024-05-01,", "person_id", "is empty"),
    ("P1,T1", None, "only 2 of"),
    ("P1,T1,2024-05-01,,x", None, "5 fields"),
]


def test_bad_rows_are_refused_with_place_and_reason_and_the_others_go_in(
    bring: Any, kept: Kept
) -> None:
    # Each of another person, or one bad row would keep the others of that person out.
    rows = [row.replace("P1", f"P{n}") for n, (row, _, _) in enumerate(REFUSED)]
    report = bring("person_id,team_id,valid_from,valid_to", "P99,T1,2024-01-01,", *rows)
    assert _counts(report) == (len(rows) + 1, 1, 0, 0, len(rows))
    issues = {place.split(":", 1)[1]: text for place, text in report.issues}
    for line, (_, column, message) in enumerate(REFUSED, start=3):
        assert message in issues[f"{line}:{column}" if column else f"{line}"]
    assert [row.source_key for row in kept.rows(schema.person)] == ["P99"]
    assert sorted(row.raw for row in kept.rows(schema.sync_issue)) == sorted(rows)


def test_person_in_two_teams_at_once_is_refused_naming_both_rows(bring: Any, kept: Kept) -> None:
    report = bring(
        "person_id,team_id,valid_from,valid_to",
        "P1,T1,2024-01-01,",
        "P2,T1,2024-01-01,",
        "P1,T2,2024-04-01,2024-08-01",
    )
    assert _counts(report) == (3, 1, 0, 0, 2)
    assert all("rows 2 and 4" in text and "T1 and T2" in text for _, text in report.issues)
    assert list(kept.teams()) == ["P2"]


def test_refused_rows_leave_what_was_known_of_the_person(bring: Any, kept: Kept) -> None:
    bring("person_id,team_id,valid_from,valid_to", "P1,T1,2024-01-01,")
    bring("person_id,team_id,valid_from,valid_to", "P1,T2,2024-01-01,2023-01-01")
    assert kept.teams()["P1"] == [("2024-01-01", None, "T1")]


def test_one_bad_row_keeps_the_persons_other_rows_out_or_it_would_tell_of_a_leaver(
    bring: Any, kept: Kept
) -> None:
    report = bring(
        "person_id,team_id,valid_from,valid_to",
        "P1,T1,2024-01-01,2024-06-01",
        "P1,T2,2024-06-31,",
    )
    assert report.refused == 2
    assert "left out with row 3" in dict(report.issues)[report.issues[1][0]]
    assert kept.rows(schema.employment) == []


def test_bad_field_that_decides_nothing_is_left_out_and_told(bring: Any, kept: Kept) -> None:
    report = bring("person_id,email,fte,valid_from", "P1,unknown,lots,2024-01-01")
    assert _counts(report) == (1, 1, 0, 0, 0)
    assert report.warnings == 2
    assert {level for level, _, _ in kept.issues()} == {"warning"}


def test_refusal_takes_the_place_of_a_warning_in_what_is_shown(bring: Any) -> None:
    rows = [f"P{n:03},x,2024-01-01" for n in range(40)]
    report = bring("person_id,email,valid_from", *rows, "P999,,2024-99-01")
    assert len(report.issues) == 20
    assert any("2024-99-01" in text for _, text in report.issues)
    assert (report.warnings, report.refused) == (40, 1)


UNUSABLE = [
    (["team_id,valid_from", "T1,2024-01-01"], "no column person_id", "--mapping"),
    (["person_id,start", "P1,2024-01-01"], "no column valid_from", "found: person_id, start"),
    (["person_id,valid_from,person_id", "P1,2024-01-01,P1"], "twice", "rename"),
    (["person_id,valid_from"], "no rows", ""),
]


def test_file_that_cannot_be_used_is_refused_whole(bring: Any, kept: Kept) -> None:
    for lines, message, hint in UNUSABLE:
        with pytest.raises(BadInput, match=message) as caught:
            bring(*lines)
        assert hint in (caught.value.hint or "")
    assert kept.rows(schema.sync_run) == []


def test_file_that_breaks_off_half_way_changes_nothing(
    database: Database, kept: Kept, tmp_path: Path
) -> None:
    path = tmp_path / "broken.csv"
    rows = b"".join(b"P%d,2024-01-01\n" % n for n in range(5000))
    path.write_bytes(b"person_id,valid_from\n" + rows + b"P\xff,2024-01-01\n")
    with pytest.raises(BadInput, match="not UTF-8"):
        import_people(database, TENANT, path)
    assert kept.rows(schema.person) == []


def test_run_that_broke_off_goes_on_when_run_again(
    database: Database, kept: Kept, csv_file: CsvFile
) -> None:
    path = csv_file("person_id,valid_from", *(f"P{n:05},2024-01-01" for n in range(4500)))

    class Killed(Exception):
        pass

    def kill(done: int, _total: int) -> None:
        if done >= 2000:
            raise Killed

    with pytest.raises(Killed):
        import_people(database, TENANT, path, progress=kill)
    assert len(kept.rows(schema.person)) == 2000
    report = import_people(database, TENANT, path)
    assert _counts(report) == (4500, 2500, 0, 2000, 0)
    runs = kept.rows(schema.sync_run)
    assert [row.ended_at is None for row in runs if row.stream == "people"] == [True, False]


def test_dry_run_tells_what_would_change_and_writes_nothing(
    bring: Any, kept: Kept, say: Any
) -> None:
    bring("person_id,email,team_id,valid_from", "P1,a@example.org,T1,2024-01-01")
    say({"mbox": "mailto:b@example.org"})
    before, issues = kept.everything(), kept.issues()
    report = bring(
        *("person_id,email,team_id,valid_from", "P1,a@example.org,T2,2024-01-01"),
        *("P2,b@example.org,T2,2024-01-01", "P3,,T2,never"),
        dry_run=True,
    )
    assert _counts(report) == (3, 1, 1, 0, 1)
    assert report.kinds["membership"] == 2
    assert report.examples == ["P1: membership from 2024-01-01 to still"]
    assert report.actors is not None
    assert report.actors.linked == 1
    assert (kept.everything(), kept.issues()) == (before, issues)


def test_second_file_of_a_layout_needs_no_mapping(bring: Any, kept: Kept, tmp_path: Path) -> None:
    mapping = tmp_path / "m.toml"
    mapping.write_text(
        'date_format = "%d-%m-%Y"\n[columns]\nperson_id = "Nr"\nvalid_from = "Från"\n'
        'team_id = "Grupp"\nfte = "Andel"\n'
    )
    header = "Nr;Grupp;Från;Andel"
    bring(header, "P1;T1;01-02-2024;0,5", mapping=mapping)
    bring(header, "P2;T1;01-03-2024;0,75")
    assert kept.teams() == {"P1": [("2024-02-01", None, "T1")], "P2": [("2024-03-01", None, "T1")]}
    assert [row.fte for row in kept.rows(schema.employment)] == [0.5, 0.75]


def test_dry_run_remembers_no_mapping(bring: Any, kept: Kept, tmp_path: Path) -> None:
    mapping = tmp_path / "m.toml"
    mapping.write_text('[columns]\nperson_id = "Nr"\nvalid_from = "Start"\n')
    bring("Nr,Start", "P1,2024-01-01", mapping=mapping, dry_run=True)
    assert kept.rows(schema.import_mapping) == []


def test_another_tenant_sees_and_touches_nothing(
    database: Database, csv_file: CsvFile, kept: Kept
) -> None:
    with database.write() as conn:
        other = make_tenant(conn, "other")
    path = csv_file("person_id,team_id,valid_from", "P1,T1,2024-01-01")
    import_people(database, TENANT, path)
    before = kept.everything()
    report = import_people(
        database, other, csv_file("person_id,team_id,valid_from", "P1,T2,2024-01-01")
    )
    assert report.new == 1
    assert kept.everything() == before


def test_same_key_in_two_sources_is_two_people(bring: Any, kept: Kept) -> None:
    bring("person_id,valid_from", "P1,2024-01-01")
    bring("person_id,valid_from", "P1,2024-01-01", source="subsidiary")
    assert [row.source for row in kept.rows(schema.person)] == ["files", "subsidiary"]


def test_erased_person_is_not_taken_in_again(bring: Any, kept: Kept, database: Database) -> None:
    bring("person_id,valid_from", "P1,2024-01-01")
    with database.write() as conn:
        conn.execute(sa.update(schema.person).values(erased_at=1))
    report = bring("person_id,team_id,valid_from", "P1,T1,2024-01-01", "P2,T1,2024-01-01")
    assert _counts(report) == (2, 1, 0, 0, 1)
    assert list(kept.teams()) == ["P2"]


rows_of_a_person = st.lists(st.integers(1, 40), min_size=1, max_size=5, unique=True).map(sorted)
files = st.lists(
    st.tuples(rows_of_a_person, st.lists(st.sampled_from(["A", "B", "C"]), min_size=5, max_size=5)),
    min_size=1,
    max_size=4,
)


@hypothesis_settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(files)
def test_team_on_any_day_is_what_the_last_file_that_speaks_of_the_day_says(
    one_database: Database, numbers: Iterator[int], csv_file: CsvFile, told: list[Any]
) -> None:
    """Against brute force: days are painted file after file, each from its earliest day on."""
    first, key = day_of("2024-01-01"), f"P{next(numbers)}"
    truth: dict[int, str] = {}
    for starts, teams in told:
        rows = list(zip(starts, teams, strict=False))
        lines = [f"{key},{team},{iso(first + day)}" for day, team in rows]
        path = csv_file("person_id,team_id,valid_from", *lines, name="history.csv")
        import_people(one_database, TENANT, path)
        for day in range(starts[0], 45):
            truth[day] = next(team for start, team in reversed(rows) if start <= day)
    kept = Kept(one_database)
    assert {day: kept.team_on(key, iso(first + day)) for day in range(45)} == {
        day: truth.get(day) for day in range(45)
    }


@pytest.fixture
def one_database(make_settings: Any) -> Iterator[Database]:
    """A database for all the examples of a property; each has a person of its own."""
    opened = Database(make_settings("sqlite"))
    yield opened
    opened.close()


@pytest.fixture
def numbers() -> Iterator[int]:
    """Numbers that never come twice."""
    return count()
