"""Following a server that may be replaced: those who know where it is are asked twice a second."""

import math
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, Protocol, TypeVar

import redis

ASK_SECONDS: Final = 0.5
"""How long an answer counts: so long a primary that was replaced may go on taking hits, which are lost."""
KNOWING_SECONDS: Final = 0.5
"""What one of those that are asked may take to connect, and to answer."""
_PASSED_OVER_SECONDS: Final = 10.0
"""For so long one that did not answer is not asked again, unless none is left."""

ServerAddress = tuple[str, int]
_Who = TypeVar("_Who")
_Answer = TypeVar("_Answer")


class Followed(Protocol):
    """A server that may be replaced."""

    @property
    def moved_at(self) -> float:
        """Return when it was seen last that it is another one, by `time.monotonic`."""

    @property
    def inquiry(self) -> "Inquiry":
        """Return what asks where it is."""

    def address(self) -> ServerAddress:
        """Return where it is, from an answer that is at most `ASK_SECONDS` old; where none answers, the last one.

        Raises redis.ConnectionError where it has never been known.
        """


class Inquiry:
    """A question that is asked now and then, whoever needs the answer. Thread-safe, and safe to fork."""

    def __init__(
        self, ask: Callable[[], str | None], is_known: Callable[[], bool], *, unknown: str, thread: str
    ) -> None:
        """`ask` asks, notes the answer, and returns what keeps everybody from answering, where nobody does.

        `is_known` tells whether there has ever been an answer, `unknown` is what is wrong as long as there is none;
        `thread` names the thread that asks beside.
        """
        self._ask, self._is_known, self._unknown, self._thread = ask, is_known, unknown, thread
        self._asked_at = -math.inf
        self._lock = threading.Lock()

    def when_due(self) -> None:
        """Ask unless that was done a moment ago; whoever comes while another asks goes by what was known before.

        Raises redis.ConnectionError where there has never been an answer.
        """
        if self._is_known() and not self._is_due():
            return
        if not self._lock.acquire(blocking=not self._is_known()):
            return
        try:
            if not self._is_known() or self._is_due():
                reason = self._ask()
                self._asked_at = time.monotonic()
                if not self._is_known():
                    raise redis.ConnectionError(f"{self._unknown}: {reason}")
        finally:
            self._lock.release()

    def beside(self) -> None:
        """Ask in a thread, unless that was done a moment ago; for who must not wait."""
        if self._is_due() and not self._lock.locked():
            with suppress(RuntimeError):  # No thread is to be had just now: whoever comes next tries again.
                threading.Thread(target=self._quietly, name=self._thread, daemon=True).start()

    def doubt(self) -> None:
        """Hear that a server says it is not the right one: whoever needs one next asks anew."""
        self._asked_at = -math.inf

    def _is_due(self) -> bool:
        return time.monotonic() - self._asked_at >= ASK_SECONDS

    def _quietly(self) -> None:
        try:
            self.when_due()
        except redis.ConnectionError:
            # Whoever connects is told.
            return


def answers_of(
    clients: Mapping[_Who, redis.Redis],
    passed_over: dict[_Who, float],
    ask: Callable[[redis.Redis], _Answer],
) -> tuple[list[_Answer], str]:
    """Ask all but those that were silent of late; their answers, and why the last one gave none."""
    now = time.monotonic()
    answers, reason = [], "none answers"
    in_turn = [who for who in clients if now - passed_over.get(who, -math.inf) > _PASSED_OVER_SECONDS] or list(clients)
    for who in in_turn:
        try:
            answers.append(ask(clients[who]))
        except (redis.ConnectionError, redis.TimeoutError) as error:
            passed_over[who] = time.monotonic()
            reason = str(error)
        except redis.ResponseError as error:
            reason = str(error)
    return answers, reason
