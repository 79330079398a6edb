"""What `deploy/` and docs/production.md name is there: settings, commands, files, addresses."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

from lrs.cli import verkan
from lrs.settings import TABLE, load

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
PAGE = ROOT / "docs" / "production.md"
FILES = sorted(path for path in DEPLOY.iterdir() if path.is_file())
SETTINGS = {row.name for row in TABLE} | {"config"}
#: Of the Caddyfile, explained at its head.
OF_THE_PROXY = {"site", "upstream", "reader", "reader_hash"}


@pytest.mark.parametrize("path", [*FILES, PAGE], ids=lambda path: path.name)
def test_every_setting_that_is_named_exists(path: Path) -> None:
    named = {name.lower() for name in re.findall(r"\bVERKAN_([A-Z_]+)", path.read_text("utf-8"))}
    assert named - SETTINGS - OF_THE_PROXY == set()


def test_the_settings_file_is_one_that_is_taken() -> None:
    given = tomllib.loads((DEPLOY / "verkan.toml").read_text("utf-8"))
    assert load(given, environ={}).workers == 2


@pytest.mark.parametrize("path", [*FILES, PAGE], ids=lambda path: path.name)
def test_every_command_that_is_named_exists(path: Path) -> None:
    text = path.read_text("utf-8")
    called = r"(?:/opt/verkan/bin/|^|`|exec verkan )verkan ([a-z]+(?: [a-z]+)?)"
    named = re.findall(called, text, re.MULTILINE)
    assert named or path != PAGE
    for words in named:
        assert _is_command(words.split()), words


def _is_command(words: list[str]) -> bool:
    context = click.Context(verkan)
    found = verkan.get_command(context, words[0])
    if isinstance(found, click.Group) and len(words) > 1:
        return words[1] in found.commands
    return found is not None


def test_the_page_names_every_file_of_the_folder() -> None:
    text = PAGE.read_text("utf-8")
    assert [path.name for path in FILES if f"../deploy/{path.name}" not in text] == [
        "Dockerfile.dockerignore"
    ]


def test_the_units_are_units(tmp_path: Path) -> None:
    """It is systemd that reads them; the program is put where this environment has one."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here: the units of deploy/ were not read")
    units = []
    (tmp_path / "verkan.service.d").mkdir()
    for path in (*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer"), DEPLOY / "granian.conf"):
        text = path.read_text("utf-8").replace("/opt/verkan/bin", str(Path(sys.executable).parent))
        of_service = path.suffix == ".conf"
        put = tmp_path / "verkan.service.d" / path.name if of_service else tmp_path / path.name
        put.write_text(text, "utf-8")
        units += [] if of_service else [put]
    assert len(units) == 3
    run = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout + run.stderr) == (0, "")


def test_the_image_is_made_of_files_that_are_there() -> None:
    copied = re.findall(
        r"^COPY (?!--from)(.+) \S+$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE
    )
    allowed = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    for name in " ".join(copied).split():
        assert (ROOT / name).exists(), name
        assert f"!{name}" in allowed
