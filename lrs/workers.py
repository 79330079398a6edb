"""Several processes that serve one socket, and the first one, which watches over them.

A process that ends unasked (a crash, a kernel short of memory) is replaced while the others go on;
what it was answering is lost on the wire, and nothing it had acknowledged. When they end again and
again the fault is not one of a single request: then all are stopped, so that whoever started the
server is told by its exit status. When the first process ends, however it ends, so do the others.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import NoReturn

import structlog

from lrs.log import fault_fields

STOPPING = (signal.SIGTERM, signal.SIGINT)
"""The signals that ask for a graceful stop."""

_MOST = 5
_WITHIN_S = 60.0
_log = structlog.get_logger("lrs.workers")


class Workers:
    """So many processes that each do ``work``.

    It is given one end of a pipe to the first one, which reads as ended once that one is gone, and
    its place among them: whoever takes over from another has that one's.
    """

    def __init__(self, number: int, work: Callable[[int, int], int]) -> None:
        self._work = work
        self._follows, self._leads = os.pipe()
        self._running: dict[int, int] = {}
        """The place of each process."""
        self._replaced: deque[float] = deque(maxlen=_MOST)
        self._stopping = threading.Event()
        for place in range(number):
            self._begin(place)

    def stop(self) -> None:
        """Tell all to finish; may be called from a signal or another thread."""
        self._stopping.set()
        for worker in tuple(self._running):
            os.kill(worker, signal.SIGTERM)

    def watch(self) -> int:
        """Replace those that end until told to stop; return the exit status once all have ended."""
        status = 0
        while self._running:
            worker, ended = os.wait()
            place = self._running.pop(worker)
            if self._stopping.is_set():
                continue
            if self._may_replace():
                _log.warning("worker_replaced", ended=_how(ended), worker=worker)
                self._begin(place)
            else:
                status = 1
                _log.error("workers_keep_failing", ended=_how(ended), within_s=_WITHIN_S)
                self.stop()
        os.close(self._leads)
        os.close(self._follows)
        return status

    def _may_replace(self) -> bool:
        now = time.monotonic()
        if len(self._replaced) == _MOST and now - self._replaced[0] < _WITHIN_S:
            return False
        self._replaced.append(now)
        return True

    def _begin(self, place: int) -> None:
        # A signal that came to the new process before its own handlers are there would be lost.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        try:
            worker = os.fork()
            if not worker:
                self._be_worker(place)
            self._running[worker] = place
            if self._stopping.is_set():  # told in between, by another thread
                os.kill(worker, signal.SIGTERM)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)

    def _be_worker(self, place: int) -> NoReturn:
        status = 1
        try:
            for number in STOPPING:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
            # So that the pipe closes when the first process ends, however it ends.
            os.close(self._leads)
            status = self._work(self._follows, place)
        except Exception as exc:  # nobody is above this process who could be told otherwise
            _log.error("worker_failed", **fault_fields(exc))
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)


def _how(ended: int) -> str:
    code = os.waitstatus_to_exitcode(ended)
    return f"status {code}" if code >= 0 else signal.Signals(-code).name
