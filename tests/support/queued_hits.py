"""Hits in the queue, and a drain of them, for tests of the workers."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from tracker.application import Application, ParameterDefinition, ParameterType
from tracker.clock import SystemClock
from tracker.hit import Hit
from tracker.ingest.drain import Drain
from tracker.ingest.drain_result import Drained
from tracker.queueing.connection import Connection
from tracker.queueing.consumer import Consumer
from tracker.queueing.entry import FIELDS, Entry, stream_of
from tracker.store import custom_parameter_definitions
from tracker.store.database import Database

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
"""Today, so that the hit's month has its partition."""

_names = iter(range(1_000_000))


def hit_of(application: Application, number: int = 1, **columns: Any) -> Hit:
    """The `number`-th hit of an application, a page view; a second later than the one before."""
    given = {
        "id": number,
        "created_at": NOON + timedelta(seconds=number),
        "application_id": application.id,
        "app_id": application.app_id,
        "url": f"https://shop.example/{number}",
    }
    return Hit(**{**given, **columns})


def entry_of(hit: Hit, **columns: Any) -> Entry:
    """The entry that carries a hit, as the receiver makes it."""
    given = {
        "id": hit.tracking_id,
        "tracking_data": hit.encode(),
        "created_at": hit.created_at,
        "updated_at": hit.created_at,
    }
    return Entry(**{**given, **columns})


def enqueue(redis: Connection, hits: Iterable[Hit | Entry]) -> None:
    """Put hits into the streams that all applications share, in their order, however many they are."""
    with redis.pipeline(transaction=False) as pipeline:
        for hit in hits:
            entry = entry_of(hit) if isinstance(hit, Hit) else hit
            pipeline.xadd(stream_of(entry.priority), dict(zip(FIELDS, entry.to_fields(), strict=True)))
        pipeline.execute()


def claims_of(redis: Connection, *, batch_size: int = 100) -> Consumer:
    return Consumer(redis, consumer=f"test-{next(_names)}", batch_size=batch_size, clock=SystemClock())


def drain(redis: Connection, database: Database, *, batch_size: int = 100, seconds: float = 20) -> Drained:
    """One drain, without a pause after an outage."""
    claims = claims_of(redis, batch_size=batch_size)
    drained = Drain(claims, database, SystemClock(), seconds=seconds, sleep=lambda _: None).run()
    claims.close()
    return drained


def rows(database: Database, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    with database.transaction() as tx:
        return tx.execute(query.encode(), parameters or None).fetchall()


def define(database: Database, application: Application, key: str, kind: ParameterType, **columns: Any) -> None:
    """Write a definition as it stands in the table, broken ones too."""
    definition = ParameterDefinition(
        application_id=application.id, parameter_key=key, parameter_name=key, parameter_type=kind, **columns
    )
    with database.transaction() as tx:
        custom_parameter_definitions.upsert(tx, application.id, [definition])


def set_mode(database: Database, application: Application, mode: str) -> None:
    """Set `custom_params_mode`."""
    with database.transaction() as tx:
        tx.execute(
            "INSERT INTO application_settings (application_id, setting_key, setting_value) VALUES (%s, %s, %s)",
            (application.id, "custom_params_mode", mode),
        )
