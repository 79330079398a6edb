"""How a stored statement is answered: as it was received, with what the store adds.

The bytes of the sender are kept: 1.10 stays 1.10, the order of properties stays, a long number is
not rounded. Only what the specification has the store set is put in: `id` and `timestamp` where
they were absent, `stored`, `authority`, `version`; and a single context activity becomes an array
of one.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import msgspec
import orjson

from lrs.xapi.terms import SpecVersion
from lrs.xapi.times import instant
from lrs.xapi.versions import WRITTEN

__all__ = ["as_answer", "instant"]

_properties = msgspec.json.Decoder(dict[str, msgspec.Raw])
_WHITE = b" \t\r\n"


def as_answer(
    raw: bytes,
    *,
    id: UUID,  # noqa: A002
    stored: int,
    authority_json: bytes,
    version: SpecVersion,
    timestamp_default: int | None = None,
) -> bytes:
    """Return the JSON of a stored statement; ``timestamp_default`` is the instant of storing if None."""
    given = _read(raw)
    added = {
        b"stored": b'"%s"' % instant(stored).encode(),
        b"authority": authority_json,
    }
    if "id" not in given:
        added[b"id"] = b'"%s"' % str(id).encode()
    if "timestamp" not in given:
        moment = stored if timestamp_default is None else timestamp_default
        added[b"timestamp"] = b'"%s"' % instant(moment).encode()
    if "version" not in given:
        added[b"version"] = b'"%s"' % WRITTEN[version].encode()
    return _spliced(_with_arrays(raw, given), given, added)


def _read(raw: bytes) -> dict[str, bytes]:
    return {key: bytes(value) for key, value in _properties.decode(raw).items()}


def _spliced(raw: bytes, given: Mapping[str, bytes], added: Mapping[bytes, bytes]) -> bytes:
    if "stored" in given or "authority" in given:
        raw = _object({k: v for k, v in _read(raw).items() if k not in ("stored", "authority")})
    more = b",".join(b'"%s":%s' % item for item in added.items())
    return b"%s,%s}" % (raw.rstrip(_WHITE)[:-1].rstrip(_WHITE), more)


def _object(properties: Mapping[str, bytes]) -> bytes:
    return b"{%s}" % b",".join(
        b"%s:%s" % (orjson.dumps(key), value) for key, value in properties.items()
    )


# Data 2.4.6.2: every value of contextActivities comes back as an array.
# https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#2462-contextactivities-property
def _with_arrays(raw: bytes, given: Mapping[str, bytes]) -> bytes:
    if b"ontextActivities" not in raw and b"\\u" not in raw:
        return raw
    changed = dict(given)
    if "context" in given:
        changed["context"] = _context_with_arrays(given["context"])
    if b"SubStatement" in given["object"]:
        changed["object"] = _sub_statement_with_arrays(given["object"])
    return raw if changed == given else _object(changed)


def _context_with_arrays(raw: bytes) -> bytes:
    context = _read(raw)
    if "contextActivities" not in context:
        return raw
    kinds = _read(context["contextActivities"])
    if not any(value.startswith(b"{") for value in kinds.values()):
        return raw
    arrays = {k: b"[%s]" % v if v.startswith(b"{") else v for k, v in kinds.items()}
    return _object({**context, "contextActivities": _object(arrays)})


def _sub_statement_with_arrays(raw: bytes) -> bytes:
    found = _read(raw)
    if found.get("objectType") != b'"SubStatement"' or "context" not in found:
        return raw
    context = _context_with_arrays(found["context"])
    return raw if context == found["context"] else _object({**found, "context": context})
