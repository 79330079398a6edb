"""The commands, as a user types them: what they print, and their exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lrs.cli import main
from lrs.settings import Settings

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(make_settings: Callable[..., Settings], capsys: pytest.CaptureFixture[str]) -> Run:
    """Return ``f(*arguments)``: (exit status, standard output, standard error) of the command."""
    settings = make_settings("sqlite")

    def verkan(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(["--home", settings.home, *arguments])
        told = capsys.readouterr()
        return int(left.value.code or 0), told.out, told.err

    return verkan


def test_people_import_tells_what_came_of_it(run: Run, csv_file: Callable[..., Path]) -> None:
    path = csv_file("person_id,team_id,valid_from", "P1,T1,2024-01-01", "P2,T1,31/12/2024")
    code, out, err = run("people", "import", str(path))
    assert code == 0
    assert "2 read, 1 new, 0 changed, 0 unchanged, 1 refused" in out
    assert f"{path.name}:3:valid_from: '31/12/2024' is not a date" in err


def test_import_of_which_every_row_is_refused_exits_2(
    run: Run, csv_file: Callable[..., Path]
) -> None:
    code, out, _ = run("people", "import", str(csv_file("person_id,valid_from", "P1,never")))
    assert (code, "1 refused" in out) == (2, True)


def test_file_that_cannot_be_used_is_told_in_three_lines(
    run: Run, csv_file: Callable[..., Path]
) -> None:
    code, out, err = run("people", "import", str(csv_file("person,start", "P1,2024-01-01")))
    what, where, hint = err.splitlines()
    assert (code, out) == (2, "")
    assert what == "error: the file has no column person_id, valid_from"
    assert where.startswith("where: file")
    assert "found: person, start" in hint


def test_json_is_the_report(run: Run, csv_file: Callable[..., Path]) -> None:
    path = csv_file("person_id,valid_from", "P1,2024-01-01", "P2,never")
    report: dict[str, Any] = json.loads(run("people", "import", str(path), "--json")[1])
    assert (report["read"], report["new"], report["refused"]) == (2, 1, 1)
    assert report["kinds"]["person"] == 1
    assert report["issues"][0]["place"].endswith(":3:valid_from")


def test_dry_run_says_so(run: Run, csv_file: Callable[..., Path]) -> None:
    path = csv_file("person_id,valid_from", "P1,2024-01-01")
    out = run("people", "import", str(path), "--dry-run")[1]
    assert "1 would be new" in out
    assert "nothing was written" in out
    assert "1 new" in run("people", "import", str(path))[1]


def test_outcomes_and_metrics(run: Run, csv_file: Callable[..., Path], tmp_path: Path) -> None:
    run("people", "import", str(csv_file("person_id,valid_from", "P1,2024-01-01")))
    path = csv_file("person_id,month,err,cases", "P1,2024-03-01,2,40")
    code, out, _ = run("outcomes", "import", str(path), "--wide", "errors=err/cases:down")
    assert (code, "1 new" in out) == (0, True)
    declared = tmp_path / "metrics.toml"
    declared.write_text('[[metric]]\nid = "errors"\nname = "Slips"\n')
    out = run("outcomes", "metrics", str(declared))[1]
    assert out == "errors: Slips, count per cases, better down\n"
    assert json.loads(run("outcomes", "metrics", "--json")[1])[0]["name"] == "Slips"


def test_paths_import_and_list(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "paths.toml"
    path.write_text('[[path]]\nid = "care"\nactivities = ["a", "b"]\n')
    assert "1 new" in run("paths", "import", str(path))[1]
    assert run("paths", "list")[1] == "care: care; completed 2 of 2 activities\n"


def test_unknown_tenant_is_told_with_those_there_are(
    run: Run, csv_file: Callable[..., Path]
) -> None:
    path = csv_file("person_id,valid_from", "P1,2024-01-01")
    code, _, err = run("people", "import", str(path), "--tenant", "acme")
    assert code == 2
    assert "default" in err


def test_sources_are_listed(run: Run) -> None:
    assert run("sources", "list")[1].startswith("files: people, outcomes, paths.")


def test_identities_are_listed_linked_and_taken_back(
    run: Run, csv_file: Callable[..., Path], tmp_path: Path
) -> None:
    run(
        "people",
        "import",
        str(csv_file("person_id,email,valid_from", "P1,ann@example.org,2024-01-01")),
    )
    statements = tmp_path / "s.ndjson"
    lines = [
        {
            "actor": {"mbox": f"mailto:{name}@example.org"},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
            "object": {"id": "https://example.org/course"},
        }
        for name in ("ann", "kim")
    ]
    statements.write_text("\n".join(json.dumps(line) for line in lines) + "\n")
    run("statements", "import", str(statements))
    assert run("identities", "list")[1] == (
        "mbox mailto:ann@example.org: P1 from 2024-01-01, rule 5: the mail address\n"
    )
    waiting = json.loads(run("identities", "list", "--unresolved", "--json")[1])
    assert (waiting["actor"], waiting["reason"]) == ("mbox mailto:kim@example.org", "unknown")
    assert run("identities", "link", "kim@example.org", "P1")[0] == 0
    assert "kim@example.org: P1 always, rule 1" in run("identities", "list")[1]
    assert run("identities", "unlink", "kim@example.org")[0] == 0
    assert run("identities", "never", "ann@example.org", "P1")[0] == 0
    assert run("identities", "list")[1] == ""
    assert run("identities", "link", "ann@example.org", "P9")[0] == 2


@pytest.mark.parametrize(("seed", "assign"), [(7, "team_random"), (23, "person_dip")])
def test_company_that_was_never_seen_goes_in_and_every_learner_is_known(
    shared: Path, run: Run, tmp_path: Path, seed: int, assign: str
) -> None:
    company = tmp_path / "company"
    subprocess.run(
        [
            *(sys.executable, str(shared / "company" / "simulate.py"), "emit"),
            *("--out", str(company), "--seed", str(seed), "--assign", assign),
            *("--n", "200", "--teams", "20", "--months", "18"),
        ],
        check=True,
        capture_output=True,
    )
    people = json.loads(run("people", "import", str(company / "hris.csv"), "--json")[1])
    assert people["new"] == people["read"] > 200
    wide = ["productivity=productivity", "errors=errors/cases:down", "csat_top=csat_top/surveys"]
    wide += ["nps_class=nps_class", "absence_days=absence_days:down"]
    options = [word for one in wide for word in ("--wide", one)]
    outcomes = json.loads(
        run("outcomes", "import", str(company / "kpi.csv"), *options, "--json")[1]
    )
    assert outcomes["new"] == outcomes["read"] > 2000
    run("statements", "import", str(company / "statements.ndjson"))
    again = json.loads(run("people", "import", str(company / "hris.csv"), "--json")[1])
    assert again["unchanged"] == again["read"]
    actors = again["actors"]
    assert actors["linked"] == actors["actors"] > 100
    assert run("identities", "list", "--unresolved")[1] == ""
