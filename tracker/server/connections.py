"""All connections of a process: deadlines, how many there are, how much they keep in memory."""

import asyncio
import contextlib
import heapq
import time
from email.utils import formatdate
from typing import Final, Protocol

from tracker.server.limits import Limits

_SWEEP_SECONDS: Final = 0.5
_SHARE_TO_CLOSE: Final = 50
"""A fiftieth of what waits is closed at a time where room is needed, so that looking for it is seldom."""


class OpenConnection(Protocol):
    """What is asked of a connection."""

    deadline: float
    """When `on_deadline` is due, by the loop's clock."""
    waits_since: float | None
    """Since when it waits for its client; None while the client waits for its answer."""

    @property
    def holds_body(self) -> bool:
        """Return whether it keeps a body that is not whole."""

    def on_deadline(self) -> None: ...

    def end(self) -> None: ...

    def abort(self) -> None: ...


class Connections:
    """The connections that are open. To be used on the loop only."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limits: Limits) -> None:
        self.limits = limits
        self.is_ending = False
        self.buffered = 0
        """Bytes of bodies that are not whole yet."""
        self.date = formatdate(usegmt=True)
        self._loop = loop
        self._open: dict[OpenConnection, None] = {}
        """In the order they came: the loop's clock has whole milliseconds, and a crowd comes in one of them."""
        self._all_closed = asyncio.Event()
        self._sweep()

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: OpenConnection) -> None:
        if len(self._open) >= self.limits.max_connections:
            self._make_room()
        self._open[connection] = None

    def remove(self, connection: OpenConnection) -> None:
        self._open.pop(connection, None)
        if self.is_ending and not self._open:
            self._all_closed.set()

    def buffer(self, size: int) -> None:
        """Count bytes that are kept, or with a negative `size` are not any more; too many make the slowest leave."""
        self.buffered += size
        if self.buffered > self.limits.max_buffered:
            self._make_room(only_with_bodies=True)

    async def end(self) -> None:
        """Close what waits for a request; finish what is being received or answered, for `shutdown_seconds`."""
        self.is_ending = True
        for connection in list(self._open):
            connection.end()
        if self._open:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._all_closed.wait(), self.limits.shutdown_seconds)
        for connection in list(self._open):
            connection.abort()

    def _make_room(self, *, only_with_bodies: bool = False) -> None:
        """Close the connections that have kept a request waiting for longest. Whoever is being answered stays."""
        waiting = [
            connection
            for connection in self._open
            if connection.waits_since is not None and (connection.holds_body or not only_with_bodies)
        ]
        oldest = heapq.nsmallest(
            1 + len(waiting) // _SHARE_TO_CLOSE, waiting, key=lambda connection: connection.waits_since or 0.0
        )
        for connection in oldest:
            connection.abort()

    def _sweep(self) -> None:
        self._loop.call_later(_SWEEP_SECONDS, self._sweep)
        self.date = formatdate(time.time(), usegmt=True)
        now = self._loop.time()
        for connection in [connection for connection in self._open if connection.deadline < now]:
            connection.on_deadline()
