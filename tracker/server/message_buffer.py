"""Messages between the loop, which receives them, and the thread that takes them: so many and no more."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

MAX_WAITING: Final = 20_000
MAX_WAITING_BYTES: Final = 64 * 1024 * 1024
_LINGER_SECONDS: Final = 0.1
"""How long the taker waits for more to come, so that a busy second makes few batches."""


class MessageBuffer:
    """Thread-safe. What comes while it is full is refused: who can wait is told so by `is_full`."""

    def __init__(self, on_room: Callable[[], object] = lambda: None) -> None:
        self.dropped = 0
        self.on_room = on_room
        """Called by the taker, once there is room again."""
        self._messages: deque[bytes] = deque()
        self._bytes = 0
        self._is_closed = False
        self._changed = threading.Condition()

    @property
    def is_full(self) -> bool:
        """Return whether a further message would be too many."""
        return len(self._messages) >= MAX_WAITING or self._bytes >= MAX_WAITING_BYTES

    def offer(self, message: bytes) -> None:
        """Keep a message, or count it as dropped."""
        with self._changed:
            if self.is_full or self._is_closed:
                self.dropped += 1
            else:
                self._put(message)

    def add(self, messages: Sequence[bytes]) -> None:
        """Keep messages that were received already, from somebody who is then told to wait."""
        with self._changed:
            for message in messages:
                self._put(message)

    def take(self, limit: int, *, seconds: float) -> list[bytes] | None:
        """Take up to `limit` messages, waiting `seconds` for the first; None once it is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._messages or self._is_closed, seconds)
            if not self._messages:
                return None if self._is_closed else []
            end = time.monotonic() + _LINGER_SECONDS
            self._changed.wait_for(lambda: len(self._messages) >= limit or self._is_closed, end - time.monotonic())
            was_full = self.is_full
            taken = [self._messages.popleft() for _ in range(min(limit, len(self._messages)))]
            self._bytes -= sum(map(len, taken))
            has_room = was_full and not self.is_full
        if has_room:
            self.on_room()
        return taken

    def close(self) -> None:
        """Take no more; what is there can still be taken."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _put(self, message: bytes) -> None:
        self._messages.append(message)
        self._bytes += len(message)
        self._changed.notify_all()
