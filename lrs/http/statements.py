"""`/xapi/statements`: the one resource that stores statements and gives them back.

Ruled by 1.0.3, Communication 2.1 "Statement Resource"
(https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Communication.md#21-statement-resource) and
IEEE 9274.1.1, 4.1.6.1. The rules of statements and queries are in `lrs.xapi`, what is stored and
found in `lrs.store`; here they meet the wire.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import orjson
from flask import Blueprint, Response, request
from werkzeug.http import http_date

from lrs.access.ring import Key
from lrs.app import host
from lrs.errors import BadInput, NotFound
from lrs.http import consistency, mine, paging, taking
from lrs.http.answering import formed, no_content
from lrs.http.arguments import arguments
from lrs.http.bodies import statements_body
from lrs.http.multipart import multipart
from lrs.http.refusing import keep_refused
from lrs.http.signing_in import signed_in
from lrs.http.versions import negotiate, version
from lrs.store.attachments import find_attachments, hashes_of
from lrs.store.reading import Page, statement_by_id
from lrs.xapi.multipart import Part
from lrs.xapi.queries import ById, parse_query
from lrs.xapi.uuids import uuid_of

blueprint = Blueprint("xapi_statements", __name__, url_prefix="/xapi")
blueprint.before_request(negotiate)
blueprint.after_request(keep_refused)


@blueprint.post("/statements")
def post() -> Response:
    """Store one statement or an array of them; answer their ids."""
    key = signed_in("statements/write")
    _known_parameters(())
    sent = statements_body()
    if key.options.partial:
        return consistency.bounded_before(taking.write_partly(key, sent), key)
    found = taking.checked(key, sent)
    taking.not_too_many(len(found.statements))
    written = taking.write(key, found, sent)
    return consistency.bounded_before(_json(orjson.dumps(written)), key)


@blueprint.put("/statements")
def put() -> Response:
    """Store one statement under the id that the address names."""
    key = signed_in("statements/write")
    _known_parameters(("statementId",))
    id_ = _statement_id()
    sent = statements_body()
    if sent.statements.lstrip()[:1] == b"[":
        raise BadInput(
            "PUT stores one statement, not an array", where="$", hint="POST takes arrays"
        )
    found = taking.checked(key, sent)
    (statement,) = found.statements
    taking.write(key, found._replace(statements=[taking.under(id_, statement)]), sent)
    return consistency.bounded_before(no_content(), key)


@blueprint.get("/statements")
def get() -> Response:
    """Give back one statement, or those that the filters name, newest first."""
    key = signed_in("statements/read/mine")
    asked = arguments()
    with host().reading:
        return _found(key, asked)


def _found(key: Key, asked: Mapping[str, str]) -> Response:
    if "more" in asked:
        return _page(key, mine.next_page(key, asked["more"]), paging.asked_again(asked))
    query = parse_query(asked, version())
    if isinstance(query, ById):
        return _one(key, query)
    return _page(key, mine.first_page(key, query), paging.Form(query.format, query.attachments))


def _one(key: Key, asked: ById) -> Response:
    found = statement_by_id(host().database, key.tenant_id, asked.statement_id, voided=asked.voided)
    if found is None or not mine.may_read(key, found.answer):
        raise NotFound(
            "there is no such statement, or it is voided",
            where="statementId",
            hint="a voided statement is read by voidedStatementId",
        )
    (answer,) = formed(key.tenant_id, [found.answer], asked.format)
    response = _json(answer)
    if asked.attachments:
        response = multipart(answer, _attachments(key, [found.answer]))
    response.headers["Last-Modified"] = http_date(found.stored_at // 1_000_000)
    return consistency.bounded_now(response, key)


def _page(key: Key, page: Page, form: paging.Form) -> Response:
    statements = formed(key.tenant_id, page.statements, form.format)
    more = paging.more_url(page.more, form) if page.more else ""
    body = b'{"statements":[%s],"more":%s}' % (b",".join(statements), orjson.dumps(more))
    response = _json(body)
    if form.attachments:
        response = multipart(body, _attachments(key, page.statements))
    if page.last_stored is not None:
        response.headers["Last-Modified"] = http_date(page.last_stored // 1_000_000)
    return consistency.bounded_by(response, page.consistent_through)


def _attachments(key: Key, answers: Sequence[bytes]) -> list[Part]:
    wanted = [sha2 for answer in answers for sha2 in hashes_of(orjson.loads(answer))]
    return find_attachments(host().database, key.tenant_id, wanted)


def _json(body: bytes) -> Response:
    return Response(body, mimetype="application/json")


# 1.0.3, Communication 2.1: a request with a parameter the resource does not know is refused.
def _known_parameters(known: Collection[str]) -> None:
    for name in request.args:
        if name not in known:
            raise BadInput(
                f"{request.method} knows no parameter {name!r} here",
                where=name,
                hint=f"it knows: {', '.join(known)}" if known else "it knows none",
            )


# 1.0.3, Communication 2.1.1: PUT names the id in the address.
def _statement_id() -> UUID:
    given = arguments().get("statementId")
    found = uuid_of(given) if given is not None else None
    if found is None:
        raise BadInput(
            "PUT needs the id of the statement in the address",
            where="statementId",
            hint="/xapi/statements?statementId=UUID; POST makes an id when there is none",
        )
    return found
