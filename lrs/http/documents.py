"""`/xapi/activities/state`, `/xapi/activities/profile`, `/xapi/agents/profile`: the documents.

Ruled by 1.0.3, Communication 2.2, 2.3, 2.6, 2.7 and 3.1, and IEEE 9274.1.1, 4.1.6. The three differ
in what addresses a document and in who must say what they overwrite; `lrs.xapi.documents` knows.
"""

from __future__ import annotations

from collections.abc import Callable

import orjson
from flask import Blueprint, Response, request
from werkzeug.http import http_date

from lrs.access.ring import Key
from lrs.app import host
from lrs.errors import BadInput, NotFound
from lrs.http.answering import no_content
from lrs.http.arguments import arguments
from lrs.http.bodies import any_body
from lrs.http.signing_in import signed_in
from lrs.http.versions import negotiate, version
from lrs.store.documents import (
    Content,
    delete_documents,
    find_document,
    list_documents,
    write_document,
)
from lrs.xapi.documents import (
    JSON,
    Conditions,
    Document,
    DocumentKind,
    DocumentQuery,
    check_posted,
    hold_conditions,
    hold_put,
    merged,
    parse_document_query,
)

blueprint = Blueprint("xapi_documents", __name__, url_prefix="/xapi")
blueprint.before_request(negotiate)

_SCOPE = {
    DocumentKind.STATE: "state",
    DocumentKind.AGENT_PROFILE: "profile",
    DocumentKind.ACTIVITY_PROFILE: "profile",
}
_UNNAMED_TYPE = "application/octet-stream"


def get(kind: DocumentKind) -> Response:
    """Give back one document, or the names of those there are."""
    key = signed_in(_SCOPE[kind], "all/read")
    query = _query(kind)
    if query.name is None:
        return _listed(key, query)
    found = find_document(host().database, key.tenant_id, query)
    if found is None:
        raise NotFound("there is no such document", where=request.path)
    return _dated(_tagged(Response(found.content, content_type=found.content_type), found), found)


def put(kind: DocumentKind) -> Response:
    """Keep a document in the place of what is there."""
    key = signed_in(_SCOPE[kind])
    query, conditions, sent = _query(kind), _conditions(), _content()

    def decide(there: Document | None) -> Content:
        hold_put(kind, version(), conditions, there.etag if there else None)
        return sent

    write_document(host().database, key.tenant_id, query, decide)
    return no_content()


def post(kind: DocumentKind) -> Response:
    """Keep a new document, or merge JSON into the one that is there."""
    key = signed_in(_SCOPE[kind])
    query, conditions, sent = _query(kind), _conditions(), _content()
    check_posted(*sent)

    def decide(there: Document | None) -> Content:
        hold_conditions(conditions, there.etag if there else None)
        if there is None:
            return sent
        return Content(merged(there, *sent), JSON)

    write_document(host().database, key.tenant_id, query, decide)
    return no_content()


def delete(kind: DocumentKind) -> Response:
    """Delete one document, or all state of an activity and agent. Gone already is gone."""
    key = signed_in(_SCOPE[kind])
    query, conditions = _query(kind), _conditions()

    def allowed(there: Document | None) -> None:
        hold_conditions(conditions, there.etag if there else None)

    delete_documents(host().database, key.tenant_id, query, allowed)
    return no_content()


def _listed(key: Key, query: DocumentQuery) -> Response:
    found = list_documents(host().database, key.tenant_id, query)
    response = Response(orjson.dumps(found.names), mimetype=JSON)
    if found.updated_at is not None:
        response.headers["Last-Modified"] = http_date(found.updated_at // 1_000_000)
    return response


def _query(kind: DocumentKind) -> DocumentQuery:
    return parse_document_query(kind, request.method, arguments(), version())


def _conditions() -> Conditions:
    return Conditions(request.headers.get("If-Match"), request.headers.get("If-None-Match"))


def _content() -> Content:
    content_type = request.headers.get("Content-Type", _UNNAMED_TYPE)
    if "\0" in content_type or len(content_type) > 1000:
        raise BadInput("this is no content type", where="Content-Type")
    return Content(any_body(), content_type)


def _tagged(response: Response, found: Document) -> Response:
    response.headers["ETag"] = f'"{found.etag}"'
    return response


def _dated(response: Response, found: Document) -> Response:
    response.headers["Last-Modified"] = http_date(found.updated_at // 1_000_000)
    return response


def _routes() -> None:
    methods: dict[str, Callable[[DocumentKind], Response]] = {
        "GET": get,
        "PUT": put,
        "POST": post,
        "DELETE": delete,
    }
    for kind, path in (
        (DocumentKind.STATE, "/activities/state"),
        (DocumentKind.AGENT_PROFILE, "/agents/profile"),
        (DocumentKind.ACTIVITY_PROFILE, "/activities/profile"),
    ):
        for method, view in methods.items():
            blueprint.add_url_rule(
                path,
                f"{kind.name.lower()}_{method.lower()}",
                view,
                methods=[method],
                defaults={"kind": kind},
            )


_routes()
