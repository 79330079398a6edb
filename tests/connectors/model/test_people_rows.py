"""Rows of people.csv, one by one and as the history of a person."""

from __future__ import annotations

import pytest

from connectors.model.days import BEGINNING, day_of
from connectors.model.history import as_of
from connectors.model.people import PersonRow, Reading, person_history, person_row
from lrs.errors import BadInput

READING = Reading()


def _row(line: int, reading: Reading = READING, **given: str) -> PersonRow:
    return person_row(line, {"person_id": "P1", **given}, {}, reading)


def _said(row: PersonRow, kind: str) -> list[tuple[object, ...]]:
    return [values for found, values in row.said if found == kind]


def test_row_without_valid_from_is_refused() -> None:
    with pytest.raises(BadInput) as caught:
        _row(2)
    assert caught.value.where == "valid_from"


@pytest.mark.parametrize("column", ["valid_to", "termination_date"])
@pytest.mark.parametrize("end", ["2024-01-01", "2023-12-31"])
def test_end_that_is_not_after_the_start_is_refused(column: str, end: str) -> None:
    with pytest.raises(BadInput, match="not after valid_from") as caught:
        _row(2, valid_from="2024-01-01", **{column: end})
    assert caught.value.where == column


def test_the_earlier_of_valid_to_and_termination_date_ends_the_row() -> None:
    row = _row(2, valid_from="2024-01-01", valid_to="2024-12-01", termination_date="2024-06-01")
    assert row.end == day_of("2024-06-01")


def test_bad_share_of_full_time_is_left_out_with_a_warning_and_the_row_stays() -> None:
    row = _row(2, valid_from="2024-01-01", fte="full", team_id="T1")
    assert [column for column, _ in row.warnings] == ["fte"]
    assert _said(row, "employment")[0][0] is None
    assert _said(row, "membership") == [("T1",)]


@pytest.mark.parametrize("fte", ["-0.5", "100"])
def test_share_of_full_time_outside_0_to_2_is_left_out(fte: str) -> None:
    assert _row(2, valid_from="2024-01-01", fte=fte).warnings


def test_mail_is_kept_in_lower_case_and_as_it_is_written() -> None:
    row = _row(2, valid_from="2024-01-01", email="Ann.Berg@Example.org")
    assert _said(row, "identifier") == [
        ("mail", "", "ann.berg@example.org"),
        ("mail_spelling", "", "Ann.Berg@Example.org"),
    ]


def test_what_is_no_mail_is_left_out_with_a_warning() -> None:
    row = _row(2, valid_from="2024-01-01", email="n/a")
    assert _said(row, "identifier") == []
    assert "not a mail address" in row.warnings[0][1]


def test_account_needs_both_its_parts() -> None:
    row = _row(2, valid_from="2024-01-01", account_name="ann")
    assert [column for column, _ in row.warnings] == ["account_home_page"]


def test_unknown_reason_of_an_end_is_kept_as_other() -> None:
    row = _row(2, valid_from="2024-01-01", termination_date="2024-05-01", end_reason="pension")
    assert _said(row, "employment")[0][3] == "other"
    assert row.warnings


def test_native_identifier_holds_for_all_time() -> None:
    history = person_history("P1", [_row(2, valid_from="2024-01-01")], READING).history
    assert ("identifier", ("native", "files", "P1")) in as_of(history, BEGINNING)


def test_two_teams_at_once_name_both_rows_and_both_teams() -> None:
    rows = [
        _row(2, valid_from="2024-01-01", team_id="T1"),
        _row(9, valid_from="2024-03-01", team_id="T2"),
    ]
    with pytest.raises(BadInput) as caught:
        person_history("P1", rows, READING)
    for word in ("rows 2 and 9", "T1", "T2", "2024-03-01"):
        assert word in caught.value.message
    assert "end row 2 on 2024-03-01" in str(caught.value.hint)


def test_clash_with_a_row_that_is_not_the_one_before_is_found() -> None:
    rows = [
        _row(2, valid_from="2024-01-01", valid_to="2024-12-01", team_id="T1"),
        _row(3, valid_from="2024-02-01", valid_to="2024-03-01", team_id="T1"),
        _row(4, valid_from="2024-06-01", valid_to="2024-07-01", team_id="T2"),
    ]
    with pytest.raises(BadInput, match="rows 2 and 4"):
        person_history("P1", rows, READING)


def test_same_team_at_once_with_another_role_is_refused_with_what_differs() -> None:
    rows = [
        _row(2, valid_from="2024-01-01", team_id="T1", role="agent"),
        _row(3, valid_from="2024-02-01", team_id="T1", role="lead"),
    ]
    with pytest.raises(BadInput, match="differ in job"):
        person_history("P1", rows, READING)


def test_overlapping_rows_that_say_the_same_are_one() -> None:
    rows = [
        _row(2, valid_from="2024-01-01", valid_to="2024-06-01", team_id="T1"),
        _row(3, valid_from="2024-03-01", team_id="T1"),
    ]
    history = person_history("P1", rows, READING).history
    spans = [(p.start, p.end) for p in history if p.kind == "membership"]
    assert spans == [(day_of("2024-01-01"), None)]


def test_without_a_column_valid_to_a_row_ends_where_the_next_begins() -> None:
    reading = Reading(has_valid_to=False)
    rows = [
        _row(4, reading, valid_from="2024-06-01", team_id="T3"),
        _row(2, reading, valid_from="2024-01-01", team_id="T1"),
        _row(3, reading, valid_from="2024-03-01", team_id="T2"),
    ]
    history = person_history("P1", rows, reading).history
    spans = {p.values[0]: (p.start, p.end) for p in history if p.kind == "membership"}
    assert spans == {
        "T1": (day_of("2024-01-01"), day_of("2024-03-01")),
        "T2": (day_of("2024-03-01"), day_of("2024-06-01")),
        "T3": (day_of("2024-06-01"), None),
    }


def test_without_valid_to_two_rows_of_one_day_still_clash() -> None:
    reading = Reading(has_valid_to=False)
    rows = [
        _row(2, reading, valid_from="2024-01-01", team_id="T1"),
        _row(3, reading, valid_from="2024-01-01", team_id="T2"),
    ]
    with pytest.raises(BadInput, match="rows 2 and 3"):
        person_history("P1", rows, reading)


def test_change_of_pay_does_not_part_the_membership() -> None:
    rows = [
        _row(2, valid_from="2024-01-01", valid_to="2024-06-01", team_id="T1", monthly_cost="3000"),
        _row(3, valid_from="2024-06-01", team_id="T1", monthly_cost="3300"),
    ]
    history = person_history("P1", rows, READING).history
    assert len([p for p in history if p.kind == "membership"]) == 1
    assert len([p for p in history if p.kind == "compensation"]) == 2


def test_leaver_has_left_the_team_too() -> None:
    row = _row(2, valid_from="2024-01-01", termination_date="2024-06-01", team_id="T1")
    history = person_history("P1", [row], READING).history
    after = as_of(history, day_of("2024-06-01"))
    assert {kind for kind, _ in after} == {"identifier"}
