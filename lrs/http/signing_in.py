"""Knows the caller of a request by the key it carries (HTTP Basic), and what that key may do."""

from __future__ import annotations

from flask import g, request

from lrs.access.ring import Key
from lrs.access.scopes import allows
from lrs.app import host
from lrs.errors import NotAllowed, NotSignedIn


def signed_in(scope: str, *or_scopes: str) -> Key:
    """Return the key of the current request, which has one of the scopes.

    Raises `NotSignedIn` or `NotAllowed`; the latter names the first scope.
    """
    key = _key()
    if not any(allows(key.scopes, each) for each in (scope, *or_scopes)):
        raise NotAllowed(
            f"this key may not do that: it lacks the scope {scope}",
            where="Authorization",
            hint=f"make a key that may: verkan keys create --name NAME --scope {scope}",
        )
    return key


def _key() -> Key:
    if "key" in g:
        found: Key = g.key
        _check_origin(found)
        return found
    given = request.authorization
    if given is None or given.type != "basic":
        raise NotSignedIn(
            "this address needs a key",
            where="Authorization",
            hint="send the key as user name and its secret as password (HTTP Basic)",
        )
    key = host().keys.find(given.username or "", given.password or "")
    if key is None:
        raise NotSignedIn(
            "the key is unknown, expired or revoked, or the secret is not its own",
            where="Authorization",
            hint="`verkan keys list` shows the keys; `verkan keys create` makes one",
        )
    g.key = key
    _check_origin(key)
    return key


# A page of another origin may not read the answer to a request that needs no preflight, but the
# request itself is done all the same, if it is not refused here (`lrs.http.cors`).
def _check_origin(key: Key) -> None:
    origin = request.headers.get("Origin")
    if origin is not None and key.options.origins and origin not in key.options.origins:
        raise NotAllowed(
            "this key may not be used by pages of this origin",
            where="Origin",
            hint="`verkan keys set KEY --origin ORIGIN` names the origins that may use it",
        )
