"""What all clients of webhooks share: rules, resolver, trusted authorities and deadlines."""

import ssl
import threading
from collections.abc import Callable
from functools import cached_property

import certifi

from tracker.clock import Clock
from tracker.ssrf_guard.policy import Policy
from tracker.ssrf_guard.resolver import Resolver
from tracker.webhooks.deadlines import Deadlines, Limited

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
WHOLE_SECONDS = 15.0


def trusted() -> ssl.SSLContext:
    """Return who is believed: the machine's authorities and those that certifi carries."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


class ClientSettings:
    """The rules, the resolver, the trusted authorities and the deadlines. Thread-safe."""

    def __init__(
        self,
        policy: Policy,
        resolver: Resolver,
        *,
        clock: Clock,
        tls: Callable[[], ssl.SSLContext] = trusted,
        read_seconds: float = READ_SECONDS,
        whole_seconds: float = WHOLE_SECONDS,
    ) -> None:
        self.policy = policy
        self.resolver = resolver
        self._make_tls = tls
        self.timeouts = (CONNECT_SECONDS, read_seconds)
        self.clock = clock
        self.deadlines = Deadlines(clock, seconds=whole_seconds)
        self.in_flight = _InFlight()

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """Made when the first endpoint is used: reading all the authorities takes a while."""
        return self._make_tls()


class _InFlight(threading.local):
    """What the thread that asks is just delivering."""

    limited: Limited
