"""Every error the product raises on purpose, in one tree, and the one JSON form they take.

VerkanError
├── BadInput            400  the caller sent something that cannot be right
│   ├── BadStatement    400  a statement breaks a rule of the xAPI specification
│   └── BadSettings          a setting or a file of settings cannot be used
├── NotSignedIn         401  no key, or one that is not valid
├── NotAllowed          403  a valid key without the scope
├── NotFound            404
├── NotThisMethod       405
├── Conflict            409  the same id with other content
├── PreconditionFailed  412
├── TooLarge            413
├── TooManyRequests     429  a key over its limit
├── StoreUnavailable    503  the database is away, or its turn was not given in time
├── StoreFull           507  no room left on the disk
└── Internal            500  ours

The form, over HTTP: ``{"error": {"code", "message", "where", "hint", "request_id"}}``.
On the command line: what, where, what to do, one line each; exit 2 for the user's mistake, 1 for ours.
"""

from __future__ import annotations

from typing import ClassVar, TypedDict


class ErrorFields(TypedDict):
    """The fields of one error in JSON."""

    code: str
    message: str
    where: str | None
    hint: str | None
    request_id: str | None


class ErrorBody(TypedDict):
    """The body of every answer that is an error."""

    error: ErrorFields


class VerkanError(Exception):
    """What went wrong, where (a JSON path, a file and row, an option), and what to do about it."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def as_text(self) -> str:
        """Return what, where, and what to do, as far as they are known: one line each."""
        lines = {"error": self.message, "where": self.where, "do": self.hint}
        return "\n".join(f"{name + ':':6} {said}" for name, said in lines.items() if said)

    def as_json(self, request_id: str | None = None) -> ErrorBody:
        """Return the one JSON form."""
        return {
            "error": {
                "code": self.code,
                "message": self.message,
                "where": self.where,
                "hint": self.hint,
                "request_id": request_id,
            }
        }


class BadInput(VerkanError):
    """The caller sent something that cannot be right."""

    code = "bad_input"
    status = 400
    exit_code = 2


class BadStatement(BadInput):
    """A statement breaks a rule of the xAPI specification; ``where`` is the JSON path of the fault."""

    code = "bad_statement"


class BadSettings(BadInput):
    """A setting, or a file of settings, cannot be used."""

    code = "bad_settings"


class NotSignedIn(VerkanError):
    """No key, or one that is not valid."""

    code = "not_signed_in"
    status = 401
    exit_code = 2


class NotAllowed(VerkanError):
    """A valid key that lacks the scope."""

    code = "not_allowed"
    status = 403
    exit_code = 2


class NotFound(VerkanError):
    """What was asked for is not here."""

    code = "not_found"
    status = 404
    exit_code = 2


class NotThisMethod(VerkanError):
    """The address exists, the method does not."""

    code = "method_not_allowed"
    status = 405
    exit_code = 2


class Conflict(VerkanError):
    """The same id with other content, or a document that is already there."""

    code = "conflict"
    status = 409
    exit_code = 2


class PreconditionFailed(VerkanError):
    """An If-Match or If-None-Match that does not hold."""

    code = "precondition_failed"
    status = 412
    exit_code = 2


class TooLarge(VerkanError):
    """A body over the limit."""

    code = "too_large"
    status = 413
    exit_code = 2


class TooManyRequests(VerkanError):
    """A key over its limit; it may come again after so many seconds."""

    code = "too_many_requests"
    status = 429

    def __init__(
        self,
        message: str,
        *,
        where: str | None = None,
        hint: str | None = None,
        retry_after_s: int = 60,
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.retry_after_s = retry_after_s


class StoreUnavailable(VerkanError):
    """The database is away, or a turn to write was not given in time."""

    code = "store_unavailable"
    status = 503


class StoreFull(VerkanError):
    """No room left on the disk of the database."""

    code = "store_full"
    status = 507


class Internal(VerkanError):
    """Ours. The request id finds it in the log."""


RETRY_AFTER_S = {StoreUnavailable.status: 5, StoreFull.status: 60}
"""By status: when whoever was refused may come again, as ``Retry-After`` tells it."""
