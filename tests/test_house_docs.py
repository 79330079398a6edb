"""The docs say what the code does: settings, commands, errors, and the example of a plug-in."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from lrs import errors, plugins
from lrs.cli import verkan

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"


def _commands() -> Iterator[tuple[str, click.Command]]:
    """Every command and sub-command, with its full name."""
    context = click.Context(verkan)
    waiting = [(name, verkan.get_command(context, name)) for name in verkan.list_commands(context)]
    while waiting:
        name, command = waiting.pop()
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            waiting += [(f"{name} {sub}", found) for sub, found in command.commands.items()]


def test_settings_and_commands_are_documented_as_they_are() -> None:
    run = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "reference.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_command_has_help() -> None:
    assert [name for name, command in _commands() if not command.help] == []


def test_every_option_has_help() -> None:
    without = [
        f"{name} {parameter.opts[0]}"
        for name, command in _commands()
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.hidden and not parameter.help
    ]
    assert without == []


def test_every_command_of_a_plugin_loads_under_the_name_it_is_listed_by() -> None:
    for plugin in plugins.installed():
        for ref in plugin.commands:
            command = plugins.load(ref.target)
            assert isinstance(command, click.Command)
            assert command.name == ref.name


def _tree(kind: type[errors.VerkanError]) -> Iterator[type[errors.VerkanError]]:
    yield kind
    for below in kind.__subclasses__():
        if below.__module__ == "lrs.errors":
            yield from _tree(below)


def test_every_error_is_documented_with_its_status_and_exit_code() -> None:
    rows = re.findall(r"\| `(\w+)` \| (\d+) \| (\d) \|", (DOCS / "errors.md").read_text())
    found = {(code, int(status), int(code_)) for code, status, code_ in rows}
    assert found == {(k.code, k.status, k.exit_code) for k in _tree(errors.VerkanError)}


def test_every_error_is_in_the_tree_drawn_in_its_module() -> None:
    for kind in _tree(errors.VerkanError):
        assert kind.__name__ in (errors.__doc__ or "")


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_links_between_the_docs_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.fixture
def vendor(tmp_path: Path) -> Path:
    """The plug-in of docs/plugins.md, laid out as pip would install it."""
    text = (DOCS / "plugins.md").read_text()
    for name, code in re.findall(r"```python file=(\S+)\n(.*?)```", text, re.DOTALL):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(code)
    entry = re.search(r'entry-points."(verkan.plugins)"\]\n(.*?)\n```', text, re.DOTALL)
    assert entry
    info = tmp_path / "acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    said = entry[2].replace('"', "")
    (info / "entry_points.txt").write_text(f"[{entry[1]}]\n{said}\n")
    return tmp_path


def _python(vendor: Path, *arguments: str) -> str:
    run = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": str(vendor)},
        cwd=vendor,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_the_plugin_of_the_docs_adds_its_command(vendor: Path) -> None:
    call = "from lrs.cli import main; import sys; main(sys.argv[1:])"
    assert "Say a word loudly." in _python(vendor, "-c", call, "--help")
    assert _python(vendor, "-c", call, "shout", "hej") == "HEJ\n"


def test_the_plugin_of_the_docs_adds_its_page(vendor: Path) -> None:
    code = (
        "from lrs.app import create_app\n"
        "from lrs.settings import load\n"
        "app = create_app(load({'home': 'home'}))\n"
        "print(app.test_client().get('/hello').json)"
    )
    assert _python(vendor, "-c", code) == "{'hello': 'from acme'}\n"
