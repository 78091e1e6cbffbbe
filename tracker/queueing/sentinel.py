"""Where the primary is, as the Sentinels say: they are asked twice a second, and the one who knows most is believed."""

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import redis

ASK_SECONDS: Final = 0.5
"""How long an answer counts: so long a primary that was replaced may go on taking hits, which are lost."""
SENTINEL_SECONDS: Final = 0.5
"""What one Sentinel may take to connect, and to answer."""
_PASSED_OVER_SECONDS: Final = 10.0
"""For so long one that did not answer is not asked again, unless none is left."""

ServerAddress = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SentinelView:
    """What one Sentinel says: where the primary is, and what keeps it from replacing it (`problem`)."""

    name: str
    primary: ServerAddress | None
    problem: str | None


class Primary:
    """The primary of a service. Thread-safe, and safe to fork: the clients connect anew in a child."""

    def __init__(self, service: str, sentinels: Sequence[redis.Redis]) -> None:
        self.service, self.sentinels = service, sentinels
        self._passed_over = [-math.inf] * len(sentinels)
        self._known: ServerAddress | None = None
        self._asked_at = -math.inf
        self._lock = threading.Lock()
        self.moved_at = -math.inf
        """When it was seen last that another server is the primary, by `time.monotonic`."""

    def address(self) -> ServerAddress:
        """Return where it is, from an answer that is at most `ASK_SECONDS` old; where none answers, the last one.

        Raises redis.ConnectionError where it has never been known.
        """
        known = self._known
        if known is not None and time.monotonic() - self._asked_at < ASK_SECONDS:
            return known
        # Whoever comes while another asks goes by what was known before.
        if not self._lock.acquire(blocking=known is None):
            assert known is not None
            return known
        try:
            if self._known is None or time.monotonic() - self._asked_at >= ASK_SECONDS:
                self._ask()
            assert self._known is not None
            return self._known
        finally:
            self._lock.release()

    def ask_beside(self) -> None:
        """Ask in a thread, unless that was done a moment ago; for who must not wait."""
        if time.monotonic() - self._asked_at >= ASK_SECONDS and not self._lock.locked():
            threading.Thread(target=self._ask_quietly, name="sentinels", daemon=True).start()

    def views(self) -> list["SentinelView"]:
        """Ask each of the Sentinels, for whoever wants to know how they are."""
        return [_view(sentinel, self.service) for sentinel in self.sentinels]

    def _ask_quietly(self) -> None:
        try:
            self.address()
        except redis.ConnectionError:
            # Whoever connects is told.
            return

    def _ask(self) -> None:
        """Ask all; of two answers the one of the later failover counts: a Sentinel may be cut off from the others."""
        answers = []
        reason = "none answers"
        for at, sentinel in self._in_turn():
            try:
                answers.append(_asked(sentinel, self.service))
            except (redis.ConnectionError, redis.TimeoutError) as error:
                self._passed_over[at] = time.monotonic()
                reason = str(error)
            except redis.ResponseError as error:
                reason = str(error)
        self._asked_at = time.monotonic()
        if answers:
            self._note(max(answers)[1])
        elif self._known is None:
            raise redis.ConnectionError(f"no Sentinel says where the primary of {self.service} is: {reason}")

    def _in_turn(self) -> list[tuple[int, redis.Redis]]:
        now = time.monotonic()
        all_of_them = list(enumerate(self.sentinels))
        return [each for each in all_of_them if now - self._passed_over[each[0]] > _PASSED_OVER_SECONDS] or all_of_them

    def _note(self, address: ServerAddress) -> None:
        if self._known not in (None, address):
            self.moved_at = time.monotonic()
        self._known = address


def _asked(sentinel: Any, service: str) -> tuple[int, ServerAddress]:  # noqa: ANN401 the client declares no types here
    """Return the number of the failover that a Sentinel knows of, and the address since then."""
    texts = [text.decode() for text in sentinel.execute_command("SENTINEL", "MASTER", service)]
    fields = dict(zip(texts[::2], texts[1::2], strict=True))
    return int(fields["config-epoch"]), (fields["ip"], int(fields["port"]))


def _view(sentinel: Any, service: str) -> SentinelView:  # noqa: ANN401 as above
    at = sentinel.connection_pool.connection_kwargs
    name = f"{at['host']}:{at['port']}"
    primary = None
    try:
        _, primary = _asked(sentinel, service)
        sentinel.execute_command("SENTINEL", "CKQUORUM", service)
    except redis.RedisError as error:
        return SentinelView(name=name, primary=primary, problem=str(error))
    return SentinelView(name=name, primary=primary, problem=None)
