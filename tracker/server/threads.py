"""Threads for what may wait: so many and no more, and so much that waits for them."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Threads:
    """A bounded pool whose results come back to the loop. To be used on the loop only."""

    def __init__(self, loop: asyncio.AbstractEventLoop, name: str, count: int, *, max_waiting: int) -> None:
        self._loop = loop
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=name)
        self._places = count + max_waiting
        self._taken = 0
        self._is_closed = False

    def run(self, work: Callable[[], T], done: Callable[[Callable[[], T]], None]) -> bool:
        """Do `work` in a thread, then call `done` on the loop with what returns its result or raises its error.

        False where too much waits already: nothing is done then.
        """
        if self._taken >= self._places:
            return False
        self._taken += 1
        try:
            self._pool.submit(self._work, work, done)
        except RuntimeError:
            if self._is_closed:
                raise
            # No thread is to be had now: the work waits in the pool for one of its threads, or the next to be made.
        return True

    def close(self) -> None:
        """Take no more work. What is being done goes on in its thread."""
        self._is_closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _work(self, work: Callable[[], T], done: Callable[[Callable[[], T]], None]) -> None:
        result = _outcome(work)
        try:
            self._loop.call_soon_threadsafe(self._done, done, result)
        except RuntimeError:
            return  # The loop has ended, and with it everybody who waited for this.

    def _done(self, done: Callable[[Callable[[], T]], None], result: Callable[[], T]) -> None:
        self._taken -= 1
        done(result)


def _outcome(work: Callable[[], T]) -> Callable[[], T]:
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 whatever it is, it is raised again on the loop
        raised = error

        def fail() -> T:
            raise raised

        return fail
    return lambda: result
