"""Knows the caller of a request by the key it carries, and what that key may do.

A key comes with its secret (HTTP Basic) or as an access token that it was given for them (Bearer,
RFC 6750); from here on both are the same key, the latter with the token's scopes.
"""

from __future__ import annotations

from flask import g, request
from werkzeug.datastructures import Authorization

from lrs.access.ring import Key
from lrs.access.scopes import allows
from lrs.app import Verkan, host
from lrs.errors import NotAllowed, NotSignedIn, TooManyRequests, VerkanError

BASIC = 'Basic realm="Verkan", charset="UTF-8"'


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


def admitted(key: Key) -> Key:
    """Take the key as the current request's, if it may come from there and now.

    Raises `NotAllowed` for another origin than the key's, `TooManyRequests` over its limit.
    """
    g.key = key  # the log and the headers of a refusal tell of it too
    _check_origin(key)
    wait_s = host().limits.wait_s(key.id, key.options.limit_per_minute)
    if wait_s:
        raise TooManyRequests(
            f"this key may send {key.options.limit_per_minute} requests a minute",
            where="Authorization",
            hint="wait as Retry-After says and send it again; `verkan keys set KEY --limit N` "
            "changes the limit",
            retry_after_s=wait_s,
        )
    g.admitted = True
    return key


def challenge(error: VerkanError) -> str | None:
    """Return the header `WWW-Authenticate` of an answer: how to sign in, or why it was not enough."""
    by_token = request.authorization is not None and request.authorization.type == "bearer"
    if error.status == 401:
        return 'Bearer realm="Verkan", error="invalid_token"' if by_token else BASIC
    if error.status == 403 and by_token and error.where == "Authorization":
        return 'Bearer realm="Verkan", error="insufficient_scope"'
    return None


def _key() -> Key:
    if "admitted" in g:
        found: Key = g.key
        return found
    return admitted(key_of(host(), request.authorization))


def remembered_key(verkan: Verkan, given: Authorization | None) -> Key | None:
    """Return the key that was given, if it was found within the last seconds; nobody is asked."""
    if given is None or given.type != "basic":
        return None
    return verkan.keys.remembered(given.username or "", given.password or "")


def key_of(verkan: Verkan, given: Authorization | None) -> Key:
    """Return the key that was given; raises `NotSignedIn`."""
    if given is not None and given.type == "bearer":
        return _by_token(verkan, given.token or "")
    if given is None or given.type != "basic":
        raise NotSignedIn(
            "this address needs a key",
            where="Authorization",
            hint="send the key as user name and its secret as password (HTTP Basic), or an access "
            "token from /oauth/token",
        )
    key = verkan.keys.find(given.username or "", given.password or "")
    if key is None:
        raise NotSignedIn(
            "the key is unknown, expired or revoked, or the secret is not its own",
            where="Authorization",
            hint="`verkan keys list` shows the keys; `verkan keys create` makes one",
        )
    return key


def _by_token(verkan: Verkan, token: str) -> Key:
    key = verkan.tokens.find(token)
    if key is None:
        raise NotSignedIn(
            "the access token is not one of this server's, or it or its key works no more",
            where="Authorization",
            hint="get another one from /oauth/token with the key and its secret",
        )
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
