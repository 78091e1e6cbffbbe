"""The health check: every check in turn, from the settings to the work; one that cannot be made is left out."""

import platform
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from datetime import timedelta

from tracker import __version__
from tracker.application_settings import ALIASES, DIALECTS
from tracker.clock import Clock
from tracker.config import Settings
from tracker.diagnostics import (
    answer_checks,
    application_checks,
    instance_checks,
    ledger_checks,
    postgres_checks,
    reading_checks,
    redis_checks,
    role_checks,
    settings_checks,
    work_checks,
)
from tracker.diagnostics.certificate_checks import about_certificate
from tracker.diagnostics.finding import LEVELS, Finding
from tracker.errors import TrackerError
from tracker.ledger.balance import balance
from tracker.parameter_limits import MAX_DEFAULTS_BYTES, MAX_DEFINITIONS
from tracker.queueing.connection import ClusterClient, Connection, connect, primary_of, translated
from tracker.queueing.inspection import depths
from tracker.queueing.quota import REASONS
from tracker.queueing.registered_workers import are_suspended, registered_workers
from tracker.queueing.sentinel import Primary
from tracker.queueing.server_certificate import certificate_end as queueing_certificate_end
from tracker.queueing.server_facts import server_facts
from tracker.queueing.shards import primaries_of
from tracker.store import (
    application_settings,
    batch_queue,
    custom_parameter_definitions,
    facts_files,
    filtered_hits,
    leases,
    replica,
    retention_state,
    server_certificate,
    webhooks,
)
from tracker.store.database import Database

_NAME = "tracker-doctor"
_DIRECT = "direct connection"
_DAY = timedelta(days=1)
_LEDGER_DAYS = 1
"""For so long a Redis that began without its data is told of."""
_LOOK_SECONDS = 3.0
"""Between two looks at a queue that is late; a batch is stored in less."""


def examine(settings: Settings, clock: Clock, *, machine: Clock | None = None) -> list[Finding]:
    """Make all the checks. Raises nothing on purpose: what is unavailable is a finding.

    `clock` is what this is judged by; `machine` is this machine's, where that is another one.
    """
    machine = machine or clock
    findings = [
        Finding("version", "ok", f"{__version__} on Python {platform.python_version()}"),
        *settings_checks.about_settings(settings),
    ]
    with ExitStack() as stack:
        database = stack.enter_context(closing(Database(settings.database_url, name=_NAME, connections=1)))
        findings += _about_postgres(settings, database, clock, machine)
        redis = stack.enter_context(closing(connect(settings.redis_url, name=_NAME)))
        findings += _about_redis(settings, redis, clock, machine)
        findings += _about_both(findings, database, redis, clock)
    return findings


def _about_postgres(settings: Settings, database: Database, clock: Clock, machine: Clock) -> list[Finding]:
    reached, facts = postgres_checks.reach("PostgreSQL", "DATABASE_URL", database)
    findings = [reached]
    with suppress(TrackerError):  # Without a right of its own not even the version is known; an outage was said.
        findings += role_checks.about_rights(database)
    if facts is not None:
        findings.append(work_checks.about_clock("PostgreSQL", machine.now(), facts.clock))
        findings += _or_failure("answers of PostgreSQL", lambda: [postgres_checks.about_answers(database)])
        findings += _or_failure("certificate of PostgreSQL", lambda: _about_its_certificate(database, clock))
        findings += postgres_checks.about_server(facts)
        findings += _or_failure("schema", lambda: postgres_checks.about_schema(database, facts, clock.now()))
        if facts.revision is not None:
            findings.append(postgres_checks.about_writing(database, facts))
            findings += _or_failure("collation", lambda: postgres_checks.about_collation(database, facts))
            findings += _or_failure("locks", lambda: [postgres_checks.about_locks(database)])
            findings += _or_failure("batch_queue", lambda: _about_what_waits(settings, database, clock))
            findings += _about_reading(settings, database)
    if settings.database_maintenance_url != settings.database_url:
        with closing(Database(settings.database_maintenance_url, name=_NAME, connections=1)) as direct:
            reached, its_facts = postgres_checks.reach(_DIRECT, "DATABASE_MAINTENANCE_URL", direct)
            wrong = role_checks.about_owner(_DIRECT, its_facts, is_separate=True) if its_facts else []
            wrong = wrong or _or_failure(_DIRECT, lambda: role_checks.about_owner_rights(_DIRECT, direct))
            findings += wrong or [reached]
            findings += instance_checks.about_connection("DATABASE_MAINTENANCE_URL", "fail", direct, database)
    elif facts is not None:
        findings += role_checks.about_owner(_DIRECT, facts, is_separate=False)
    return findings


def _about_its_certificate(database: Database, clock: Clock) -> list[Finding]:
    with database.transaction() as tx:
        return about_certificate("PostgreSQL", server_certificate.certificate_end(tx), clock.now())


def _about_reading(settings: Settings, database: Database) -> list[Finding]:
    is_separate = settings.database_read_url != settings.database_url
    with closing(Database(settings.database_read_url, name=_NAME, connections=1)) as reading:
        findings = [reading_checks.about_role(reading, is_separate=is_separate)]
        if is_separate:
            findings += _or_failure(
                "replica for reading", lambda: reading_checks.about_lag(replica.lag(database, reading))
            )
            findings += instance_checks.about_connection("DATABASE_READ_URL", "warn", reading, database)
    return findings


