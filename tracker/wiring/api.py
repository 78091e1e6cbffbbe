"""What one process of the API holds. It is served with the receiver, and takes nothing from it."""

from typing import Final

from tracker.api.export import MAX_CONCURRENT
from tracker.api.services import ApiServices
from tracker.config import Settings
from tracker.management.webhook_rules import WebhookRules
from tracker.queueing.connection import connect
from tracker.queueing.quota import salt_of
from tracker.receiver.background_tasks import BackgroundTasks
from tracker.reports.readers import Readers
from tracker.store.database import Database
from tracker.web.authentication import FailedKeys, KeyCheck
from tracker.web.key_usage import KeyUse
from tracker.web.request_headers import TrustedProxies
from tracker.wiring.clock import agreed_clock, measure_at_start
from tracker.wiring.facts import facts_folder

_NAME: Final = "tracker-api"
_CONNECTIONS: Final = 4
_UPKEEP_SECONDS: Final = 2.0
_WAIT: Final = 1.0
"""Seconds that a request waits for a connection. Who finds none free is told to come again: threads are for hits."""
_PATIENCE: Final = 15.0
_READING_PATIENCE: Final = 60.0
"""Seconds that a statement may take; for reading the role's own time-out is meant to come first."""
_OF_ONE_APPLICATION: Final = 2
"""Connections that questions about one application have, so that slow ones leave some for all others."""


def parts(settings: Settings) -> ApiServices:
    """Return what one process of the API holds. Nothing connects before it is needed."""
    redis = connect(settings.redis_url, name=_NAME)
    database = Database(settings.database_url, name=_NAME, connections=_CONNECTIONS, wait=_WAIT, patience=_PATIENCE)
    clock = agreed_clock(database, redis)
    measure_at_start(clock)
    reading = Database(
        settings.database_read_url,
        name="tracker-reading",
        connections=_CONNECTIONS,
        wait=_WAIT,
        patience=_READING_PATIENCE,
        per_application=_OF_ONE_APPLICATION,
    )
    exporting = Database(
        settings.database_read_url,
        name="tracker-export",
        connections=MAX_CONCURRENT,
        wait=_WAIT,
        patience=_READING_PATIENCE,
    )
    key_use = KeyUse(database, clock)
    background_tasks = BackgroundTasks(
        {"time": clock.measure_when_due, "use of keys": key_use.flush_when_due}, clock, seconds=_UPKEEP_SECONDS
    )
    background_tasks.ensure()
    return ApiServices(
        database=database,
        reading=reading,
        exporting=exporting,
        readers=Readers(facts_folder(settings, database)),
        redis=redis,
        clock=clock,
        key_use=key_use,
        key_check=KeyCheck(
            database=database,
            clock=clock,
            failed_keys=FailedKeys(redis, clock, salt=salt_of(settings.secret_key or settings.redis_url)),
            key_use=key_use,
            admin_token=settings.admin_token,
        ),
        webhook_rules=WebhookRules.of(settings, clock),
        proxies=TrustedProxies.of(settings),
        metrics_token=settings.metrics_token,
        queue_limit=settings.queue_limit,
        stop_upkeep=background_tasks.stop,
    )
