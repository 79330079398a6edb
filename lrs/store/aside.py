"""Reads a file in a process beside, so that the rules and the database each have a processor.

Threads would share one: Python lets one of them run at a time, and both are busy all along.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import traceback
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

import msgspec

from lrs.errors import VerkanError
from lrs.garbage import look_seldom
from lrs.store.gathered import Gathered
from lrs.store.rows import Incoming
from lrs.store.taking_in import Job, Piece, Read, pieces
from lrs.xapi.results import NO_RESULT, Result
from lrs.xapi.statement import Statement
from lrs.xapi.terms import SpecVersion

_LENGTH, _ID = 8, 16


def pieces_aside(job: Job) -> Iterator[Piece]:
    """Yield what `lrs.store.taking_in.pieces` does, and raise what it raises.

    The statements come without what has been gathered of them: their phrases, and what they say
    themselves of who vouches for them. The process ends with this iterator.
    """
    path = os.pathsep.join(str(Path(each).resolve()) for each in sys.path)  # '' is this folder
    process = subprocess.Popen(  # noqa: S603 - ourselves
        [sys.executable, "-P", "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert process.stdin is not None  # noqa: S101 - it was asked for
    assert process.stdout is not None  # noqa: S101
    try:
        with suppress(BrokenPipeError), process.stdin as to:
            pickle.dump(job, to)
        while (sent := _received(process.stdout)) is not None:
            if sent.raised is not None:
                raise pickle.loads(sent.raised)  # noqa: S301 - of our own process
            yield _unpacked(sent)
    finally:
        process.stdout.close()
        process.terminate()
        process.wait()


class _Columns(msgspec.Struct, array_like=True, gc=False):
    """What statements are, besides what has been gathered of them, each in its column."""

    places: list[int]
    """Among the elements."""
    versions: list[int]
    ids: bytes
    timestamps: list[int | None]
    results: list[Result | None]
    voids: dict[int, bytes]
    targets: dict[int, bytes]


class _Sent(msgspec.Struct, array_like=True, gc=False):
    """A piece, or what was raised."""

    numbers: list[int] = []
    raws: list[bytes] = []
    faults: dict[int, bytes] = {}
    """By place among the elements."""
    statements: _Columns | None = None
    gathered: Gathered | None = None
    voided: list[bytes] = []
    read_bytes: int = 0
    raised: bytes | None = None


_read_sent = msgspec.msgpack.Decoder(_Sent | None).decode


def _received(file: IO[bytes]) -> _Sent | None:
    length = int.from_bytes(file.read(_LENGTH))
    written = file.read(length)
    if not length or len(written) < length:
        raise VerkanError(
            "the process that reads the file has ended",
            hint="run it again: it goes on where it stopped",
        )
    sent: _Sent | None = _read_sent(written)
    return sent


def _send(file: IO[bytes], sent: _Sent | None) -> None:
    written = msgspec.msgpack.encode(sent)
    file.write(len(written).to_bytes(_LENGTH))
    file.write(written)
    file.flush()


def _packed(piece: Piece) -> _Sent:
    reads = [one.read for one in piece.elements]
    sent = [one.statement for one in reads if isinstance(one, Incoming)]
    columns = _Columns(
        [place for place, one in enumerate(reads) if isinstance(one, Incoming)],
        [int(one.version) for one in sent],
        b"".join([one.id.bytes for one in sent]),
        [one.timestamp_at for one in sent],
        [None if one.result is NO_RESULT else one.result for one in sent],
        {place: one.voids.bytes for place, one in enumerate(sent) if one.voids},
        {place: one.targets.bytes for place, one in enumerate(sent) if one.targets},
    )
    faults = ((n, one) for n, one in enumerate(reads) if isinstance(one, VerkanError))
    return _Sent(
        [one.number for one in piece.elements],
        [one.raw for one in piece.elements],
        {place: pickle.dumps(fault) for place, fault in faults},
        columns,
        piece.gathered,
        [one.bytes for one in piece.voided],
        piece.read_bytes,
    )


def _unpacked(sent: _Sent) -> Piece:
    assert sent.gathered is not None  # noqa: S101 - it is in each but the last
    assert sent.statements is not None  # noqa: S101
    faults: dict[int, Incoming | VerkanError] = {
        place: pickle.loads(fault)  # noqa: S301 - of our own process
        for place, fault in sent.faults.items()
    }
    statements = _statements(sent, sent.statements, sent.gathered)
    reads = faults | dict(zip(sent.statements.places, statements, strict=True))
    elements = [
        Read(number, raw, reads[place])
        for place, (number, raw) in enumerate(zip(sent.numbers, sent.raws, strict=True))
    ]
    voided = [uuid.UUID(bytes=one) for one in sent.voided]
    return Piece(elements, sent.gathered, voided, sent.read_bytes)


def _statements(sent: _Sent, columns: _Columns, gathered: Gathered) -> Iterator[Incoming]:
    texts = [text for _, text in gathered.names]
    for n, place in enumerate(columns.places):
        actor, activity, result = gathered.actors[n], gathered.activities[n], columns.results[n]
        authority = gathered.authorities[gathered.vouching[n]]
        statement = Statement(
            raw=sent.raws[place],
            version=SpecVersion(columns.versions[n]),
            id=uuid.UUID(bytes=columns.ids[n * _ID : (n + 1) * _ID]),
            id_given=True,
            timestamp_at=columns.timestamps[n],
            actor=None if actor is None else texts[actor],
            verb=texts[gathered.verbs[n]],
            activity=None if activity is None else texts[activity],
            result=NO_RESULT if result is None else result,
            authority=None,
            phrases=(),
            voids=_uuid(columns.voids.get(n)),
            targets=_uuid(columns.targets.get(n)),
        )
        yield Incoming(statement, authority)


def _uuid(written: bytes | None) -> uuid.UUID | None:
    return None if written is None else uuid.UUID(bytes=written)


def _main() -> None:
    """Read what is asked for on the standard input, until it is read or nobody listens any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that asks tells when to stop
    look_seldom()
    out = sys.stdout.buffer
    with suppress(BrokenPipeError):
        try:
            for piece in pieces(pickle.load(sys.stdin.buffer)):  # noqa: S301
                _send(out, _packed(piece))
            _send(out, None)
        except BrokenPipeError:
            raise
        except Exception as exc:
            if not isinstance(exc, VerkanError):
                exc.add_note("".join(traceback.format_exception(exc)))
            _send(out, _Sent(raised=pickle.dumps(exc)))


if __name__ == "__main__":
    _main()
