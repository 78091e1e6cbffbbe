"""What the pages work with; one of it per process, made with the first request that needs it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

from flask import current_app

from tracker.clock import Clock
from tracker.config import Settings
from tracker.dashboard.application_snapshots import ApplicationSnapshots
from tracker.dashboard.made_parts import MadeParts
from tracker.dashboard.share_reads import ShareReads
from tracker.instance.check import InstanceCheck
from tracker.management.webhook_rules import WebhookRules
from tracker.oidc.identity import SignInProvider
from tracker.queueing.connection import Connection
from tracker.reading.live import LiveReader
from tracker.reports.readers import Readers
from tracker.store.database import Database
from tracker.web.authentication import KeyCheck
from tracker.web.request_headers import TrustedProxies

EXTENSION: Final = "tracker-dashboard"
"""Under this name the application knows where to get the parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardServices:
    """The connections are those of the API, so that whoever reads here waits there and takes none from a hit.

    `database` is for who may and what is managed; `reading` for numbers (DATABASE_READ_URL), `readers` for reports.
    """

    database: Database
    reading: Database
    readers: Readers
    redis: Connection
    clock: Clock
    key_check: KeyCheck
    secret_key: str | None
    proxies: TrustedProxies
    instance: InstanceCheck
    """Asked before anything is put into Redis: whether that belongs to this database."""
    webhook_rules: WebhookRules
    live: LiveReader
    share_reads: ShareReads
    applications: ApplicationSnapshots
    made_parts: MadeParts
    provider: SignInProvider | None
    """By which people sign in, beside keys and the admin token."""
    wake_worker: Callable[[], object]
    settings: Settings
    """Those of this process, for the operator to look at."""


def current_services() -> DashboardServices:
    """This process's parts, within a request."""
    return cast(Callable[[], DashboardServices], current_app.extensions[EXTENSION])()
