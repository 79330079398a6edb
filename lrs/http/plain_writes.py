"""Statements that are written plainly are stored past the framework.

Nearly every request of a learning platform is one: statements as JSON, under a key without settings
of its own. Of the work that a post of one statement makes, a third was the framework's. So what is
plain is held to the same rules here, stored in the same way, and answered with the headers that the
application gave to the last one of its kind (`Template`).

Whatever else comes, and whatever does not hold, is the application's from its beginning: it says
what is wrong, keeps it and tells the log. Nothing of it is stored then, so nothing is stored twice.
Where somebody else's code looks at requests, none goes past it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, lru_cache
from io import BytesIO
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import flask
import orjson
import structlog
from flask import Flask
from werkzeug.datastructures import Authorization
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_options_header

from lrs.access.key_options import STRICT
from lrs.access.ring import Key
from lrs.access.scopes import allows
from lrs.app import Verkan
from lrs.errors import BadInput, Internal, VerkanError
from lrs.http import consistency, tracing
from lrs.http.alternate import REFUSED
from lrs.http.bodies import json_only, read_whole
from lrs.http.signing_in import key_of, remembered_key
from lrs.http.taking import defines, under
from lrs.log import fault_fields
from lrs.store.authorities import as_authority
from lrs.store.rows import Incoming
from lrs.store.writing import Written, write_statements
from lrs.xapi.glancing import check_batch
from lrs.xapi.signatures import check_signatures
from lrs.xapi.statement import Statement
from lrs.xapi.terms import SpecVersion
from lrs.xapi.uuids import uuid_of
from lrs.xapi.versions import asked_version

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ROUTE = "/xapi/statements"
NOT_PLAIN = "verkan.not_plain"
"""Where in the environment it is put that a request was looked at already, and is not plain."""
_LEARNED_FOR_S = 5.0
_MOST_LEARNED = 1_000
_BLUEPRINT = "xapi_statements"
_OURS = frozenset({"lrs", "connectors", "analytics"})
_SIGNALS = (flask.request_started, flask.request_finished, flask.request_tearing_down)
_ID = re.compile(r"statementId=([0-9A-Fa-f-]{36})")
_OF_EACH = frozenset({"content-length", "date", consistency.HEADER.lower(), tracing.HEADER.lower()})
"""Headers that each answer has for itself."""
_log = structlog.get_logger("lrs.http")
Headers = list[tuple[str, str]]
_Kind = tuple[str, int, SpecVersion]


class Asked(NamedTuple):
    """What a request that may be plain says beside its body."""

    method: str
    statement_id: UUID | None
    """Of a PUT."""
    authorization: str | None
    version: str | None
    request_id: str | None


def asked(method: str, path: str, query: str, header: Callable[[str], str | None]) -> Asked | None:
    """Return what a request says; None: it is not plain. ``header`` knows headers by ``A_NAME``."""
    if path != ROUTE or method not in ("POST", "PUT"):
        return None
    if header("CONTENT_ENCODING") is not None or not _is_json(header("CONTENT_TYPE") or ""):
        return None
    named = _ID.fullmatch(query)
    statement_id = uuid_of(named[1]) if named else None
    if (method == "PUT") != (statement_id is not None) or (method == "POST" and query):
        return None
    return Asked(
        method,
        statement_id,
        header("AUTHORIZATION"),
        header("X_EXPERIENCE_API_VERSION"),
        header("X_REQUEST_ID"),
    )


@lru_cache(maxsize=64)
def _is_json(content_type: str) -> bool:
    kind, options = parse_options_header(content_type)
    try:
        json_only(kind.lower(), options)
    except BadInput:
        return False
    return True


class Template(NamedTuple):
    """How the application answers writes of one kind."""

    until: float
    status: str
    headers: Headers
    head: bytes
    """Both as HTTP/1.1 writes them."""

    @classmethod
    def of(cls, status: str, headers: Headers) -> Template:
        """Return what was answered now, which holds for a while."""
        head = f"HTTP/1.1 {status}\r\n".encode("latin-1") + _written(headers)
        return cls(monotonic() + _LEARNED_FOR_S, status, headers, head)


class PlainWrite(NamedTuple):
    """A plain request whose statements hold."""

    method: str
    key: Key
    version: SpecVersion
    statements: list[Statement]
    request_id: str
    began: float

    @property
    def kind(self) -> _Kind:
        """What is answered alike."""
        return self.method, self.key.id, self.version

    def incoming(self) -> list[Incoming]:
        """Return the statements as they are stored."""
        vouching, may_define = as_authority(self.key.authority), defines(self.key)
        return [Incoming(one, vouching, may_define) for one in self.statements]


class Answer(NamedTuple):
    """An answer, whole."""

    template: Template
    own: Headers
    """The headers that no other answer has."""
    body: bytes

    @property
    def status(self) -> str:
        """The status, with its reason."""
        return self.template.status

    @property
    def headers(self) -> Headers:
        """All headers but the date."""
        return [*self.template.headers, *self.own]

    def written(self, date: str) -> bytes:
        """Return the answer as HTTP/1.1 writes it on a connection that stays open."""
        own = _written([*self.own, ("Date", date)])
        return b"%b%b\r\n%b" % (self.template.head, own, self.body)


def _written(headers: Headers) -> bytes:
    return "".join([f"{name}: {value}\r\n" for name, value in headers]).encode("latin-1")


class PlainWrites:
    """Stands before the application, and stores what is plain."""

    def __init__(self, app: Flask, whole: WSGIApplication) -> None:
        """``whole`` is the application with all else that stands before it."""
        self._app = app
        self.whole = whole
        self._templates: dict[_Kind, Template] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        said = None if NOT_PLAIN in environ else _asked_in(environ)
        if said is None:
            return self.whole(environ, start_response)
        try:
            write = self.looked_at(said, lambda: self._body(environ))
            if write is None:
                return self.whole(environ, start_response)
            template = self.template(write)
            if template is None:
                return self.whole(environ, self._learning(write.kind, start_response))
            written = self._stored(write)
        except Exception as exc:
            environ.update(left(exc))
            return self.whole(environ, start_response)
        try:
            answer = self.answer(write, template, written)
        except Exception as exc:
            environ.update(left_stored(exc))
            return self.whole(environ, start_response)
        start_response(answer.status, answer.headers)
        return [answer.body]

    @property
    def verkan(self) -> Verkan:
        """What the application stands on."""
        found: Verkan = self._app.extensions["verkan"]
        return found

    def looked_at(
        self, said: Asked, read: Callable[[], bytes | None], key: Key | None = None
    ) -> PlainWrite | None:
        """Return a request's statements, held to their rules; None: the application is to see it.

        ``read`` returns the body, which is not read without a key; None: it is not plain. Raises
        `NotSignedIn`, and what the database says of itself, such as `StoreUnavailable`; with the ``key``
        the database is not asked.
        """
        began = perf_counter()
        if not self._is_all_ours:
            return None
        try:
            version = asked_version(said.version)
        except BadInput:
            return None
        if key is None:
            key = key_of(self.verkan, Authorization.from_header(said.authorization))
        if key.options != STRICT or not allows(key.scopes, "statements/write"):
            return None
        body = read()
        if body is None:
            return None
        try:
            statements = _held(said, version, body)
        except BadInput:
            return None
        if not 0 < len(statements) <= self.verkan.settings.max_statements:
            return None
        id_ = tracing.id_of(said.request_id)
        return PlainWrite(said.method, key, version, statements, id_, began)

    def remembered_key(self, said: Asked) -> Key | None:
        """Return the key of a request, if it was found within the last seconds; nobody is asked."""
        return remembered_key(self.verkan, Authorization.from_header(said.authorization))

    def template(self, write: PlainWrite) -> Template | None:
        """Return how a request is to be answered; None: the application is to show it first."""
        found = self._templates.get(write.kind)
        return found if found is not None and monotonic() < found.until else None

    def answer(self, write: PlainWrite, template: Template, written: Sequence[Written]) -> Answer:
        """Return the answer to a request that is stored."""
        verkan = self.verkan
        bound = consistency.bound_before(verkan, write.key.tenant_id)
        own = [(consistency.HEADER, consistency.written(bound)), (tracing.HEADER, write.request_id)]
        body = b""
        if write.method == "POST":
            body = orjson.dumps([each.id for each in written])
            own.append(("Content-Length", str(len(body))))
        for look in verkan.on_stored:
            look()
        name = write.key.name
        status = int(template.status[:3])
        tracing.tell(write.method, ROUTE, status, write.began, name, write.request_id)
        return Answer(template, own, body)

    def _body(self, environ: WSGIEnvironment) -> bytes | None:
        """Return the body, which is there for the application too; None: it is not plain."""
        length = environ.get("CONTENT_LENGTH") or ""
        most = self.verkan.settings.max_body_bytes
        if not length.isdecimal() or int(length) > most or "HTTP_TRANSFER_ENCODING" in environ:
            return None
        try:
            body = read_whole(environ, most)
        except HTTPException as exc:  # the sender has gone
            environ[REFUSED] = exc
            return None
        environ["wsgi.input"] = BytesIO(body)
        return body

    def _stored(self, write: PlainWrite) -> list[Written]:
        key = write.key
        return write_statements(
            self.verkan.database,
            key.tenant_id,
            write.statements,
            authority=key.authority,
            key_id=key.id,
            defines=defines(key),
        )

    def _learning(self, kind: _Kind, start_response: StartResponse) -> StartResponse:
        """Return what notes how the application answers this one."""

        def noting(status: str, headers: Headers, *more: Any) -> Any:
            names = {name.lower() for name, _ in headers}
            if status[:3] in ("200", "204") and "set-cookie" not in names:
                if len(self._templates) >= _MOST_LEARNED:
                    self._templates.clear()
                kept = [each for each in headers if each[0].lower() not in _OF_EACH]
                self._templates[kind] = Template.of(status, kept)
            return start_response(status, headers, *more)

        return noting

    @cached_property
    def _called(self) -> list[Callable[..., Any]]:
        """What a write calls. When the first request is here, nothing is added to it any more."""
        app = self._app
        by_blueprint = (
            app.before_request_funcs,
            app.after_request_funcs,
            app.teardown_request_funcs,
            app.url_value_preprocessors,
        )
        of_each = [hook for hooks in by_blueprint for hook in hooks.get(None, ())]
        of_these = [hook for hooks in by_blueprint for hook in hooks.get(_BLUEPRINT, ())]
        views = [app.view_functions[f"{_BLUEPRINT}.{name}"] for name in ("post", "put")]
        return [*of_each, *of_these, *app.teardown_appcontext_funcs, *views]

    @property
    def _is_all_ours(self) -> bool:
        """Whether nobody else looks at requests."""
        return self._calls_ours and not any(signal.receivers for signal in _SIGNALS)

    @cached_property
    def _calls_ours(self) -> bool:
        modules = [getattr(each, "__module__", "") for each in self._called]
        return all(module.partition(".")[0] in _OURS for module in modules)


def left(fault: BaseException | None) -> dict[str, Any]:
    """Return what the environment of a request says that is left to the application, and after what.

    What costs a look at the database is told; anything else is met by the application again.
    """
    told = isinstance(fault, VerkanError) and (fault.status >= 500 or fault.status == 401)
    return {NOT_PLAIN: True, REFUSED: fault} if told else {NOT_PLAIN: True}


def left_stored(fault: Exception) -> dict[str, Any]:
    """Return the same where the statements are stored: they are not to be stored again."""
    if not isinstance(fault, VerkanError):
        _log.error("answer_failed", **fault_fields(fault))
        fault = Internal("the server made a mistake", hint="the statements are stored")
    return {NOT_PLAIN: True, REFUSED: fault}


def _asked_in(environ: WSGIEnvironment) -> Asked | None:
    def header(name: str) -> str | None:
        found: str | None = environ.get(name if name == "CONTENT_TYPE" else f"HTTP_{name}")
        return found

    return asked(
        environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("QUERY_STRING", ""), header
    )


def _held(said: Asked, version: SpecVersion, body: bytes) -> list[Statement]:
    """Return the statements of a body that came alone, held to their rules."""
    statements = check_batch(body, version)
    check_signatures(statements, {})
    if said.statement_id is None:
        return statements
    if body.lstrip()[:1] == b"[":
        raise BadInput("PUT stores one statement")  # the application says it better
    return [under(said.statement_id, statements[0])]
