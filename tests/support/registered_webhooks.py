"""Webhooks in the table, and the deliveries that are written for them, for tests that send nothing."""

from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import orjson
import pytest

from tests.support.queued_hits import rows
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.config import Settings
from tracker.encryption import SecretBox, new_secret
from tracker.errors import Refused
from tracker.management.webhook_rules import WebhookRules
from tracker.store import webhooks
from tracker.store.database import Database

SECRET_KEY = "secret key of the tests"
URL = "https://127.0.0.1:9443/hook?key=in-the-query"
"""What `local_rules` accept."""


def register(
    database: Database, application: Application, *events: str, url: str = "https://hooks.example.com/tracker"
) -> UUID:
    """An active webhook with a secret of its own; whether its URL leads anywhere is not looked at."""
    with database.transaction() as tx:
        return webhooks.insert(
            tx,
            application.id,
            url=url,
            events=events,
            encrypted_secret=SecretBox(SECRET_KEY).encrypt(new_secret()),
            now=datetime.now(UTC),
        )


def write_failed(
    database: Database, webhook_id: UUID, *, event: str = "session.started", error: str | None = None, value: str = ""
) -> int:
    """Write a delivery that has failed for good after one attempt, which nobody sends; return its id."""
    body = orjson.dumps({"type": event, "timestamp": datetime.now(UTC), "data": {"url": value}}).decode()
    status = None if error else 500
    with database.transaction() as tx:
        [delivery_id] = tx.execute(
            b"INSERT INTO webhook_deliveries (webhook_id, event_id, event_type, payload, state, attempt, due_at, "
            b"last_status, last_error, created_at, finished_at) "
            b"VALUES (%s, 'event_' || gen_random_uuid(), %s, %s, 'failed', 1, now(), %s, %s, now(), now()) "
            b"RETURNING id",
            (webhook_id, event, body, status, error or "It answered 500."),
        ).fetchone() or (0,)
        tx.execute(
            b"INSERT INTO webhook_attempts (delivery_id, attempt, attempted_at, status, error, duration_ms) "
            b"VALUES (%s, 1, now(), %s, %s, 120)",
            (delivery_id, status, error or "It answered 500."),
        )
    return int(delivery_id)


def deliveries(database: Database, webhook_id: UUID) -> list[dict[str, Any]]:
    """What is written for a webhook, in the order of writing: `event_id`, `type` and `data`, and the whole `body`."""
    written = rows(
        database,
        "SELECT event_id, event_type, payload FROM webhook_deliveries WHERE webhook_id = %s ORDER BY id",
        webhook_id,
    )
    made = []
    for event_id, event_type, payload in written:
        body = orjson.loads(payload)
        assert list(body) == ["type", "timestamp", "data"]
        assert body["type"] == event_type
        made.append({"event_id": event_id, "type": event_type, "data": body["data"], "body": body})
    return made


def types(database: Database, webhook_id: UUID) -> list[str]:
    return [delivery["type"] for delivery in deliveries(database, webhook_id)]


def local_rules(settings: Settings) -> WebhookRules:
    """The rules of an installation that lets webhooks go to this machine."""
    allowed = replace(settings, webhook_allowed_networks=(ip_network("127.0.0.0/8"),))
    return WebhookRules.of(allowed, SystemClock())


def audited(database: Database) -> list[tuple[Any, ...]]:
    return rows(
        database, "SELECT action, subject, before, after FROM audit_log WHERE action LIKE 'webhook%%' ORDER BY id"
    )


def refused(code: str, status: int, field: str | None = None) -> Any:
    def matches(error: Refused) -> bool:
        return (error.code, error.status) == (code, status) and (field is None or field in error.details)

    return pytest.raises(Refused, check=matches)
