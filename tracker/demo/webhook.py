"""The demo's webhook: registered before the first hit, its deliveries counted against what was stored."""

import base64
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from uuid import UUID

from tracker.application import Application
from tracker.clock import SystemClock
from tracker.demo import stack
from tracker.demo.webhook_sink import WebhookSink
from tracker.encryption import PREFIX, SecretBox
from tracker.management import webhooks
from tracker.management.webhook_rules import WebhookRules
from tracker.ssrf_guard.policy import Policy
from tracker.ssrf_guard.resolver import Resolver
from tracker.store.database import Database

HIT, SESSION = "tracking.created", "session.started"


@dataclass(frozen=True, slots=True)
class Notified:
    """What arrived at the webhook, each event counted once. `milliseconds` from a probe's sending to its arrival."""

    hits: int
    sessions: int
    repeated: int
    unsigned: int
    milliseconds: Sequence[float]

    @property
    def median(self) -> float:
        return statistics.median(self.milliseconds)


def register(running: stack.Stack, database: Database, application: Application, sink: WebhookSink) -> None:
    """Have the application's hits and the beginnings of its sessions told to the sink."""
    policy = Policy(allow_http=True, networks=(ip_network(stack.WEBHOOK_NETWORK),))
    clock = SystemClock()
    rules = WebhookRules(policy, Resolver(policy, clock), SecretBox(running.secret_key))
    made = webhooks.create(database, rules, application.app_id, url=sink.url, events=[HIT, SESSION], now=clock.now())
    sink.secret = base64.b64decode(made.secret.removeprefix(PREFIX))


def wait_until_notified(sink: WebhookSink, check: Callable[[], None], *, events: int, seconds: float) -> None:
    """Wait until so many events have arrived, or the time is over. `check` raises where a process has ended."""
    deadline = time.monotonic() + seconds
    while len(sink.arrivals) < events and time.monotonic() < deadline:
        check()
        time.sleep(0.05)


def notified(sink: WebhookSink, probes: Sequence[tuple[UUID, float]]) -> Notified:
    """Return what has arrived. `probes` are hits that were sent one by one, each with the (monotonic) time of it."""
    arrivals = [(sink.arrivals.get(f"hit_{tracking_id.hex}"), begun) for tracking_id, begun in probes]
    waits = [(arrived - begun) * 1000 for arrived, begun in arrivals if arrived is not None]
    return Notified(sink.types[HIT], sink.types[SESSION], sink.repeated, sink.unsigned, waits or [0.0])
