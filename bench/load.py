"""The load generator: one process, raw keep-alive sockets, epoll, requests made ready beforehand.

It has to be cheap, because it shares the machine with what it measures; `bench/rows/generator_ceiling.py` measures
how fast it is against a responder that does nothing. Only a 200 counts; any other answer makes the row fail.
"""

import gc
import select
import socket
import time
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from bench.errors import NotMeasured

_ANSWER_LIMIT_SECONDS = 15.0
_POLL_SECONDS = 0.001

Tick = Callable[[float, int], float | None]
"""Called with the seconds since the start and the number sent; a number it returns is the new rate (0 pauses)."""


@dataclass(slots=True)
class Outcome:
    """What one run brought: `answered` counts the 200s that came within `seconds`, `sent` everything sent."""

    seconds: float
    answered: int
    sent: int
    late_seconds: float
    """How far the sending fell behind an asked rate at worst, for want of a free connection."""
    latencies: "array[float]"
    generator_cpu_seconds: float = 0.0

    @property
    def per_second(self) -> float:
        return self.answered / self.seconds

    def latency(self, quantile: float) -> float:
        """Seconds from sending to the answer's arrival."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * quantile))] if ordered else 0.0


class Generator:
    """Runs of load on one server. Each run has connections of its own: a server closes those that idle for long."""

    def __init__(self, port: int, requests: Iterator[bytes], *, connections: int = 32, host: str = "127.0.0.1") -> None:
        self._address = host, port
        self._requests = requests
        self._connections = connections
        self._sockets: dict[int, socket.socket] = {}
        self._partial: dict[int, bytes] = {}

    def run(
        self, seconds: float, *, rate: float | None = None, tick: Tick | None = None, tick_seconds: float = 0.25
    ) -> Outcome:
        """Send for `seconds`, then wait for what is under way.

        Without a rate it is a closed loop: every connection sends as soon as it has its answer. With one it is an
        open loop: `rate` requests a second are due, whatever the answers do, and are sent as connections are free.
        Raises NotMeasured for any answer but 200.
        """
        gc_was_on = gc.isenabled()
        gc.disable()
        cpu = time.process_time()
        try:
            with self._connected() as poll:
                outcome = self._run(poll.poll, seconds, _Pace(rate, tick, tick_seconds, seconds))
        finally:
            if gc_was_on:
                gc.enable()
        outcome.generator_cpu_seconds = time.process_time() - cpu
        return outcome

    @contextmanager
    def _connected(self) -> Iterator[select.epoll]:
        with ExitStack() as stack:
            poll = stack.enter_context(select.epoll())
            self._sockets, self._partial = {}, {}
            for _ in range(self._connections):
                connection = stack.enter_context(socket.create_connection(self._address, timeout=10))
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.setblocking(False)
                self._sockets[connection.fileno()] = connection
                poll.register(connection.fileno(), select.EPOLLIN)
            yield poll

    def _run(self, poll: Callable[[float], list[tuple[int, int]]], seconds: float, pace: "_Pace") -> Outcome:
        clock, requests, sockets = time.perf_counter, self._requests, self._sockets
        idle = deque(sockets)
        sent_at: dict[int, float] = {}
        latencies = array("d")
        sent = answered = 0
        now = pace.begin
        end = now + seconds
        while now < end or sent_at:
            for _ in range(pace.room(now, len(idle), sent)):
                fd = idle.popleft()
                sockets[fd].send(next(requests))
                sent_at[fd] = now
                sent += 1
            for fd, _event in poll(_POLL_SECONDS):
                if self._answer_ended(fd):
                    now = clock()
                    began = sent_at.pop(fd)
                    idle.append(fd)
                    if now < end:
                        answered += 1
                        latencies.append(now - began)
            now = clock()
            if now > end + _ANSWER_LIMIT_SECONDS:
                raise NotMeasured(f"{len(sent_at)} requests had no answer {_ANSWER_LIMIT_SECONDS:.0f} s after the end")
        return Outcome(seconds, answered, sent, pace.late_seconds, latencies)

    def _answer_ended(self, fd: int) -> bool:
        """Read what has arrived; True where it ends an answer. Answers carry a Content-Length."""
        data = self._sockets[fd].recv(65536)
        if not data:
            raise NotMeasured("the server closed a connection")
        held = self._partial.pop(fd, None)
        if held is not None:
            data = held + data
        head_end = data.find(b"\r\n\r\n")
        if head_end >= 0:
            head = data[:head_end].lower()
            at = head.find(b"\r\ncontent-length:")
            if at < 0:
                raise NotMeasured(f"an answer without Content-Length: {data[:200]!r}")
            line_end = head.find(b"\r\n", at + 2)
            length = int(head[at + 17 : line_end if line_end >= 0 else head_end])
            if len(data) >= head_end + 4 + length:
                if not head.startswith(b"http/1.1 200") or b"\r\nx-tracker-error:" in head:
                    raise NotMeasured(f"an answer other than 200: {data[:600]!r}")
                return True
        self._partial[fd] = data
        return False


class _Pace:
    """How many requests may be sent now: all that have a connection, or as many as a rate makes due."""

    def __init__(self, rate: float | None, tick: Tick | None, tick_seconds: float, seconds: float) -> None:
        self.begin = time.perf_counter()
        self.late_seconds = 0.0
        self._end = self.begin + seconds
        self._rate = rate
        self._rate_from = self.begin
        self._sent_before = 0
        self._tick = tick
        self._tick_seconds = tick_seconds
        self._next_tick = self.begin + tick_seconds

    def room(self, now: float, idle: int, sent: int) -> int:
        if now >= self._end:
            return 0
        if self._tick and now >= self._next_tick:
            self._next_tick = now + self._tick_seconds
            new_rate = self._tick(now - self.begin, sent)
            if new_rate is not None:
                self._rate, self._rate_from, self._sent_before = new_rate, now, sent
        if not self._rate:
            return idle if self._rate is None else 0
        due = int((now - self._rate_from) * self._rate) - (sent - self._sent_before)
        if due > idle:
            self.late_seconds = max(self.late_seconds, (due - idle) / self._rate)
        return min(idle, due)
