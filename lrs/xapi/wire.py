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
Buffer = bytes | msgspec.Raw
_REPLACED = ("stored", "authority")


def as_answer(
    raw: bytes,
    *,
    id: UUID,  # noqa: A002
    stored: int,
    authority_json: bytes,
    version: SpecVersion,
    timestamp_default: int | None = None,
) -> bytes:
    """Return the JSON of a stored statement.

    ``timestamp_default`` is what `timestamp` is where the sender gave none; None: as `stored`.
    """
    given = _properties.decode(raw)
    raw = _with_arrays(raw, given)
    if "stored" in given or "authority" in given:
        raw = _object({key: item for key, item in _read(raw).items() if key not in _REPLACED})
    stored_text = instant(stored)
    added = f'"stored":"{stored_text}"'
    if "timestamp" not in given:
        moment = stored_text if timestamp_default is None else instant(timestamp_default)
        added = f'"timestamp":"{moment}",{added}'
    if "id" not in given:
        added = f'"id":"{id}",{added}'
    if "version" not in given:
        added = f'{added},"version":"{WRITTEN[version]}"'
    return b'%s,%s,"authority":%s}' % (_opened(raw), added.encode(), authority_json)


def _opened(raw: bytes) -> bytes:
    """Return an object, which is never empty, without its last bracket."""
    return raw.rstrip(_WHITE)[:-1].rstrip(_WHITE)


def _read(raw: Buffer) -> dict[str, bytes]:
    return {key: bytes(value) for key, value in _properties.decode(raw).items()}


def _object(properties: Mapping[str, bytes]) -> bytes:
    return b"{%s}" % b",".join(
        b"%s:%s" % (orjson.dumps(key), value) for key, value in properties.items()
    )


# Data 2.4.6.2: every value of contextActivities comes back as an array.
# https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#2462-contextactivities-property
def _with_arrays(raw: bytes, given: Mapping[str, msgspec.Raw]) -> bytes:
    changed: dict[str, bytes] = {}
    if "context" in given:
        context = _context_with_arrays(given["context"])
        if context is not None:
            changed["context"] = context
    inner = _sub_statement_with_arrays(bytes(given["object"]))
    if inner is not None:
        changed["object"] = inner
    return _object({**_read(raw), **changed}) if changed else raw


def _context_with_arrays(raw: Buffer) -> bytes | None:
    """Return a context with arrays throughout; None where it has nothing else."""
    activities = _properties.decode(raw).get("contextActivities")
    if activities is None:
        return None
    kinds = _read(activities)
    if not any(value[:1] == b"{" for value in kinds.values()):
        return None
    arrays = {key: b"[%s]" % v if v[:1] == b"{" else v for key, v in kinds.items()}
    return _object({**_read(raw), "contextActivities": _object(arrays)})


def _sub_statement_with_arrays(raw: bytes) -> bytes | None:
    # The word may be written with escapes for its letters.
    if b'"SubStatement"' not in raw and b"\\u00" not in raw:
        return None
    found = _read(raw)
    if "context" not in found or orjson.loads(found["objectType"]) != "SubStatement":
        return None
    context = _context_with_arrays(found["context"])
    return None if context is None else _object({**found, "context": context})
