"""Everything a tenant has stored, as a file that another store, or this one, can import.

Voided statements are in it, as are those that void them: what comes out can go in elsewhere and be
the same record. The file appears under its name when it is whole.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from lrs.store.database import Database
from lrs.store.reading import every_statement
from lrs.store.whole_file import written_whole

_LINE_BREAKS = bytes.maketrans(b"\r\n", b"  ")


def export_statements(
    database: Database,
    tenant_id: int,
    out: Path,
    *,
    since: int | None = None,
    progress: Callable[[int], None] | None = None,
    parquet: bool = False,
) -> int:
    """Write one statement a line, in the order stored; return how many. ``.gz`` is compressed.

    With ``parquet`` they are the rows of a Parquet file instead.
    """
    if parquet:
        from lrs.store.parquet import write_parquet

        with _opened(out) as file:
            return write_parquet(database, tenant_id, file, since=since, progress=progress)
    written = 0
    with _opened(out) as file:
        for one in every_statement(database, tenant_id, since=since):
            # In JSON a line break can only stand between tokens, where a space is as good.
            file.write(one.answer.translate(_LINE_BREAKS) + b"\n")
            written += 1
            if progress is not None and written % 1_000 == 0:
                progress(written)
    return written


@contextmanager
def _opened(out: Path) -> Iterator[IO[bytes]]:
    with written_whole(out) as file:
        if out.suffix != ".gz":
            yield file
            return
        with gzip.GzipFile(out.stem, "wb", fileobj=file, compresslevel=6, mtime=0) as packed:
            yield cast(IO[bytes], packed)
