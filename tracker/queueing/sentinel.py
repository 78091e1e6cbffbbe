"""Where the primary is, as the Sentinels say: they are asked twice a second, and the one who knows most is believed."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import redis

from tracker.queueing.followed import Inquiry, ServerAddress, answers_of


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
        self._passed_over: dict[int, float] = {}
        self._known: ServerAddress | None = None
        self.moved_at = -math.inf
        self.inquiry = Inquiry(
            self._ask,
            lambda: self._known is not None,
            unknown=f"no Sentinel says where the primary of {service} is",
            thread="sentinels",
        )

    def address(self) -> ServerAddress:
        self.inquiry.when_due()
        assert self._known is not None
        return self._known

    def views(self) -> list["SentinelView"]:
        """Ask each of the Sentinels, for whoever wants to know how they are."""
        return [_view(sentinel, self.service) for sentinel in self.sentinels]

    def _ask(self) -> str | None:
        """Ask all; of two answers the one of the later failover counts: a Sentinel may be cut off from the others."""
        answers, reason = answers_of(
            dict(enumerate(self.sentinels)), self._passed_over, lambda sentinel: _asked(sentinel, self.service)
        )
        if answers:
            self._note(max(answers)[1])
        return reason

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
