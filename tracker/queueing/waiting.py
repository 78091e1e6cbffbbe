"""A client that waits for Redis instead of failing: for the worker processes, whose only work is behind it."""

import threading
import time
from collections.abc import Callable
from typing import Any, Self, TypeVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tracker.log import logger
from tracker.queueing.failures import IN_TROUBLE, code_of, sentence

_PAUSE_SECONDS = 1.0

_log = logger(__name__)
_Result = TypeVar("_Result")


class WaitingRetry(Retry):
    """Tries again every second for as long as Redis is unavailable, one log line for each reason.

    RQ's worker ends at the first reply that it does not expect, with a traceback, and the pool starts the next one a
    second later. `stopping` is asked before each pause: who must not wait gets the error.
    """

    def __init__(self) -> None:
        super().__init__(NoBackoff(), -1, supported_errors=(redis.RedisError,))
        self.stopping: Callable[[], bool] = lambda: False
        self._reason: str | None = None
        self._calls = threading.local()

    def __deepcopy__(self, memo: object) -> Self:
        """Share what is known: the client makes a copy for each connection."""
        return self

    def call_with_retry(
        self,
        do: Callable[[], _Result],
        fail: Callable[..., Any],
        is_retryable: Callable[[Exception], bool] | None = None,
        with_failure_count: bool = False,  # noqa: FBT001, FBT002 the signature is the client's
    ) -> _Result:
        """Return what `do` returns, however long Redis makes it wait."""
        outermost = not getattr(self._calls, "running", False)
        self._calls.running = True
        failures = 0
        try:
            while True:
                try:
                    result = do()
                except redis.RedisError as error:
                    if not _is_passing(error) or (is_retryable and not is_retryable(error)):
                        raise
                    failures += 1
                    fail(*((error, failures) if with_failure_count else (error,)))
                    # A connection that the server closed some time ago, or that leads to a server which has been
                    # replaced, is opened once more before this is an outage.
                    if failures > 1 or not isinstance(error, redis.ConnectionError):
                        if self.stopping():
                            raise
                        self._report(sentence(error))
                        time.sleep(_PAUSE_SECONDS)
                else:
                    if outermost:
                        self._report(None)
                    return result
        finally:
            if outermost:
                self._calls.running = False

    def _report(self, reason: str | None) -> None:
        # RQ's thread that listens for commands has connections of its own, and says nothing.
        if reason == self._reason or threading.current_thread() is not threading.main_thread():
            return
        self._reason = reason
        if reason is None:
            _log.info("worker reaches redis again")
        else:
            _log.warning("worker waits for redis", reason=reason)


def _is_passing(error: redis.RedisError) -> bool:
    """Return whether the same command may succeed later. RQ bears that it must not ask about its own connection."""
    if isinstance(error, redis.ConnectionError | redis.TimeoutError):
        return True
    return code_of(error) in IN_TROUBLE and "'client|" not in str(error)
