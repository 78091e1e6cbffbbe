"""What the process of the scheduler holds."""

import os
import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from tracker.agreed_clock import AgreedClock
from tracker.clock import Clock, SystemClock
from tracker.config import Settings
from tracker.encryption import SecretBox
from tracker.facts.engine_process import ProcessConnection
from tracker.facts.write import Writer
from tracker.instance.check import InstanceCheck
from tracker.instruments import Untold
from tracker.maintenance.archive_months import Archive
from tracker.maintenance.drop_partitions import StatisticsHooks
from tracker.outbox.events import ledger_unbalanced, period_completed, session_ended
from tracker.outbox.publish import publish_all
from tracker.privacy.places import Places
from tracker.queueing.connection import Connection, connect
from tracker.reports.readers import Readers
from tracker.ssrf_guard.policy import policy_of
from tracker.ssrf_guard.resolver import Resolver
from tracker.stats import retire
from tracker.store import batch_jobs, leases
from tracker.store.database import Database, Transaction
from tracker.store.deletions import Deletions
from tracker.store.ledger import LedgerHour
from tracker.store.sessions import EndedSession
from tracker.store.statistics_periods import CompletedPeriod
from tracker.tracing import flush, tracing
from tracker.webhooks.attempt import Attempts
from tracker.webhooks.client_settings import ClientSettings
from tracker.webhooks.concurrency import MAX_CONCURRENCY
from tracker.webhooks.endpoint import EndpointClient
from tracker.webhooks.recording import DisableAfter
from tracker.webhooks.sender import WebhookSender
from tracker.wiring.clock import agreed_clock
from tracker.wiring.facts import facts_folder
from tracker.wiring.metrics import untold_metrics

_NAME = "tracker-scheduler"
_TURNS = 15
"""Connections for turns; each takes one at a time."""
_LEASE_PATIENCE = 3.0
"""Seconds to wait for an answer about the lease; a renewal that takes longer is tried again."""
_CLOCK_PATIENCE = 2.0
"""Seconds to wait for PostgreSQL's time."""

STATISTICS = StatisticsHooks(is_final=retire.is_final, note_removal=retire.note_removal, retire=retire.retire)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduler:
    """The connections of the process, and what its turns need beside them."""

    settings: Settings
    redis: Connection
    database: Database
    lease_database: Database
    clock_database: Database
    clock: AgreedClock
    deletions: Deletions
    owner: str
    instance: InstanceCheck
    sender: WebhookSender
    untold: Untold
    facts: Writer
    readers: Readers
    archive: Archive
    said_of_months: set[str] = field(default_factory=set)
    """What was logged of months and is so still."""
    statistics: StatisticsHooks = STATISTICS
    note_removal: Callable[[Transaction, datetime, UUID | None], None] = retire.note_removal

    def publish_sessions(self, tx: Transaction, ended: Sequence[EndedSession]) -> None:
        """Note for webhooks which sessions have ended."""
        events = [(session.application_id, session_ended(session)) for session in ended]
        publish_all(tx, events, self.clock.now())

    def publish_periods(self, tx: Transaction, periods: Sequence[CompletedPeriod]) -> None:
        """Note for webhooks which hours and days are complete."""
        events = [(period.application_id, period_completed(period)) for period in periods]
        publish_all(tx, events, self.clock.now())

    def publish_unbalanced(self, tx: Transaction, hours: Sequence[LedgerHour]) -> None:
        """Note for webhooks which hours of the ledger do not balance."""
        now = self.clock.now()
        publish_all(tx, [(hour.application_id, ledger_unbalanced(hour, now)) for hour in hours], now)

    def note_failure(self, job: str, started_at: datetime, reason: str) -> None:
        """Add a row to `batch_jobs` for a run that failed. Raises DatabaseUnavailable."""
        with self.database.transaction() as tx:
            batch_jobs.add_failure(tx, job, reason=reason, started_at=started_at, completed_at=self.clock.now())

    def leader(self) -> str | None:
        """Return which scheduler works now, if any. Raises DatabaseUnavailable."""
        with self.lease_database.transaction() as tx:
            return leases.holder(tx, leases.SCHEDULER)

    def close(self) -> None:
        self.sender.close()
        flush()
        self.readers.close()
        self.lease_database.close()
        self.clock_database.close()
        self.database.close()
        self.redis.close()


def webhook_sender(settings: Settings, database: Database, clock: Clock, *, owner: str) -> WebhookSender:
    """Return the sender of webhooks, with the rules of these settings."""
    policy = policy_of(settings)
    client_settings = ClientSettings(policy, Resolver(policy, clock), clock=clock)
    spans = tracing(settings.otlp_endpoint, "tracker-scheduler") if settings.otlp_endpoint else None

    def client() -> EndpointClient:
        # Loaded with the first delivery: requests and urllib3 take 7 MB, and many installations send no webhooks.
        from tracker.webhooks.http_client import WebhookClient  # noqa: PLC0415

        return WebhookClient(client_settings, connections=MAX_CONCURRENCY)

    return WebhookSender(
        database,
        clock,
        Attempts(SecretBox(settings.secret_key), clock, spans),
        client,
        owner=owner,
        disable_after=DisableAfter(timedelta(days=settings.webhook_disable_days), settings.webhook_disable_attempts),
    )


def scheduler(settings: Settings) -> Scheduler:
    """Return what the scheduler's process holds. Nothing connects before it is used."""
    owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    database = Database(settings.database_url, name=_NAME, connections=_TURNS)
    redis = connect(settings.redis_url, name=_NAME)
    # Of its own, since turns wait for the time: it is not to take as long as a statement of theirs may.
    clock_database = Database(
        settings.database_url,
        name=f"{_NAME}-clock",
        connections=1,
        wait=2,
        patience=_CLOCK_PATIENCE,
        cancellation=0,
    )
    clock = agreed_clock(clock_database, redis)
    facts = Writer(database, facts_folder(settings, database), clock, Places(settings.geoip_file))
    return Scheduler(
        settings=settings,
        redis=redis,
        database=database,
        lease_database=Database(
            settings.database_url,
            name=f"{_NAME}-lease",
            connections=1,
            wait=2,
            patience=_LEASE_PATIENCE,
            cancellation=0,
        ),
        clock_database=clock_database,
        clock=clock,
        # By the machine's own time: where that is wrong, nothing is deleted.
        deletions=Deletions(database, SystemClock()),
        owner=owner,
        instance=InstanceCheck(database, redis, clock, kind="scheduler"),
        sender=webhook_sender(settings, database, clock, owner=owner),
        untold=untold_metrics(redis),
        facts=facts,
        archive=Archive(writer=facts, months=settings.archive_months, has_hits=settings.archive_full),
        readers=Readers(facts.folder, connect=ProcessConnection),
    )
