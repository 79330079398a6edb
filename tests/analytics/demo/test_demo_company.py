"""The made-up company: the same every time, plausible, and with the truth it is said to have."""

from __future__ import annotations

import csv
import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from analytics.demo.company import MONTHS, NOWHERE, SEED, Company, employed, make_company
from analytics.demo.files import write_files
from analytics.demo.results import Results, make_results
from analytics.demo.statements import make_statements
from analytics.demo.training import (
    CONVERSATIONS,
    MENTORS,
    NEVER,
    NO_DAY,
    SECURITY,
    Rollout,
    roll_outs,
)


@pytest.fixture(scope="module")
def company() -> Company:
    return make_company(SEED)


@pytest.fixture(scope="module")
def rollouts(company: Company) -> dict[str, Rollout]:
    return roll_outs(company)


@pytest.fixture(scope="module")
def results(company: Company, rollouts: dict[str, Rollout]) -> Results:
    return make_results(company, rollouts)


def _digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_the_same_seed_writes_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    write_files(here, seed=7, posted=10)
    code = (
        "import sys, pathlib; from analytics.demo.files import write_files;"
        "write_files(pathlib.Path(sys.argv[1]), seed=7, posted=10)"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(there)], env={"PYTHONHASHSEED": "99"}, check=True
    )
    assert _digests(here) == _digests(there)
    assert len(_digests(here)) == 6


def test_another_seed_makes_another_company(tmp_path: Path) -> None:
    write_files(tmp_path / "a", seed=1, posted=0)
    write_files(tmp_path / "b", seed=2, posted=0)
    a, b = _digests(tmp_path / "a"), _digests(tmp_path / "b")
    assert {name for name in a if a[name] == b[name]} == {"metrics.toml", "paths.toml", "plan.toml"}


def test_the_company_has_600_people_in_40_teams_over_24_months(company: Company) -> None:
    assert employed(company).sum(axis=0).tolist() == [600] * 24
    assert len(company.teams) == 40
    assert {person.site.language for person in company.people} == {"sv", "nl", "nb", "da"}


def test_people_are_hired_leave_and_change_teams(company: Company) -> None:
    where = company.where
    leavers = sum(person.left is not None for person in company.people)
    both = (where[:, 1:] != NOWHERE) & (where[:, :-1] != NOWHERE)
    moves = int((both & (where[:, 1:] != where[:, :-1])).sum())
    assert 30 <= leavers <= 100
    assert len(company.people) == 600 + leavers
    assert 5 <= moves <= 60


def test_two_teams_get_a_new_lead(company: Company) -> None:
    changes = company.leads[:, 1:] != company.leads[:, :-1]
    assert changes.sum() == 2
    assert all(
        person.leads for index in np.unique(company.leads) if (person := company.people[index])
    )


def test_a_lead_is_employed_and_in_the_team(company: Company) -> None:
    where = company.where
    for team in range(len(company.teams)):
        for month in range(MONTHS):
            assert where[company.leads[team, month], month] == team


def test_ids_and_mails_are_each_persons_own(company: Company) -> None:
    assert len({person.id for person in company.people}) == len(company.people)
    assert len({person.mail for person in company.people}) == len(company.people)
    assert all(person.mail.isascii() for person in company.people)


def test_nobody_learns_while_not_employed(company: Company, rollouts: dict[str, Rollout]) -> None:
    where = company.where
    for rollout in rollouts.values():
        for index, month in enumerate(rollout.start_month):
            if month < MONTHS and where[index, month] == NOWHERE:
                assert where[index, month - 1] != NOWHERE  # finished in the last weeks


def test_security_is_finished_by_94_in_100(company: Company, rollouts: dict[str, Rollout]) -> None:
    share = float((rollouts[SECURITY].finished < NO_DAY).mean())
    assert round(share, 2) == 0.94


def test_every_team_got_security_and_some_never_got_conversations(
    rollouts: dict[str, Rollout],
) -> None:
    assert (rollouts[SECURITY].team_start < NEVER).all()
    assert (rollouts[CONVERSATIONS].team_start == NEVER).sum() == 14


def test_six_people_are_mentored(rollouts: dict[str, Rollout]) -> None:
    assert (rollouts[MENTORS].finished < NO_DAY).sum() == 6


def _rate(top: np.ndarray, below: np.ndarray, which: np.ndarray) -> float:
    return float(top[which].sum() / below[which].sum())


def test_complaints_fall_by_a_fifth_where_people_were_trained(
    company: Company, rollouts: dict[str, Rollout], results: Results
) -> None:
    """Against the same company whose conversations path came to nobody: the truth itself."""
    nobody = roll_outs(company)
    nobody[CONVERSATIONS].finished[:] = NO_DAY
    without = make_results(company, nobody)
    settled = rollouts[CONVERSATIONS].start_month[:, None] < np.arange(MONTHS)[None, :]
    which = employed(company) & settled
    ratio = _rate(results.complaints, results.cases, which) / _rate(
        without.complaints, without.cases, which
    )
    assert ratio == pytest.approx(0.8, abs=0.02)


def test_before_and_after_flatter_the_security_path(
    company: Company, rollouts: dict[str, Rollout], results: Results
) -> None:
    after = rollouts[SECURITY].trained() & employed(company)
    before = ~rollouts[SECURITY].trained() & employed(company)
    clicks, mails = results.clicks, results.test_mails
    assert _rate(clicks, mails, after) < 0.7 * _rate(clicks, mails, before)


def test_the_security_path_has_no_part_in_clicks(
    company: Company, rollouts: dict[str, Rollout], results: Results
) -> None:
    nobody = roll_outs(company)
    nobody[SECURITY].finished[:] = NO_DAY
    assert (make_results(company, nobody).clicks == results.clicks).all()


def test_no_figure_is_impossible(results: Results) -> None:
    assert (results.complaints <= results.cases).all()
    assert (results.clicks <= results.test_mails).all()
    assert (results.cases_an_hour > 0).all()


def test_statements_come_in_order_with_ids_of_their_own(
    company: Company, rollouts: dict[str, Rollout]
) -> None:
    sent = make_statements(company, rollouts)
    times = [one["timestamp"] for one in sent]
    assert times == sorted(times)
    assert len({one["id"] for one in sent}) == len(sent)
    assert times[0] >= "2024-01-01"
    assert times[-1] < "2026-01-01"


def test_staff_history_has_no_gap_and_no_overlap(tmp_path: Path) -> None:
    files = write_files(tmp_path, seed=SEED, posted=0)
    with files.people.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    until: dict[str, str] = {}
    for row in rows:
        assert until.get(row["person_id"], row["valid_from"]) == row["valid_from"]
        assert not row["valid_to"] or row["valid_from"] < row["valid_to"]
        until[row["person_id"]] = row["valid_to"]
    last = {row["person_id"]: row for row in rows}
    assert all(row["valid_to"] == row["termination_date"] for row in last.values())


def test_every_manager_is_a_person_of_the_file(tmp_path: Path) -> None:
    files = write_files(tmp_path, seed=SEED, posted=0)
    with files.people.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    people = {row["person_id"] for row in rows}
    assert {row["manager_id"] for row in rows} - {""} <= people
    assert sum(not row["manager_id"] for row in rows) < 20
