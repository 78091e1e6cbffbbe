"""Webhooks with deliveries as tests want them, and senders to send them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import ip_network
from itertools import count
from typing import Any
from uuid import UUID

from tests.support.queued_hits import rows
from tracker.application import Application
from tracker.clock import Clock, SystemClock
from tracker.encryption import SecretBox, new_secret
from tracker.ssrf_guard.policy import Policy
from tracker.ssrf_guard.resolver import Resolver
from tracker.store import webhook_deliveries, webhooks
from tracker.store.database import Database
from tracker.store.webhook_deliveries import NewDelivery
from tracker.webhooks.attempt import Attempts
from tracker.webhooks.client_settings import ClientSettings
from tracker.webhooks.concurrency import MAX_CONCURRENCY
from tracker.webhooks.http_client import WebhookClient
from tracker.webhooks.recording import DisableAfter
from tracker.webhooks.sender import WebhookSender

KEY = "secret key of the tests"
LOOPBACK = Policy(allow_http=True, networks=(ip_network("127.0.0.0/8"),))
SECRET_BOX = SecretBox(KEY)

_numbers = count(1)


def register(
    database: Database, application: Application, url: str, now: datetime, *, events: tuple[str, ...] = ("*",)
) -> tuple[UUID, str]:
    """A webhook at `url` and its secret."""
    secret = new_secret()
    with database.transaction() as tx:
        webhook_id = webhooks.insert(
            tx, application.id, url=url, events=list(events), encrypted_secret=SECRET_BOX.encrypt(secret), now=now
        )
    return webhook_id, secret


def owe(database: Database, webhook_id: UUID, now: datetime, number: int = 1) -> list[str]:
    """So many deliveries, due now; their ids."""
    ids = [f"hit_{next(_numbers)}" for _ in range(number)]
    owed = [
        NewDelivery(
            webhook_ids=(webhook_id,),
            event_id=event_id,
            event_type="tracking.created",
            payload=f'{{"type":"tracking.created","timestamp":"2026-11-23T00:00:00Z","data":{{"n":"{event_id} é"}}}}',
        )
        for event_id in ids
    ]
    with database.transaction() as tx:
        webhook_deliveries.add(tx, owed, now)
    return ids


def sender_of(
    database: Database,
    clock: Clock | None = None,
    *,
    owner: str = "one",
    key: str = KEY,
    threads: int = 32,
    policy: Policy = LOOPBACK,
    attempts: Callable[[Attempts], Any] = lambda attempts: attempts,
    **seconds: float,
) -> WebhookSender:
    """A sender whose sockets have the machine's own time, whatever `clock` says."""
    settings = ClientSettings(policy, Resolver(policy, SystemClock()), clock=SystemClock(), **seconds)  # type: ignore[arg-type]
    clock = clock or SystemClock()
    return WebhookSender(
        database,
        clock,
        attempts(Attempts(SecretBox(key), clock)),
        lambda: WebhookClient(settings, connections=MAX_CONCURRENCY),
        owner=owner,
        disable_after=DisableAfter(timedelta(days=5), 10),
        threads=threads,
        chance=lambda: 0.5,
    )


def states(database: Database) -> dict[str, int]:
    """How many deliveries there are of each state."""
    return dict(rows(database, "SELECT state, count(*) FROM webhook_deliveries GROUP BY state"))


def webhook(database: Database, webhook_id: UUID, *columns: str) -> tuple[Any, ...]:
    [row] = rows(database, f"SELECT {', '.join(columns)} FROM webhooks WHERE id = %s", webhook_id)
    return row
