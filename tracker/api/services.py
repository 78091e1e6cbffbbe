"""What the views work with; one of it per process, made with the first request that needs it."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

from flask import current_app

from tracker.clock import Clock
from tracker.errors import TrackerError
from tracker.management.webhook_rules import WebhookRules
from tracker.queueing.connection import Connection
from tracker.reports.readers import Readers
from tracker.store.database import Database
from tracker.web.authentication import KeyCheck
from tracker.web.key_usage import KeyUse
from tracker.web.request_headers import TrustedProxies

EXTENSION: Final = "tracker-api"
"""Under this name the application knows where to get the parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiServices:
    """Connections of the API's own, so that whoever manages or reads never takes one from a hit.

    `database` is for management; `reading` for statistics and sessions, `exporting` for exports (DATABASE_READ_URL);
    `readers` for reports.
    """

    database: Database
    reading: Database
    exporting: Database
    readers: Readers
    redis: Connection
    clock: Clock
    key_use: KeyUse
    key_check: KeyCheck
    webhook_rules: WebhookRules
    proxies: TrustedProxies
    metrics_token: str | None
    queue_limit: int
    stop_upkeep: Callable[[], None]

    def close(self) -> None:
        """Write what is not written yet, and close the connections."""
        self.stop_upkeep()
        with contextlib.suppress(TrackerError):
            self.key_use.flush()
        self.database.close()
        self.reading.close()
        self.exporting.close()
        self.readers.close()
        self.redis.close()


def current_services() -> ApiServices:
    """This process's parts, within a request."""
    return cast(Callable[[], ApiServices], current_app.extensions[EXTENSION])()
