"""The file of a backup: a ZIP of parts, and a manifest that says what they hold.

``tables/NAME`` holds the rows of a table, whichever database they come from: chunks, each a length
of four bytes and that many bytes of MessagePack, a list of rows. So integers, doubles, texts, bytes
and nothings come back as exactly what they were, on either database, and a table of any size is
written and read within a few megabytes. ``secret`` is the server's own secret, where it is kept in
a file. ``manifest.json`` is written last, with the SHA-256 of every part.
"""

from __future__ import annotations

import hashlib
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Literal

import msgspec

from lrs.errors import BadInput

VERSION = 1
SECRET = "secret"  # noqa: S105 - the name of a part
_MANIFEST = "manifest.json"
_LENGTH = struct.Struct(">I")
_PIECE = 1 << 20
#: Bodies shrink to a third at the quickest level, and to little less at the others.
_QUICK = 1

Rows = Sequence[Sequence[Any]]


class Part(msgspec.Struct, frozen=True):
    """One part of the file. Rows and columns are those of its table."""

    name: str
    bytes: int
    sha256: str
    rows: int = 0
    columns: tuple[str, ...] = ()

    @property
    def table(self) -> str | None:
        """Return the table whose rows it holds."""
        folder, _, name = self.name.rpartition("/")
        return name if folder == "tables" else None


class Secret(msgspec.Struct, frozen=True):
    """Where the server's secret is, and by what to know it again without showing it."""

    kept: Literal["included", "left out", "set by the settings", "none"]
    salt: str = ""
    sign: str = ""


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds, and of what it is one."""

    format: Literal["verkan backup"]
    format_version: int
    verkan: str
    made_at: str
    database: str
    heads: tuple[str, ...]
    secret: Secret
    parts: tuple[Part, ...]
    left_out: tuple[str, ...] = ()
    """Tables beside Verkan's own in the same database."""

    @property
    def rows(self) -> int:
        """Return how many rows there are in all tables together."""
        return sum(part.rows for part in self.parts)

    def of_table(self, name: str) -> Part | None:
        """Return the part of that table."""
        return next((part for part in self.parts if part.table == name), None)


class ArchiveWriter:
    """Writes the parts one after another, and the manifest at the end."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_QUICK)
        self.parts: list[Part] = []

    def __enter__(self) -> ArchiveWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def table(self, name: str, columns: Sequence[str], chunks: Iterable[Rows]) -> None:
        """Write the rows of a table."""
        rows = 0

        def pieces() -> Iterator[bytes]:
            nonlocal rows
            for chunk in chunks:
                rows += len(chunk)
                packed = msgspec.msgpack.encode(chunk)
                yield _LENGTH.pack(len(packed))
                yield packed

        size, digest = self._write(f"tables/{name}", pieces())
        self.parts.append(Part(f"tables/{name}", size, digest, rows, tuple(map(str, columns))))

    def secret(self, secret: bytes) -> None:
        """Write the server's secret."""
        self.parts.append(Part(SECRET, *self._write(SECRET, iter([secret]))))

    def end(self, manifest: Manifest) -> None:
        """Write the manifest."""
        self._zip.writestr(_MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))

    def _write(self, name: str, pieces: Iterator[bytes]) -> tuple[int, str]:
        size, digest = 0, hashlib.sha256()
        with self._zip.open(name, "w", force_zip64=True) as part:
            for piece in pieces:
                part.write(piece)
                digest.update(piece)
                size += len(piece)
        return size, digest.hexdigest()


class Archive:
    """A backup to read from. Raises `BadInput` for a file that is none, or that is not whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._zip = zipfile.ZipFile(path)
            told = self._zip.read(_MANIFEST)
        except OSError as exc:
            raise BadInput(f"the backup cannot be read: {exc.strerror}", where=str(path)) from exc
        except (zipfile.BadZipFile, KeyError) as exc:
            raise self._broken("the file is no backup, or not all of one") from exc
        try:
            self.manifest = msgspec.json.decode(told, type=Manifest)
        except msgspec.DecodeError as exc:
            raise self._broken(f"the manifest of the backup cannot be read: {exc}") from exc
        if self.manifest.format_version > VERSION:
            raise BadInput(
                f"the backup was made by Verkan {self.manifest.verkan}, in a form unknown here",
                where=str(path),
                hint="restore it with that version or a newer one",
            )

    def check(self, progress: Callable[[int, int], None]) -> None:
        """Read every part, and hold it to its hash."""
        of = sum(part.bytes for part in self.manifest.parts)
        done = 0
        for part in self.manifest.parts:
            digest = hashlib.sha256()
            for piece in self._pieces(part):
                digest.update(piece)
                done += len(piece)
                progress(done, of)
            if digest.hexdigest() != part.sha256:
                raise self._broken(f"the part {part.name} is not what was written")

    def rows(self, part: Part) -> Iterator[Rows]:
        """Yield the rows of a table, in chunks; `check` comes before."""
        with self._opened(part) as file:
            while head := file.read(_LENGTH.size):
                chunk: Rows = msgspec.msgpack.decode(file.read(*_LENGTH.unpack(head)))
                yield chunk

    def secret(self) -> bytes | None:
        """Return the server's secret, if it is in the backup."""
        return next(
            (b"".join(self._pieces(p)) for p in self.manifest.parts if p.name == SECRET), None
        )

    def close(self) -> None:
        """Close the file."""
        self._zip.close()

    def _pieces(self, part: Part) -> Iterator[bytes]:
        with self._opened(part) as file:
            try:
                while piece := file.read(_PIECE):
                    yield piece
            except (zipfile.BadZipFile, zlib.error, EOFError) as exc:
                raise self._broken(f"the part {part.name} is not what was written") from exc

    def _opened(self, part: Part) -> IO[bytes]:
        try:
            return self._zip.open(part.name)
        except (zipfile.BadZipFile, KeyError) as exc:
            raise self._broken(f"the part {part.name} is not there") from exc

    def _broken(self, what: str) -> BadInput:
        return BadInput(what, where=str(self._path), hint="nothing was changed; take another copy")