def _about_both(so_far: list[Finding], database: Database, redis: Connection, clock: Clock) -> list[Finding]:
    """Return whether the two belong together, and whether what one has accepted is in the other.

    Nothing, unless both have been reached and the database has the tables to say so.
    """
    well = {finding.check for finding in so_far if finding.level == "ok"}
    if not {"PostgreSQL", "migrations", "Redis"} <= well:
        return []
    return [
        *_or_failure("instance", lambda: instance_checks.about_instance(database, redis)),
        *_or_failure(
            "ledger",
            lambda: [ledger_checks.about_ledger(balance(database, redis, clock, sleep=time.sleep, days=_LEDGER_DAYS))],
        ),
    ]


def _about_what_waits(settings: Settings, database: Database, clock: Clock) -> list[Finding]:
    with database.transaction() as tx:
        findings = work_checks.about_batch_queue(batch_queue.count_by_status(tx))
        registered = webhooks.list_rows(tx)
        findings += work_checks.about_webhooks(registered)
        findings += settings_checks.about_secret_key(settings, active=sum(webhook.is_active for webhook in registered))
        findings += work_checks.about_deletions(retention_state.refusals(tx))
        findings += work_checks.about_retention(retention_state.running_months(tx), settings.retention_months)
        findings += work_checks.about_limits(filtered_hits.refused(tx, clock.now() - _DAY, REASONS))
        findings += application_checks.about_aliases(
            application_settings.of_all(tx, ALIASES.key), application_settings.of_all(tx, DIALECTS.key)
        )
        findings += work_checks.about_definitions(
            custom_parameter_definitions.over_limits(tx, definitions=MAX_DEFINITIONS, default_bytes=MAX_DEFAULTS_BYTES)
        )
        findings += work_checks.about_facts(facts_files.folder(tx))
        return [*findings, work_checks.about_scheduler(leases.holder(tx, leases.SCHEDULER))]


def _about_redis(settings: Settings, redis: Connection, clock: Clock, machine: Clock) -> list[Finding]:
    reached, facts = redis_checks.reach(redis)
    primary = primary_of(redis)
    findings = [reached, *redis_checks.about_sentinels(primary.views() if isinstance(primary, Primary) else ())]
    if isinstance(redis, ClusterClient):
        findings += _or_failure("cluster of Redis", lambda: _about_cluster(redis))
    if facts is None:
        return findings
    return [
        *findings,
        *_or_failure(
            "certificate of Redis", lambda: about_certificate("Redis", queueing_certificate_end(redis), clock.now())
        ),
        redis_checks.about_writing(redis),
        *_or_failure("answers of Redis", lambda: [answer_checks.about_answers("Redis", lambda: are_suspended(redis))]),
        *_or_failure("Redis", lambda: _about_servers(settings, redis, machine)),
        *_or_failure("queue", lambda: work_checks.about_queue(depths(redis), settings.queue_limit)),
        *_or_failure("progress", lambda: _about_progress(redis)),
        *_or_failure(
            "workers",
            lambda: [_about_workers(settings, redis, clock)],
        ),
    ]


def _about_cluster(redis: ClusterClient) -> list[Finding]:
    with translated():
        return redis_checks.about_cluster(redis.topology.nodes())


def _about_servers(settings: Settings, redis: Connection, machine: Clock) -> list[Finding]:
    """Look at the server, or at each node of a cluster that has slots; of those the worst is told, check by check."""
    worst: dict[str, Finding] = {}
    with translated():
        nodes = [(node, primary_of(node)) for node in primaries_of(redis)]
    for node, primary in nodes:
        facts = server_facts(node)
        for finding in (
            work_checks.about_clock("Redis", machine.now(), facts.clock),
            *redis_checks.about_server(facts, max_bytes=settings.queue_max_bytes),
        ):
            known = worst.get(finding.check)
            if known is None or LEVELS.index(finding.level) > LEVELS.index(known.level):
                where = ":".join(map(str, primary.address())) + ": " if primary and len(nodes) > 1 else ""
                worst[finding.check] = replace(finding, seen=f"{where}{finding.seen}")
    return list(worst.values())


def _about_progress(redis: Connection) -> list[Finding]:
    first = depths(redis)
    if not work_checks.late(first):
        return []
    time.sleep(_LOOK_SECONDS)
    return work_checks.about_progress(first, depths(redis), _LOOK_SECONDS)


def _about_workers(settings: Settings, redis: Connection, clock: Clock) -> Finding:
    workers, suspended = registered_workers(redis), are_suspended(redis)
    return work_checks.about_workers(workers, settings.rq_queue, clock.now(), suspended=suspended)


def _or_failure(check: str, make: Callable[[], list[Finding]]) -> list[Finding]:
    """Return the findings, or one that says why they could not be had: a server may go away between two checks."""
    try:
        return make()
    except TrackerError as error:
        return [Finding(check, "fail", str(error), "Look at the server, then run this again.")]
