"""Signed statements (Data 2.6), with real keys and certificates made here."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from lrs.errors import BadStatement
from lrs.xapi.glancing import check_batch
from lrs.xapi.multipart import Part
from lrs.xapi.signatures import check_signatures
from lrs.xapi.terms import SpecVersion

KEY = rsa.generate_private_key(65537, 2048)
OTHER_KEY = rsa.generate_private_key(65537, 2048)
STATEMENT = {
    "id": "6690e6c9-3ef0-4ed3-8b37-7f3964730bee",
    "actor": {"mbox": "mailto:ada@example.org"},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/passed"},
    "object": {"id": "https://example.org/courses/1"},
    "result": {"duration": "PT1.2345S"},
}


def certificate(key: rsa.RSAPrivateKey = KEY) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Signer")])
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    return base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()


def b64(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def jws(payload: bytes, algorithm: str = "RS256", **header: Any) -> bytes:
    signed = b64(json.dumps({"alg": algorithm, **header}).encode()) + b"." + b64(payload)
    digest = {"RS384": hashes.SHA384(), "RS512": hashes.SHA512()}.get(algorithm, hashes.SHA256())
    return signed + b"." + b64(KEY.sign(signed, padding.PKCS1v15(), digest))


def hold(
    signature: bytes,
    statement: dict[str, Any] = STATEMENT,
    content_type: str = "application/octet-stream",
    version: SpecVersion = SpecVersion.V1_0,
    key: bytes = b"attachments",
) -> None:
    sha2 = hashlib.sha256(signature).hexdigest()
    attachment = {
        "usageType": "http://adlnet.gov/expapi/attachments/signature",
        "display": {"en": "Signature"},
        "contentType": content_type,
        "length": len(signature),
        "sha2": sha2,
    }
    body = json.dumps({**statement, "attachments": [attachment]}).encode()
    body = body.replace(b"attachments", key, 1)
    parts = {sha2: Part(sha2, content_type, signature)}
    check_signatures(check_batch(body, version, parts=parts), parts)


def plain(statement: dict[str, Any] = STATEMENT) -> bytes:
    return json.dumps(statement).encode()


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512"])
@pytest.mark.parametrize("with_certificate", [True, False])
def test_data_2_6_a_good_signature_is_taken(algorithm: str, with_certificate: bool) -> None:
    hold(jws(plain(), algorithm, **({"x5c": [certificate()]} if with_certificate else {})))


def test_data_2_6_another_serialisation_of_the_same_statement_is_taken() -> None:
    hold(jws(json.dumps(STATEMENT, indent=2, sort_keys=True).encode()))


def test_data_4_6_durations_are_compared_to_the_hundredth_of_a_second() -> None:
    signed = {**STATEMENT, "result": {"duration": "PT1.23S"}}
    hold(jws(plain(signed)), version=SpecVersion.V2_0)


def refused(message: str, *args: Any, **kwargs: Any) -> None:
    with pytest.raises(BadStatement, match=message) as caught:
        hold(*args, **kwargs)
    assert str(caught.value.where).startswith("$[0].attachments[0]")


def test_data_2_6_another_algorithm_is_refused() -> None:
    refused("RS256, RS384, RS512", jws(plain(), "HS256"))


def test_data_2_6_another_content_type_is_refused() -> None:
    refused("octet-stream", jws(plain()), content_type="text/plain")


def test_a_signature_is_held_to_its_statement_however_its_key_is_written() -> None:
    refused("RS256, RS384, RS512", jws(plain(), "HS256"), key=rb"\u0061ttachments")


def test_data_2_6_another_statement_is_refused() -> None:
    other = {**STATEMENT, "object": {"id": "https://example.org/courses/2"}}
    refused("another statement", jws(plain(other)))


@pytest.mark.parametrize("payload", [b"not json", b'{"actor": 1}', b"[]"])
def test_data_2_6_a_payload_that_is_no_statement_is_refused(payload: bytes) -> None:
    refused("no statement", jws(payload))


@pytest.mark.parametrize("signature", [b"", b"a.b", b"a.b.c.d", b"!.!.!", b"YQ.YQ.YQ"])
def test_data_2_6_what_is_no_jws_is_refused(signature: bytes) -> None:
    with pytest.raises(BadStatement):
        hold(signature)


def test_data_2_6_a_signature_its_certificate_does_not_hold_is_refused() -> None:
    refused("does not hold", jws(plain(), x5c=[certificate(OTHER_KEY)]))


@pytest.mark.parametrize("chain", [[], ["%%"], [1], {}, ["aGVsbG8="], 7])
def test_data_2_6_a_certificate_that_cannot_be_read_is_refused(chain: Any) -> None:
    refused("cannot be read", jws(plain(), x5c=chain))
