"""What an administrator says of a target, held to what a target can be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import urlsplit

from lrs.errors import BadInput
from lrs.forwarding.addresses import parse_allowed
from lrs.forwarding.choosing import EVERYTHING, Choice
from lrs.forwarding.secret_refs import check_laid_out, check_reference
from lrs.settings import Settings

NAME_LENGTH = 200


class Kind(StrEnum):
    """What is done with a target."""

    XAPI = "xapi"
    WEBHOOK = "webhook"
    PULL = "pull"


@dataclass(frozen=True, slots=True)
class TargetForm:
    """What an administrator says of a target."""

    name: str
    kind: Kind
    url: str
    user_name: str | None = None
    secret_ref: str | None = None
    choice: Choice = EVERYTHING
    enabled: bool = True


def check_form(
    settings: Settings, tenant_id: int, form: TargetForm, *, by_shell: bool
) -> TargetForm:
    """Return the form as it is kept; raises `BadInput`.

    ``by_shell`` is False for who has no shell on the server (`lrs.forwarding.secret_refs`).
    """
    # It brings `requests`, which a server without targets does without.
    from lrs.forwarding.calling import check_url

    secret = form.secret_ref or None
    if secret is not None and by_shell:
        secret = check_reference(secret)
    elif secret is not None:
        secret = check_laid_out(secret, settings, tenant_id)
    elif form.kind == Kind.WEBHOOK:
        raise BadInput(
            "a webhook is signed, so it needs a secret",
            where="secret",
            hint="env:NAME or file:PATH; the receiver gets the same one",
        )
    return replace(
        form,
        name=_checked_name(form.name),
        url=_as_endpoint(form.kind, check_url(form.url, parse_allowed(settings.outgoing_hosts))),
        user_name=_checked_user(form.user_name),
        secret_ref=secret,
    )


def _checked_name(name: str) -> str:
    stripped = name.strip()
    if not stripped or len(stripped) > NAME_LENGTH or not stripped.isprintable():
        raise BadInput(
            "a target needs a name that can be read",
            where="name",
            hint=f"at most {NAME_LENGTH} letters, such as 'Group record store'",
        )
    return stripped


def _checked_user(name: str | None) -> str | None:
    if not name:
        return None
    if ":" in name or not name.isprintable() or len(name) > NAME_LENGTH:
        raise BadInput("this cannot be the key at another store", where="user")
    return name


def _as_endpoint(kind: Kind, url: str) -> str:
    """People give the address of the statements, or that of the store with or without a slash."""
    if kind == Kind.WEBHOOK:
        return url
    if "?" in url:
        raise BadInput(
            "the address of a store has no parameters",
            where="url",
            hint="such as https://lrs.example.org/xapi",
        )
    return url.rstrip("/").removesuffix("/statements")


def keep_secret_in(was: TargetForm, wanted: TargetForm) -> None:
    """A secret goes to another host only if who sends it there may name it."""
    if was.secret_ref and _origin(was.url) != _origin(wanted.url):
        raise BadInput(
            "at another host the secret is to be named again", where="secret", hint="env:NAME"
        )


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()
