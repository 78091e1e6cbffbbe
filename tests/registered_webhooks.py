"""Webhooks in the table, and the deliveries that are written for them, for tests that send nothing."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from tests.queued_hits import rows
from tracker.application import Application
from tracker.sealing import Sealer, new_secret
from tracker.store import webhooks
from tracker.store.database import Database

SECRET_KEY = "secret key of the tests"


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
            sealed_secret=Sealer(SECRET_KEY).seal(new_secret()),
            now=datetime.now(UTC),
        )


def deliveries(database: Database, webhook_id: UUID) -> list[dict[str, Any]]:
    """What is written for a webhook, in the order of writing: `event_id`, `type` and `data`, and the whole `body`."""
    found = rows(
        database,
        "SELECT event_id, event_type, payload FROM webhook_deliveries WHERE webhook_id = %s ORDER BY id",
        webhook_id,
    )
    made = []
    for event_id, event_type, payload in found:
        body = orjson.loads(payload)
        assert list(body) == ["type", "timestamp", "data"]
        assert body["type"] == event_type
        made.append({"event_id": event_id, "type": event_type, "data": body["data"], "body": body})
    return made


def types(database: Database, webhook_id: UUID) -> list[str]:
    return [each["type"] for each in deliveries(database, webhook_id)]
