"""Stages as they are kept from one report to the next: columns of whole numbers, a page of lines at a time.

A line of a million costs next to nothing to read this way, where a row of a table costs a microsecond.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from analytics.estimators.grid import IntArray
from analytics.store.schema import packed_page
from lrs.store.bulk import insert_rows

MADE_AS = "1"
"""How stages are packed; what was packed in another way is made anew."""

LINES = 1 << 16
"""Lines of a page."""


class Stage(NamedTuple):
    """What is packed: its name, of which path it is if of one, and how wide each column is."""

    name: str
    kinds: tuple[str, ...]
    path: str = ""


EMPLOYED = Stage("employed", ("<i8", "<i4", "<i4"))
"""Person, first month, one past the last."""

MEMBER = Stage("member", ("<i8", "<i4", "<i4", "<i8"))
"""The same, and the team."""

BASIS = Stage("basis", ("<i8", "<i2", "<i4"))
"""Person, how the dates of rows of their history are known, how many rows."""


def learner(path: str) -> Stage:
    """Return person, first day, day of completion, and first month that counts as trained, of a path."""
    return Stage("learner", ("<i8", "<i4", "<i4", "<i4"), path)


def pack(
    conn: sa.Connection, tenant_id: int, stage: Stage, columns: Sequence[npt.NDArray[Any]]
) -> None:
    """Put columns in the place of what is packed."""
    conn.execute(sa.delete(packed_page).where(*_own(tenant_id, stage)))
    names = ("tenant_id", "stage", "path", "page", "lines", "body")
    for number, (lines, body) in enumerate(_pages(stage, columns)):
        row = (tenant_id, stage.name, stage.path, number, lines, body)
        insert_rows(conn, packed_page, names, [row])


def _pages(stage: Stage, columns: Sequence[npt.NDArray[Any]]) -> Iterator[tuple[int, bytes]]:
    for at in range(0, len(columns[0]), LINES):
        parts = [column[at : at + LINES] for column in columns]
        body = b"".join(
            part.astype(kind).tobytes() for part, kind in zip(parts, stage.kinds, strict=True)
        )
        yield len(parts[0]), body


def pages(conn: sa.Connection, tenant_id: int, stage: Stage) -> Iterator[list[IntArray]]:
    """Yield the columns of what is packed, a page at a time."""
    p = packed_page.c
    found = sa.select(p.lines, p.body).where(*_own(tenant_id, stage)).order_by(p.page)
    for lines, body in conn.execute(found.execution_options(yield_per=1)):
        columns, at = [], 0
        for kind in stage.kinds:
            columns.append(np.frombuffer(body, kind, lines, at))
            at += lines * np.dtype(kind).itemsize
        yield columns


def unpack(conn: sa.Connection, tenant_id: int, stage: Stage) -> list[IntArray]:
    """Return the columns of what is packed, each as wide as it is packed."""
    total = sa.select(sa.func.coalesce(sa.func.sum(packed_page.c.lines), 0))
    lines = int(conn.execute(total.where(*_own(tenant_id, stage))).scalar_one())
    whole, begin = [np.empty(lines, kind) for kind in stage.kinds], 0
    for page in pages(conn, tenant_id, stage):
        end = begin + len(page[0])
        for column, part in zip(whole, page, strict=True):
            column[begin:end] = part
        begin = end
    return whole


def _own(tenant_id: int, stage: Stage) -> tuple[sa.ColumnElement[bool], ...]:
    p = packed_page.c
    return p.tenant_id == tenant_id, p.stage == stage.name, p.path == stage.path
