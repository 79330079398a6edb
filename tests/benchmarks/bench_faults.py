"""What peers and bombs that mean harm cost the others: seconds and memory of the shipped server.

    python tests/benchmarks/bench_faults.py [--statements 1000000] [--database postgresql]

- 400 slow clients, half of them in the head of a request and half in its body, each a byte a second:
  how long others wait, with and without them in the same minute;
- a gigabyte of nothing, packed into a megabyte: when it is refused, and in how much memory;
- the memory of the server over many statements, once what it remembers is full.
"""

from __future__ import annotations

import argparse
import gzip
import socket
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE), str(_HERE.parent)]

from figures import Figure, at_most, table  # noqa: E402
from load import Outcome, post  # noqa: E402
from places import memory_mb, most_memory_mb, places  # noqa: E402
from rich.console import Console  # noqa: E402
from serving import Served, serving  # noqa: E402
from traffic import Traffic  # noqa: E402

MIB = 1 << 20
SLOW = 400
ROUNDS = 3


def slow_clients(kind: str, served: Served) -> Iterator[Figure]:
    """Yield how long others wait while there are slow clients."""
    post_some(served, seed=1)  # warm
    without: list[float] = []
    during: list[float] = []
    for number in range(ROUNDS):
        without += post_some(served, seed=10 + number).waits
        with _slow(served):
            during += post_some(served, seed=20 + number).waits
    alone, beside = _p95_ms(without), _p95_ms(during)
    yield Figure(
        kind,
        f"p95 of a post beside {SLOW} slow clients",
        beside,
        "ms",
        raw=alone,
        ratio=alone / beside,
        goal=at_most(100),
        beside="raw: without them",
    )


def _p95_ms(waits: list[float]) -> float:
    return Outcome(waits=waits).wait(0.95) * 1000


def post_some(served: Served, seed: int) -> Outcome:
    """Post single statements over two connections."""
    streams = [list(Traffic(seed * 100 + n).batches(1, 200)) for n in range(2)]
    outcome = post(served.settings.port, served.key, served.secret, streams)
    if outcome.errors:
        raise RuntimeError(f"not all were stored: {outcome.statuses}")
    return outcome


@contextmanager
def _slow(served: Served) -> Iterator[None]:
    head = "POST /xapi/statements HTTP/1.1\r\nHost: x\r\n"
    signed = f"Authorization: {served.headers['Authorization']}\r\nContent-Length: 100000\r\n\r\n["
    peers = []
    for number in range(SLOW):
        peer = socket.create_connection(("127.0.0.1", served.settings.port))
        peer.sendall((head + (signed if number % 2 else "X-Slow: ")).encode())
        peers.append(peer)
    over = threading.Event()

    def trickle() -> None:
        while not over.wait(1):
            for peer in peers:
                peer.sendall(b" ")

    trickling = threading.Thread(target=trickle)
    trickling.start()
    yield
    over.set()
    trickling.join()
    for peer in peers:
        peer.close()


def bombs(kind: str, served: Served) -> Iterator[Figure]:
    """Yield what a packed gigabyte costs."""
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(b"\0" * MIB) for _ in range(1024)) + packer.flush()
    small = gzip.compress(next(Traffic(7).batches(1, 1)))
    for body in (small, b"not gzip", bomb[:1000]):
        served.ask("POST", "/xapi/statements", body, {"Content-Encoding": "gzip"})
    before = most_memory_mb(served.process.pid)
    began = time.perf_counter()
    reply = served.ask("POST", "/xapi/statements", bomb, {"Content-Encoding": "gzip"})
    seconds = time.perf_counter() - began
    if reply.status != 413:
        raise RuntimeError(f"the bomb was answered {reply.status}")
    more = (most_memory_mb(served.process.pid) - before) * 1e6 / MIB
    name = f"413 to 1 GiB packed into {len(bomb) / MIB:.2f} MiB"
    yield Figure(kind, name, seconds, "s", goal=at_most(1))
    yield Figure(kind, "memory it takes", more, "MiB", goal=at_most(32))


def memory(kind: str, served: Served, statements: int) -> Iterator[Figure]:
    """Yield how far the memory of the server moves over so many statements, after a fifth of them."""
    tenth = statements // 10
    held: list[float] = []
    for number in range(10):
        streams = [list(Traffic(9000 + 4 * number + n).batches(50, tenth // 200)) for n in range(4)]
        outcome = post(served.settings.port, served.key, served.secret, streams)
        if outcome.errors:
            raise RuntimeError(f"not all were stored: {outcome.statuses}")
        held.append(memory_mb(served.process.pid))
        print(f"{kind}: {(number + 1) * tenth:,} statements, {held[-1]:.0f} MB", flush=True)
    settled = held[1:]
    middle = (max(settled) + min(settled)) / 2
    yield Figure(
        kind,
        f"memory over {statements:,} statements",
        (max(settled) - middle) / middle * 100,
        "± %",
        goal=at_most(10),
        beside=f"{min(settled):.0f} to {max(settled):.0f} MB",
    )


def main() -> int:
    """Measure and show; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--statements", type=int, default=100_000, help="to watch memory over")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    asked = parser.parse_args()
    figures: list[Figure] = []
    for kind in asked.database or ("sqlite", "postgresql"):
        with places(kind) as place, serving(place.new()) as served:
            figures += slow_clients(kind, served)
            figures += bombs(kind, served)
            figures += memory(kind, served, asked.statements)
    Console(width=None if sys.stdout.isatty() else 150).print(
        table(figures, "the server under fault", {})
    )
    return 0 if all(one.goal is None or one.goal.is_met(one) for one in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
