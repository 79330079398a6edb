"""Data 2.4.11 and 2.6, Communication 1.5: attachments, the parts they come in, signatures."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from conformance_asking import Lrs, both, new_id, something, statement
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from serving import Reply

KEY = rsa.generate_private_key(65537, 2048)
DIGESTS = {"RS256": hashes.SHA256(), "RS384": hashes.SHA384(), "RS512": hashes.SHA512()}
SIGNATURE = "http://adlnet.gov/expapi/attachments/signature"
FILE = b"Well done\r\n--edge\xff\x00"
FILE_URL = "https://example.org/certificates/1"


def attachment(content: bytes = FILE, **changes: Any) -> dict[str, Any]:
    """An attachment of this content; a property given as `...` is left out."""
    whole = {
        "usageType": "https://example.org/usage/certificate",
        "display": {"en": "Certificate"},
        "contentType": "image/png",
        "length": len(content),
        "sha2": hashlib.sha256(content).hexdigest(),
        **changes,
    }
    return {key: value for key, value in whole.items() if value is not ...}


def elsewhere(**changes: Any) -> Iterator[dict[str, Any]]:
    """Statements whose attachment lies at an address of its own."""
    return both(attachments=[attachment(fileUrl=FILE_URL, **changes)])


def part(content: bytes = FILE, **changes: str | None) -> bytes:
    """One part with an attachment; a header given as None is left out."""
    headers = {
        "Content-Type": "image/png",
        "Content-Transfer-Encoding": "binary",
        "X-Experience-API-Hash": hashlib.sha256(content).hexdigest(),
        **changes,
    }
    lines = [f"{name}: {value}\r\n" for name, value in headers.items() if value is not None]
    return "".join(lines).encode() + b"\r\n" + content


def first(sent: Any, kind: str = "application/json") -> bytes:
    """The part with the statements."""
    return f"Content-Type: {kind}\r\n\r\n".encode() + json.dumps(sent).encode()


def mixed(*parts: bytes) -> bytes:
    """The parts, between boundaries."""
    return b"".join(b"--parts\r\n" + each + b"\r\n" for each in parts) + b"--parts--\r\n"


def post_parts(lrs: Lrs, *parts: bytes, kind: str = "multipart/mixed; boundary=parts") -> Reply:
    return lrs.post(mixed(*parts), Content_Type=kind)


def with_file() -> dict[str, Any]:
    return statement(id=new_id(), object=something(), attachments=[attachment()])


def test_xapi_00025_attachments_are_a_list(rules: Lrs) -> None:
    rules.takes(statement(attachments=[]), *elsewhere())
    for wrong in ("x", 1, {}, attachment(fileUrl=FILE_URL), [1], ["x"]):
        rules.refuses(*both(attachments=wrong))


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("length", ("1", 1.5, -1, True, {}, ...)),
        ("sha2", ("", "abc", 1, {}, "z" * 64, ...)),
        ("fileUrl", ("", "file", 1, {})),
        ("contentType", ("", "text", 1, {}, ...)),
        ("display", ("x", 1, [], {"en": 1}, {"en_GB": "x"}, ...)),
        ("usageType", ("", "usage", 1, {}, ...)),
    ],
)
def test_xapi_00102_to_00107_each_property_of_an_attachment(
    rules: Lrs, name: str, wrong: tuple[Any, ...]
) -> None:
    for value in wrong:
        if name == "fileUrl":
            rules.refuses(*both(attachments=[attachment(fileUrl=value)]))
        else:
            rules.refuses(*elsewhere(**{name: value}))


def test_xapi_00127_statements_come_as_json_or_in_parts(rules: Lrs) -> None:
    for kind in ("application/json", "application/json; charset=utf-8"):
        assert rules.post(statement(), Content_Type=kind).status == 200
    assert post_parts(rules, first(statement())).status == 200
    assert post_parts(rules, first(next(elsewhere()))).status == 200
    for kind in ("text/plain", "application/xml", "multipart/form-data; boundary=parts", None):
        assert rules.post(statement(), Content_Type=kind).status == 400
        assert post_parts(rules, first(statement()), kind=kind or "").status == 400


def test_xapi_00128_a_part_that_no_statement_names_is_refused(rules: Lrs) -> None:
    assert post_parts(rules, first(with_file()), part()).status == 200
    assert post_parts(rules, first(with_file()), part(), part(b"stray")).status == 400
    assert post_parts(rules, first(statement()), part()).status == 400


def test_xapi_00129_an_attachment_without_address_comes_along(rules: Lrs) -> None:
    assert post_parts(rules, first(with_file())).status == 400
    assert rules.post(with_file()).status == 400


def test_xapi_00130_each_part_begins_with_the_boundary(rules: Lrs) -> None:
    whole = mixed(first(with_file()), part())
    for broken in (
        whole.replace(b"--parts\r\nContent-Type: image", b"Content-Type: image"),
        whole.replace(b"--parts\r\n", b"", 1),
        whole.replace(b"--parts", b"--other"),
        whole.replace(b"--parts--", b""),
    ):
        reply = rules.post(broken, Content_Type="multipart/mixed; boundary=parts")
        assert reply.status == 400


def test_xapi_00131_the_boundary_is_named(rules: Lrs) -> None:
    for kind in ("multipart/mixed", "multipart/mixed; boundary=", "multipart/mixed; border=parts"):
        assert post_parts(rules, first(with_file()), part(), kind=kind).status == 400


def test_xapi_00132_a_part_says_which_attachment_it_is(rules: Lrs) -> None:
    other = hashlib.sha256(b"other").hexdigest()
    for wrong in (None, "", "abc", other):
        unfit = part(**{"X-Experience-API-Hash": wrong})
        assert post_parts(rules, first(with_file()), unfit).status == 400


def test_xapi_00133_all_statements_are_in_the_first_part(rules: Lrs) -> None:
    two = (with_file(), with_file())
    assert post_parts(rules, first(two[0]), first(two[1]), part()).status == 400
    assert post_parts(rules, part(), first(two[0])).status == 400
    assert post_parts(rules, first(list(two)), part()).status == 200


def test_xapi_00134_the_first_part_is_json(rules: Lrs) -> None:
    for kind in ("text/plain", "application/octet-stream", ""):
        assert post_parts(rules, first(with_file(), kind), part()).status == 400


def test_xapi_00135_a_part_says_that_it_is_binary(rules: Lrs) -> None:
    for wrong in (None, "base64", "quoted-printable", ""):
        unfit = part(**{"Content-Transfer-Encoding": wrong})
        assert post_parts(rules, first(with_file()), unfit).status == 400


def test_xapi_00161_00167_attachments_come_back_when_asked_for(lrs: Lrs) -> None:
    sent = with_file()
    assert post_parts(lrs, first(sent), part()).status == 200
    for query in ({"statementId": sent["id"]}, {"activity": sent["object"]["id"]}):
        for plain in ({}, {"attachments": "false"}):
            reply = lrs.get(**query, **plain)
            assert reply.headers["Content-Type"] == "application/json"
            assert FILE not in reply.body
        reply = lrs.get(**query, attachments="true")
        assert reply.status == 200
        kind, _, boundary = reply.headers["Content-Type"].partition("; boundary=")
        assert kind == "multipart/mixed"
        _, json_part, file_part, end = reply.body.split(b"--" + boundary.encode())
        assert sent["id"].encode() in json_part
        assert file_part.endswith(b"\r\n\r\n" + FILE + b"\r\n")
        assert sent["attachments"][0]["sha2"].encode() in file_part
        assert end.startswith(b"--")


def b64(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def jws(payload: bytes, algorithm: str = "RS256") -> bytes:
    """A signature over the payload."""
    signed = b64(json.dumps({"alg": algorithm}).encode()) + b"." + b64(payload)
    digest = DIGESTS.get(algorithm, hashes.SHA256())
    return signed + b"." + b64(KEY.sign(signed, padding.PKCS1v15(), digest))


def post_signed(lrs: Lrs, sent: dict[str, Any], content: bytes, **changes: Any) -> Reply:
    """Send the statement with this content as its signature."""
    binary = "application/octet-stream"
    given = {"usageType": SIGNATURE, "contentType": binary, **changes}
    signature = attachment(content, **given)
    signed = {**sent, "attachments": [signature]}
    return post_parts(lrs, first(signed), part(content, **{"Content-Type": binary}))


@pytest.mark.parametrize("algorithm", DIGESTS)
def test_xapi_00115_a_signed_statement_is_taken(rules: Lrs, algorithm: str) -> None:
    sent = statement(id=new_id(), result={"duration": "PT1.239S"})
    content = jws(json.dumps(sent).encode(), algorithm)
    assert post_signed(rules, sent, content, contentType="text/plain").status == 400
    assert post_signed(rules, sent, b"no signature").status == 400
    assert post_signed(rules, sent, content).status == 200


def test_xapi_00116_what_is_signed_is_the_statement(rules: Lrs) -> None:
    sent = statement(id=new_id(), result={"duration": "PT1.23S"})
    other = {**sent, "result": {"duration": "PT2S"}}
    for payload in (b"", b"x", b"[]", b"{}", json.dumps(other).encode()):
        assert post_signed(rules, sent, jws(payload)).status == 400
    longer = json.dumps({**sent, "result": {"duration": "PT1.237S"}}).encode()
    assert post_signed(rules, sent, jws(longer)).status == 200, "past the hundredth is not compared"


def test_xapi_00117_a_signature_is_of_one_of_three_algorithms(rules: Lrs) -> None:
    sent = statement(id=new_id())
    for wrong in ("HS256", "ES256", "none", "rs256"):
        assert post_signed(rules, sent, jws(json.dumps(sent).encode(), wrong)).status == 400
