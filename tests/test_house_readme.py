"""What the README and the docs tell a reader to type does what they say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]


def _blocks(page: str, kind: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{kind}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def _run(script: str, folder: Path, **environment: str) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_the_files_of_the_docs_go_in_by_the_commands_of_the_docs(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "files.md").read_text(encoding="utf-8")
    for name, body in re.findall(r"^```\w+ file=(\S+)\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        (tmp_path / name).write_text(body, encoding="utf-8")
    blocks = _blocks("docs/files.md", "sh run")
    assert len(blocks) == 4
    for time in ("first", "second"):
        for block in blocks:
            said = _run(block, tmp_path)
            assert not re.search(r"[1-9]\d* (rows? )?(refused|rejected)", said), (time, said)


def test_the_statement_of_the_readme_is_stored(served: Any, tmp_path: Path) -> None:
    """The same curl command, only at the address of this run's server."""
    post = next(block for block in _blocks("README.md", "sh run") if "curl" in block)
    answer = _run(
        post.replace("http://127.0.0.1:8080", served.url),
        tmp_path,
        KEY=served.key,
        SECRET=served.secret,
    )
    assert re.fullmatch(r'\["[0-9a-f-]{36}"\]', answer.strip())


def test_the_key_command_of_the_readme_prints_a_key(tmp_path: Path) -> None:
    command = next(block for block in _blocks("README.md", "sh run") if "keys create" in block)
    assert "/xapi" in _run(command, tmp_path)


@pytest.mark.parametrize(
    "command", ["verkan people import", "verkan outcomes import", "verkan statements import"]
)
def test_commands_that_the_readme_names_exist(command: str, tmp_path: Path) -> None:
    assert command in (ROOT / "README.md").read_text(encoding="utf-8")
    assert "Usage: " in _run(f"{command} --help", tmp_path)


def test_the_readme_shows_the_picture_it_names() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for picture in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text):
        assert 0 < (ROOT / picture).stat().st_size <= 250_000
    for link in re.findall(r"(?<!!)\[[^\]]+\]\(([^):#]+)\)", text):
        assert (ROOT / link).exists(), link


def test_make_targets_that_the_readme_names_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"`?make ([a-z-]+)", text)) - {"sure"}
    assert {"run", "test"} <= named
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
