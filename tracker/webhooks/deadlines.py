"""A limit for the whole of a delivery: at its end the socket is shut under whoever reads from it.

The timeouts of sockets begin anew with every byte, so that an endpoint that drips could hold a thread for hours.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tracker.clock import Clock


class Limited:
    """One delivery under a limit. `sock` is what it reads from, as soon as there is one."""

    def __init__(self, until: float) -> None:
        self.until = until
        self.expired = False
        self._sock: socket.socket | None = None
        self._lock = threading.Lock()

    def reads_from(self, sock: socket.socket) -> None:
        """Shut this one when the time is over; at once where it is over."""
        with self._lock:
            self._sock = sock
            if self.expired:
                _shut(sock)

    def expire(self) -> None:
        with self._lock:
            self.expired = True
            if self._sock is not None:
                _shut(self._sock)


class Deadlines:
    """Deliveries under way, all with the same limit, so that the first to begin is the first to be over."""

    def __init__(self, clock: Clock, *, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._running: dict[Limited, None] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @contextmanager
    def limit(self) -> Iterator[Limited]:
        """Limit what happens in the block, from now."""
        with self._changed:
            if self._thread is None:
                thread = threading.Thread(target=self._enforce, name="webhook deadlines", daemon=True)
                thread.start()  # Where no thread is to be had, nothing has begun, and the next delivery tries again.
                self._thread = thread
            limited = Limited(self._clock.monotonic() + self._seconds)
            self._running[limited] = None
            if len(self._running) == 1:
                self._changed.notify()
        try:
            yield limited
        finally:
            with self._changed:
                self._running.pop(limited, None)

    def _enforce(self) -> None:
        while True:
            with self._changed:
                first = next(iter(self._running), None)
                left = None if first is None else first.until - self._clock.monotonic()
                if first is None or (left is not None and left > 0):
                    self._changed.wait(left)
                    continue
                del self._running[first]
            first.expire()


def _shut(sock: socket.socket) -> None:
    # Below TLS: nobody is told goodbye, and the object that another thread reads from stays whole.
    with suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
