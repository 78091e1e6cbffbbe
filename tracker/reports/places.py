"""Places of questions that are asked at the same time, and one question that wants them all."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_KEPT_OUT_SECONDS: Final = 2.5
"""How long one that waits for all places keeps out who comes after it."""


class QuestionPlaces:
    """So many of them. Thread-safe."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._taken = 0
        self._changed = threading.Condition()
        self._wishes: list[object] = []
        """Those for all places, the oldest first, as long as they keep others out."""

    @contextmanager
    def one(self, seconds: float) -> Iterator[bool]:
        """Hold a place; False where none is free within so many seconds."""
        with self._changed:
            # Only those that were there before: each question is kept out for some seconds, however many wish.
            before = tuple(self._wishes)
            is_held = self._changed.wait_for(
                lambda: self._taken < self._count and not any(wish in self._wishes for wish in before), seconds
            )
            self._taken += is_held
        yield from self._held(int(is_held))

    def wish_for_all(self) -> object | None:
        """Return the wish of one that holds a place, to be given to `all`; None where it is asked with no other.

        One that wishes the same was asked beside it until just now.
        """
        with self._changed:
            if self._taken == 1 and not self._wishes:
                return None
            self._wishes.append(wish := object())
            return wish

    @contextmanager
    def all(self, wish: object, seconds: float) -> Iterator[bool]:
        """Hold all places; False where they are not free within so many seconds."""
        until = time.monotonic() + seconds
        with self._changed:
            try:
                is_held = self._changed.wait_for(
                    lambda: not self._taken and self._wishes[0] is wish, min(seconds, _KEPT_OUT_SECONDS)
                )
            finally:
                self._wishes.remove(wish)
                self._changed.notify_all()
            if not is_held:
                is_held = self._changed.wait_for(
                    lambda: not self._taken and not self._wishes, max(0.0, until - time.monotonic())
                )
            count = self._count if is_held else 0
            self._taken += count
        yield from self._held(count)

    def _held(self, count: int) -> Iterator[bool]:
        try:
            yield count > 0
        finally:
            with self._changed:
                self._taken -= count
                self._changed.notify_all()
