"""What one process of the receiver holds."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from tracker.api.mount import mount as api_mount
from tracker.api.services import ApiServices
from tracker.clock import Clock
from tracker.config import Settings
from tracker.dashboard.mount import LARGER_BODIES
from tracker.dashboard.mount import mount as dashboard_mount
from tracker.dashboard.page import compile_traffic_page
from tracker.errors import ForeignQueue, TrackerError
from tracker.hit import Hit
from tracker.instance.check import InstanceCheck
from tracker.privacy.places import Places
from tracker.queueing import server_facts as queue_facts
from tracker.queueing.connection import Connection, connect
from tracker.queueing.inspection import depths
from tracker.queueing.process_number import ProcessNumber
from tracker.queueing.quota import salt_of
from tracker.queueing.registered_workers import registered_workers
from tracker.queueing.sharded_producer import ShardedProducer, group_commit
from tracker.queueing.wakeup import Notifier
from tracker.receiver.app import App, Receiver, create_app, live_on_the_loop, max_body_of
from tracker.receiver.application_cache import REFRESH_SECONDS
from tracker.receiver.application_directory import ApplicationDirectory
from tracker.receiver.background_tasks import BackgroundTasks
from tracker.receiver.beacon_demo_page import TestPage
from tracker.receiver.context import ReceiverContext
from tracker.receiver.endpoints import ENDPOINTS, LoopTracking
from tracker.receiver.enqueue import HitQueue
from tracker.receiver.filtering import FilteredCounts
from tracker.receiver.health import HealthParts, Probes, Seen
from tracker.receiver.hit_building import HitIds
from tracker.receiver.kept_months import KeptMonths
from tracker.receiver.per_process import PerProcess
from tracker.receiver.queue_guard import QueueGuard
from tracker.receiver.rules import RuleBook
from tracker.receiver.traced_requests import TracedRequests
from tracker.server.site import Endpoint, Site
from tracker.server.threads import Threads
from tracker.store import access_logs, leases, server_facts
from tracker.store.database import Database
from tracker.tracing import flush as flush_spans
from tracker.tracing import tracing
from tracker.web.circuit_breaker import CircuitBreaker
from tracker.web.key_usage import KeyUse
from tracker.web.request_headers import TrustedProxies
from tracker.wiring import api, dashboard
from tracker.wiring.clock import agreed_clock, measure_at_start
from tracker.wiring.facts import look_after_copies
from tracker.wiring.metrics import untold_metrics
from tracker.wiring.process_end import at_process_end, end_process

_WRITTEN_AT_ONCE: Final = {"urgent", "normal"}
_LATE_SECONDS: Final = 60.0
"""Age of the oldest hit in those streams from which on health says that the queue is late."""
_REQUEST_WAIT: Final = 1.0
"""Seconds that a request may lose to a PostgreSQL that is busy or hangs, on top of what Redis has cost it."""


def app(settings: Settings) -> App:
    """Return the receiver's WSGI application, and the API's.

    Each process that serves it builds its own parts when needed.
    """
    return _with_pages(settings, PerProcess(partial(_receiver_until_the_end, settings)))


@dataclass(frozen=True, slots=True)
class Pages:
    """What all processes of the project's own server share: the application, and how each makes its own receiver.

    Nothing in it connects or runs yet. It takes longer to make than all the rest of a process.
    """

    receiving: PerProcess[Receiver]
    app: App


def pages(settings: Settings, *, test_page_of: str | None = None) -> Pages:
    """Return it; `test_page_of` is the application whose test page is offered, in development."""
    compile_traffic_page()
    receiving = PerProcess(partial(_receiver_until_the_end, settings))
    page = _test_page(settings, test_page_of) if test_page_of else None
    return Pages(receiving, _with_pages(settings, receiving, page=page))


def site(settings: Settings, shared: Pages, loop: asyncio.AbstractEventLoop, hit_threads: Threads) -> Site:
    """Return what one process of the project's own server serves, built now, so that no request waits for it.

    `hit_threads` are for hits that have to wait.
    """
    parts, made = shared.receiving(), shared.app
    queue = group_commit(loop, parts.producer)
    tracking = LoopTracking(parts.context, parts.health.applications, queue, parts.context.clock, hit_threads.run)
    traced = _traced(settings)
    endpoints = {}
    for path, endpoint in ENDPOINTS.items():
        handle = partial(tracking.handle, endpoint)
        endpoints[path.encode()] = Endpoint(traced.on_loop(path, handle) if traced else handle, endpoint.max_body)

    def close() -> None:
        queue.close()
        end_process()
        parts.close()

    return Site(
        {**endpoints, b"/health/live": Endpoint(live_on_the_loop)}, made, max_body_of(made, LARGER_BODIES), close
    )


def _with_pages(settings: Settings, receiving: Callable[[], Receiver], *, page: TestPage | None = None) -> App:
    """Return the receiver with the API and the dashboard, which share connections."""
    managing = PerProcess(partial(_api_until_the_end, settings))

    def knows_caller(environ: Mapping[str, Any]) -> bool:
        return managing().key_check.knows(environ, managing().proxies)

    made = create_app(receiving, page=page, knows_caller=knows_caller)
    if (traced := _traced(settings)) is not None:
        made.wsgi_app = traced.wsgi(made.wsgi_app)  # type: ignore[method-assign,assignment]
    api_mount(made, managing)
    dashboard_mount(made, PerProcess(lambda: dashboard.parts(settings, managing())))
    return made


def _traced(settings: Settings) -> TracedRequests | None:
    """Return what gives requests their spans, where a collector is set; each process sets OpenTelemetry up itself."""
    endpoint = settings.otlp_endpoint
    return None if endpoint is None else TracedRequests(lambda: tracing(endpoint, "tracker-receiver"))


def _receiver_until_the_end(settings: Settings) -> Receiver:
    """Return a receiver that writes what it holds when its process ends."""
    made = receiver(settings)
    at_process_end([made.context.filtered.flush, made.context.key_use.flush, flush_spans])
    return made


def _api_until_the_end(settings: Settings) -> ApiServices:
    made = api.parts(settings)
    at_process_end([made.key_use.flush])
    return made


def receiver(settings: Settings) -> Receiver:
    """Return what one process of the receiver holds. Nothing waits for a server that is unavailable."""
    redis = connect(settings.redis_url, name="tracker-receiver")
    # Its statements are short, and a request for a hit has no time to spend on what has become of one.
    database = Database(
        settings.database_url, name="tracker-receiver", wait=_REQUEST_WAIT, patience=_REQUEST_WAIT, cancellation=0
    )
    look_after_copies(settings)
    clock = agreed_clock(database, redis)
    measure_at_start(clock)
    redis_breaker, database_breaker = CircuitBreaker(clock), CircuitBreaker(clock)
    guard = QueueGuard(InstanceCheck(database, redis, clock, kind="receiver"), redis_breaker)
    months = KeptMonths(database, clock, retention_months=settings.retention_months)
    with contextlib.suppress(TrackerError):  # The background tasks look again, and say what keeps them from that.
        guard.look()
        months.look()
    applications = ApplicationDirectory(
        database, redis, clock, database_breaker=database_breaker, redis_breaker=redis_breaker
    )
    hit_ids = HitIds(ProcessNumber(redis))
    notifier = Notifier(redis, settings.rq_queue, drain_seconds=settings.drain_seconds)
    notifier.start()
    producer = ShardedProducer(redis, queue_limit=settings.queue_limit, max_bytes=settings.queue_max_bytes)
    filtered = FilteredCounts(producer, redis_breaker=redis_breaker)
    hit_queue = HitQueue(
        producer, notifier, database, filtered, redis_breaker=redis_breaker, database_breaker=database_breaker
    )
    key_use = KeyUse(database, clock)
    untold = untold_metrics(redis)
    background_tasks = BackgroundTasks(
        {
            "instance": guard.look,
            "time": clock.measure_when_due,
            "applications": applications.refresh,
            "months": months.look,
            "process number": hit_ids.check,
            "memory of redis": producer.look_at_memory,
            "crowds in the queue": producer.look_at_crowds,
            "filtered hits": filtered.flush,
            "use of keys": key_use.flush_when_due,
            "metrics": untold.flush,
        },
        clock,
        seconds=REFRESH_SECONDS,
    )
    background_tasks.ensure()
    probes = Probes(
        {
            "redis": partial(_look_at_redis, redis, redis_breaker, settings.rq_queue, clock),
            "postgresql": partial(_look_at_postgresql, database),
        },
        clock,
    )

    def close() -> None:
        background_tasks.stop()
        for flush in (filtered.flush, key_use.flush, untold.flush):
            with contextlib.suppress(TrackerError):
                flush()
        notifier.stop()
        probes.close()
        database.close()
        redis.close()

    return Receiver(
        producer=producer,
        context=ReceiverContext(
            applications=applications,
            hit_ids=hit_ids,
            hit_queue=hit_queue,
            filtered=filtered,
            key_use=key_use,
            background_tasks=background_tasks,
            clock=clock,
            proxies=TrustedProxies.of(settings),
            max_retries=settings.max_retries,
            rules=RuleBook(settings.daily_megabytes, Places(settings.geoip_file)),
            months=months,
            salt=salt_of(settings.secret_key or settings.redis_url),
        ),
        health=HealthParts(probes=probes, applications=applications, background_tasks=background_tasks, clock=clock),
        close=close,
    )


def _test_page(settings: Settings, app_id: str) -> TestPage:
    database = Database(settings.database_url, name="tracker-test-page", connections=1)

    def hits_of_session(app_id: str, session_id: str, since: datetime) -> list[Hit]:
        with database.transaction() as tx:
            return access_logs.of_session(tx, app_id=app_id, session_id=session_id, since=since)

    return TestPage(app_id, hits_of_session)


def _look_at_redis(redis: Connection, breaker: CircuitBreaker, rq_queue: str, clock: Clock) -> Seen:
    if breaker.is_forced_open:
        raise ForeignQueue("Redis is not known to belong to this database.")
    queue_facts.write(redis)
    streams = depths(redis)
    oldest = max((depth.oldest_seconds or 0.0 for depth in streams if depth.name in _WRITTEN_AT_ONCE), default=0.0)
    workers = sum(worker.reads(rq_queue, clock.now()) for worker in registered_workers(redis))
    return Seen(
        {"waiting_hits": sum(depth.waiting + depth.pending for depth in streams)},
        {
            "queue": {"state": "late" if oldest > _LATE_SECONDS else "ok", "oldest_seconds": round(oldest, 1)},
            "workers": {"state": "ok" if workers else "none", "alive": workers},
        },
    )


def _look_at_postgresql(database: Database) -> Seen:
    # A server that only reads, or hangs in a commit, takes no hit.
    with database.transaction() as tx:
        server_facts.write(tx)
        scheduler = leases.holder(tx, leases.SCHEDULER)
    return Seen(work={"scheduler": {"state": "ok" if scheduler else "none"}})
