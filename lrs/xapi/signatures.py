"""Signed statements: the signature comes as an attachment and must be over this very statement.

https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#26-signed-statements
https://www.rfc-editor.org/rfc/rfc7515#section-3.1

A signature without a certificate can be held to its form and its content only; one that brings its
certificate (``x5c``) is verified with it. Who stands behind the certificate is for the reader to
judge: a record store has no list of whom to trust.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson

from lrs.errors import BadStatement
from lrs.xapi.attachments import SIGNATURE
from lrs.xapi.comparing import same_statement
from lrs.xapi.faults import At, fault
from lrs.xapi.multipart import Part
from lrs.xapi.parsing import parse_statement
from lrs.xapi.statement import Statement, check

_CONTENT_TYPE = "application/octet-stream"
# Data 2.6: these three and no other.
_ALGORITHMS = {"RS256": "SHA256", "RS384": "SHA384", "RS512": "SHA512"}
_COMPACT = re.compile(rb"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")


class _Jws(NamedTuple):
    """A JSON web signature in its parts."""

    header: Mapping[str, Any]
    payload: bytes
    signature: bytes
    signed: bytes


def check_signatures(statements: Iterable[Statement], parts: Mapping[str, Part]) -> None:
    """Hold every signature that came along to the statement it signs."""
    for index, statement in enumerate(statements):
        if not _may_be_signed(statement.raw):
            continue
        for place, attachment in enumerate(statement.body.get("attachments", ())):
            if attachment["usageType"] != SIGNATURE:
                continue
            at: At = ((("$", index), "attachments"), place)
            _check_type(attachment, at)
            part = parts.get(attachment["sha2"].lower())
            if part is not None:
                _check_signature(part.content, statement, at)


def _may_be_signed(raw: bytes) -> bool:
    """Return whether a statement may say that it is: most do not, and need not be taken apart.

    A backslash may begin a letter that is written by its number.
    """
    return b"attachments" in raw or b"\\u" in raw


# Data 2.6: the content type of a signature.
def _check_type(attachment: Mapping[str, Any], at: At) -> None:
    if attachment["contentType"].split(";", 1)[0].strip().lower() != _CONTENT_TYPE:
        raise fault((at, "contentType"), f"a signature is sent as {_CONTENT_TYPE}")


def _check_signature(content: bytes, statement: Statement, at: At) -> None:
    jws = _read(content, at)
    algorithm = jws.header.get("alg")
    if algorithm not in _ALGORITHMS:
        raise fault(at, f"a statement is signed with one of {', '.join(_ALGORITHMS)}")
    _check_payload(jws.payload, statement, at)
    chain = jws.header.get("x5c")
    if chain is not None:
        _verify(jws, chain, _ALGORITHMS[algorithm], at)


def _read(content: bytes, at: At) -> _Jws:
    match = _COMPACT.fullmatch(content.strip())
    if match is None:
        raise fault(at, "the signature is no JSON web signature in compact form")
    header, payload, signature = (_decoded(part, at) for part in match.groups())
    try:
        found = orjson.loads(header)
    except orjson.JSONDecodeError as exc:
        raise fault(at, "the header of the signature is not JSON") from exc
    if not isinstance(found, dict):
        raise fault(at, "the header of the signature is not a JSON object")
    return _Jws(found, payload, signature, match[1] + b"." + match[2])


def _decoded(part: bytes, at: At) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except binascii.Error as exc:
        raise fault(at, "the signature is not base64url") from exc


# Data 2.6: the payload is the statement before the signature was added to it.
def _check_payload(payload: bytes, statement: Statement, at: At) -> None:
    try:
        signed = check(parse_statement(payload), statement.version).body
    except BadStatement as exc:
        raise fault(at, f"what was signed is no statement: {exc.message} ({exc.where})") from exc
    if not same_statement(signed, _before_signing(statement.body), statement.version):
        raise fault(at, "what was signed is another statement than this one")


def _before_signing(body: Mapping[str, Any]) -> dict[str, Any]:
    rest = [one for one in body["attachments"] if one["usageType"] != SIGNATURE]
    unsigned = {key: item for key, item in body.items() if key != "attachments"}
    return {**unsigned, "attachments": rest} if rest else unsigned


# Data 2.6: a signature that brings its certificate must hold with it.
def _verify(jws: _Jws, chain: Any, algorithm: str, at: At) -> None:
    # Few statements are signed; who never meets one does not pay for the library.
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    try:
        certificate = x509.load_der_x509_certificate(base64.b64decode(chain[0], validate=True))
    except (ValueError, TypeError, LookupError) as exc:
        raise fault(at, "the certificate that came with the signature cannot be read") from exc
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise fault(at, "the certificate of the signature holds no RSA key")
    try:
        key.verify(jws.signature, jws.signed, padding.PKCS1v15(), getattr(hashes, algorithm)())
    except InvalidSignature as exc:
        raise fault(at, "the signature does not hold with the certificate it brings") from exc
