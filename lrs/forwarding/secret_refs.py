"""Where a target's secret is: ``env:NAME`` or ``file:PATH``. The secret itself is in no database.

It is read when something is sent, so that a changed one is used at once. Who has a shell on the
server may name any variable and file. Who has only the management API or the pages may name those
that were laid out for the tenant's targets, and no others: a secret goes to the address that the
same person chose, so a free choice would let the server's own files out.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from lrs.errors import BadInput
from lrs.settings import Settings

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")
_LONGEST = 4096


def check_reference(text: str) -> str:
    """Return the reference as it is kept; raises `BadInput` for a secret itself."""
    kind, _, name = text.strip().partition(":")
    if kind == "env" and _VARIABLE.fullmatch(name):
        return f"env:{name}"
    if kind == "file" and name.startswith("/") and name.isprintable() and len(name) < _LONGEST:
        return f"file:{os.path.normpath(name)}"
    raise BadInput(
        "a secret is not kept here: say where it is",
        where="secret",
        hint="env:NAME for a variable of the server's environment, or file:/run/secrets/NAME",
    )


def laid_out(settings: Settings, tenant_id: int) -> tuple[str, str]:
    """Return what the references begin with that a tenant's administrator may name."""
    folder = settings.home_folder.resolve() / "secrets" / str(tenant_id)
    return f"env:VERKAN_TARGET_{tenant_id}_", f"file:{folder}/"


def check_laid_out(reference: str, settings: Settings, tenant_id: int) -> str:
    """Return a reference if it may be named without a shell on the server."""
    checked = check_reference(reference)
    allowed = laid_out(settings, tenant_id)
    if not checked.startswith(allowed):
        raise BadInput(
            "this secret may be named by the command line of the server only",
            where="secret",
            hint=f"here it begins with {allowed[0]} or {allowed[1]}; or use `verkan forwarding`",
        )
    return checked


def read_secret(reference: str) -> str:
    """Return the secret; raises `BadInput` when it is not there."""
    kind, _, name = reference.partition(":")
    found = os.environ.get(name) if kind == "env" else _content(Path(name))
    if not found:
        raise BadInput("the secret is not there, or cannot be read", where=reference)
    return found


def _content(path: Path) -> str | None:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(_LONGEST).strip()
    except (OSError, UnicodeDecodeError):
        return None
