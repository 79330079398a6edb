"""`POST /oauth/token`: an access token for a key and its secret.

Ruled by RFC 6749, 4.4 "Client Credentials Grant" (https://www.rfc-editor.org/rfc/rfc6749#section-4.4):
the key is the client's id, its secret the client's secret. Tools such as LinkedIn Learning post this
way and no other. The standard rules the form of a fault here, so it is not the form of `lrs.errors`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote_plus

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from lrs.access.ring import Key
from lrs.access.scopes import ALSO_CALLED, SCOPES, allows
from lrs.app import host
from lrs.http.bodies import read_whole
from lrs.http.signing_in import BASIC, admitted

PATH = "/oauth/token"
_MOST_BYTES = 10_000
# LinkedIn Learning's description names the type without `application/`.
_FORM = re.compile(r"(?:application/)?x-www-form-urlencoded", re.IGNORECASE)

blueprint = Blueprint("oauth", __name__)


@dataclass
class _Refused(Exception):
    """A fault in the form of RFC 6749, 5.2."""

    error: str
    description: str


@blueprint.post(PATH)
def token() -> Response:
    """Answer an access token, which every xAPI route and the management API take."""
    form = _form()
    key = _client(form)
    _check_grant(form)
    names, scopes = _scopes(key, form.get("scope", ""))
    issued = host().tokens.issue(key, scopes)
    return _told(
        {
            "access_token": issued.text,
            "token_type": "Bearer",
            "expires_in": issued.expires_in,
            "scope": " ".join(names),
        }
    )


@blueprint.errorhandler(_Refused)
def _refused(refused: _Refused) -> Response:
    response = _told({"error": refused.error, "error_description": refused.description})
    response.status_code = 401 if refused.error == "invalid_client" else 400
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = BASIC
    return response


# RFC 6749, 5.1: nobody on the way may keep an answer that has a token in it.
def _told(body: dict[str, str | int]) -> Response:
    response = jsonify(body)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    return response


# RFC 6749, 3.2: a parameter without a value is none, one given twice is refused, and those that are
# not known are passed over.
def _form() -> dict[str, str]:
    if not _FORM.fullmatch(request.mimetype):
        raise _Refused(
            "invalid_request", "send a form: Content-Type: application/x-www-form-urlencoded"
        )
    try:
        body = read_whole(request.environ, _MOST_BYTES).decode()
        pairs = parse_qsl(body, keep_blank_values=True, errors="strict", max_num_fields=50)
    except RequestEntityTooLarge as exc:
        raise _Refused("invalid_request", "the form is too large") from exc
    except ValueError as exc:  # UnicodeDecodeError is one
        raise _Refused("invalid_request", "the form cannot be read") from exc
    form = dict(pairs)
    if len(form) < len(pairs):
        raise _Refused("invalid_request", "the form names something twice")
    return {name: value for name, value in form.items() if value}


# RFC 6749, 2.3.1: by HTTP Basic, in which both halves are form-encoded once more, or in the form,
# but not by both. A key and a secret have no letter that the encoding changes.
def _client(form: dict[str, str]) -> Key:
    given = request.authorization
    if given is not None and given.type == "basic":
        id_, secret = unquote_plus(given.username or ""), unquote_plus(given.password or "")
        if "client_secret" in form or form.get("client_id", id_) != id_:
            raise _Refused("invalid_request", "the client names itself twice")
    else:
        id_, secret = form.get("client_id", ""), form.get("client_secret", "")
    key = host().keys.find(id_, secret)
    if key is None:
        raise _Refused(
            "invalid_client",
            "the client is unknown, expired or revoked, or the secret is not its own",
        )
    return admitted(key)


def _check_grant(form: dict[str, str]) -> None:
    grant = form.get("grant_type")
    if grant is None:
        raise _Refused("invalid_request", "grant_type is missing: client_credentials")
    if grant != "client_credentials":
        raise _Refused("unsupported_grant_type", "the only grant_type is client_credentials")


# RFC 6749, 3.3 and 4.4.2: none asked for means all that the key has.
def _scopes(key: Key, asked: str) -> tuple[list[str], set[str]]:
    """Return the scopes of the token by the names they are asked for, and by ours."""
    names = list(dict.fromkeys(asked.split())) or sorted(key.scopes)
    meant = [ALSO_CALLED.get(name, (name,)) for name in names]
    if not all(first in SCOPES and allows(key.scopes, first) for first, *_ in meant):
        raise _Refused("invalid_scope", f"this client may ask for: {' '.join(sorted(key.scopes))}")
    return names, {scope for each in meant for scope in each if allows(key.scopes, scope)}
