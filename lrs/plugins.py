"""The one door for extensions. `connectors` and `analytics` come in by it, and so does a vendor.

A package names an entry point in the group ``verkan.plugins`` whose value is a `Plugin`. Everything
in it that costs an import is a string ``"package.module:name"``, loaded when first used, so that
`verkan --help` stays quick and `import lrs` brings no pandas.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class CommandRef:
    """A command of the `verkan` command line: its name, where it lives, and its one line of help."""

    name: str
    target: str
    help: str


@dataclass(frozen=True, slots=True)
class PageRef:
    """An entry of the pages' menu: the endpoint it leads to and the English label, translated on use."""

    endpoint: str
    label: str


@dataclass(frozen=True, slots=True)
class Plugin:
    """What one package adds.

    ``routes``      ``"module:function"``; the function takes the Flask app and registers blueprints.
    ``migrations``  name of a package whose modules are Alembic revisions, one branch a plug-in.
    ``tables``      ``"module"`` that, once imported, has added the plug-in's tables to the metadata.
    ``belonging``   ``"module:NAME"``, a tuple of `lrs.store.belonging.Belongs`: what
                    `verkan db check` finds no orphans of.
    ``translations`` name of a package that holds ``sv.po`` and ``nl.po``.
    """

    name: str
    commands: tuple[CommandRef, ...] = ()
    routes: str | None = None
    migrations: str | None = None
    tables: str | None = None
    belonging: str | None = None
    translations: str | None = None
    pages: tuple[PageRef, ...] = ()


@cache
def installed() -> tuple[Plugin, ...]:
    """Return the store's own part first, then every installed plug-in by name."""
    from lrs.plugin import plugin as own

    found = sorted(entry_points(group="verkan.plugins"), key=lambda entry: entry.name)
    return (own, *(entry.load() for entry in found))


def load(target: str) -> Callable[..., Any]:
    """Return the function that ``"package.module:name"`` names."""
    found: Callable[..., Any] = named(target)
    return found


def named(target: str) -> Any:
    """Return the object that ``"package.module:name"`` names."""
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)


def each(part: str) -> Iterator[str]:
    """Yield that part of every plug-in that has it, such as each plug-in's ``routes``."""
    for plugin in installed():
        value = getattr(plugin, part)
        if value:
            yield value
