"""The `verkan` command. Its commands come from the plug-ins and are loaded when called."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from lrs import __version__, plugins
from lrs.errors import VerkanError
from lrs.garbage import look_seldom


class _LazyGroup(click.Group):
    """A group that knows the names and help of its commands, and loads one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self._refs())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        ref = self._refs().get(cmd_name)
        if ref is None:
            return None
        command = plugins.load(ref.target)
        if not isinstance(command, click.Command):
            raise TypeError(f"{ref.target} is not a click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, ref.help) for name, ref in sorted(self._refs().items())])

    @staticmethod
    def _refs() -> dict[str, plugins.CommandRef]:
        return {ref.name: ref for plugin in plugins.installed() for ref in plugin.commands}


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="verkan")
@click.option(
    "--home", metavar="DIR", help="Folder of the data (VERKAN_HOME; default ./verkan-data)."
)
@click.option("--database-url", metavar="URL", help="PostgreSQL address (VERKAN_DATABASE_URL).")
@click.pass_context
def verkan(ctx: click.Context, home: str | None, database_url: str | None) -> None:
    """Verkan: an xAPI record store that tells whether training changed anything."""
    ctx.obj = {"home": home, "database_url": database_url}


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line; exit 0 when done, 2 for the user's mistake, 1 for ours."""
    look_seldom()
    try:
        result: Any = verkan.main(args=argv, prog_name="verkan", standalone_mode=False)
    except VerkanError as exc:
        click.echo(exc.as_text(), err=True)
        sys.exit(exc.exit_code)
    except click.ClickException as exc:
        exc.show()
        sys.exit(exc.exit_code)
    except click.Abort:
        click.echo("stopped", err=True)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone; there is nobody to tell
        sys.exit(0)
    sys.exit(result if isinstance(result, int) else 0)


if __name__ == "__main__":
    main()
