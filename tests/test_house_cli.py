"""The command line: faults told in three lines, and an exit status that means something."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lrs import __version__, cli, plugins
from lrs.errors import BadInput, Internal, VerkanError


def _verkan(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lrs.cli", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_fault_of_the_user_is_told_in_three_lines_and_exits_with_2(tmp_path: Path) -> None:
    (tmp_path / "verkan-data").mkdir()
    (tmp_path / "verkan-data" / "verkan.toml").write_text("min_group = 1\n")
    run = _verkan("db", "check", folder=tmp_path)
    assert run.returncode == 2
    assert run.stdout == ""
    lines = run.stderr.splitlines()
    assert [line.split(":")[0] for line in lines] == ["error", "where", "do"]
    assert "min_group" in lines[0]


def test_an_unknown_command_exits_with_2(tmp_path: Path) -> None:
    run = _verkan("dance", folder=tmp_path)
    assert run.returncode == 2
    assert "No such command 'dance'" in run.stderr


def test_the_version_is_printed(tmp_path: Path) -> None:
    assert _verkan("--version", folder=tmp_path).stdout == f"verkan, version {__version__}\n"


def test_help_lists_every_plugins_commands_without_loading_them(tmp_path: Path) -> None:
    said = _verkan("--help", folder=tmp_path).stdout
    for plugin in plugins.installed():
        for ref in plugin.commands:
            assert ref.name in said
            assert ref.help.split()[0] in said


@pytest.mark.parametrize(("error", "status"), [(BadInput("x"), 2), (Internal("x"), 1)])
def test_the_exit_status_is_the_errors(
    error: VerkanError, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(cli.verkan, "main", fail)
    with pytest.raises(SystemExit) as caught:
        cli.main([])
    assert caught.value.code == status


def test_a_reader_that_has_gone_is_no_fault(tmp_path: Path) -> None:
    code = "import sys; from lrs.cli import main; main(['--help'] )"
    run = subprocess.run(
        ["bash", "-c", f'set -o pipefail; "{sys.executable}" -c "{code}" | true'],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in run.stderr
