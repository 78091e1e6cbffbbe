"""The settings: one frozen object, read from the environment once, at start.

Names are fixed by the interface. `NAME_FILE` reads the value of `NAME` from a file (a mounted secret); a `.env`
file in the working directory is read in development. Nothing else in the project looks at the environment.
"""

import os
import sys
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Final, Literal, cast

from environs import FileAwareEnv

from tracker.environment import (
    Network,
    choice,
    endpoint,
    file_path,
    folder_or_bucket,
    folder_path,
    name_in,
    networks,
    ports,
    proxies,
    read_dotenv,
    refuse,
    text,
    url,
    whole,
)
from tracker.errors import SettingsInvalid
from tracker.server_urls import REDIS_SCHEMES

LogFormat = Literal["json", "console"]
ProxyHeader = Literal["x-forwarded-for", "forwarded"]


MAX_RETRIES: Final = 100
MIN_STRONG_TOKEN: Final = 20
"""Characters of an admin token from which on nobody guesses it over HTTP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator can set. Every field says its variable, its meaning and its unit."""

    database_url: str
    """DATABASE_URL: libpq URL of the application's connection, possibly through a proxy or pooler."""
    database_maintenance_url: str
    """DATABASE_MAINTENANCE_URL: direct connection for migrations and partitions; default DATABASE_URL."""
    database_read_url: str
    """DATABASE_READ_URL: statistics and export, with a role that has a statement timeout; default DATABASE_URL."""
    redis_url: str
    """REDIS_URL: redis://, rediss:// or unix://; with Sentinels redis+sentinel://host:26379,host:26379/service/0; for a
    cluster redis+cluster://host:6379,host:6379."""
    admin_token: str | None
    """TRACKER_ADMIN_TOKEN: may do everything over HTTP; without it only applications' own keys count."""
    metrics_token: str | None
    """TRACKER_METRICS_TOKEN: who presents it may read `/metrics`; without it that answers 404."""
    sentry_dsn: str | None
    """TRACKER_SENTRY_DSN: where unexpected errors are reported, by the package sentry-sdk; without it nowhere."""
    otlp_endpoint: str | None
    """TRACKER_OTLP_ENDPOINT: the collector that gets traces, by OpenTelemetry's OTLP over HTTP; without it nobody."""
    secret_key: str | None
    """TRACKER_SECRET_KEY: encrypts webhook secrets and signs dashboard sessions; of at least 8 characters, the same for
    receivers, scheduler and commands (`openssl rand -base64 32` makes one)."""
    oidc_issuer: str | None
    """TRACKER_OIDC_ISSUER: the OpenID Connect provider by which members may sign in, as it names itself."""
    oidc_client_id: str | None
    """TRACKER_OIDC_CLIENT_ID: as whom this installation is known to that provider."""
    oidc_client_secret: str | None
    """TRACKER_OIDC_CLIENT_SECRET: its secret there; without it the client is a public one, with PKCE alone."""
    oidc_name: str
    """TRACKER_OIDC_NAME: what the provider is called on the sign-in page (default OpenID Connect)."""
    batch_size: int
    """TRACKER_BATCH_SIZE: hits that a worker writes in one transaction (1 to 1000, default 100)."""
    max_retries: int
    """TRACKER_MAX_RETRIES: how often a hit that fails for an unclear reason is tried again alone (default 3),
    after 2, 8, 32 s and so on, a day at most."""
    trusted_proxies: int | tuple[Network, ...]
    """TRACKER_TRUSTED_PROXIES: which proxies in front are believed about the client's address: how many (default 0), or
    their networks (CIDRs, commas)."""
    proxy_header: ProxyHeader
    """TRACKER_PROXY_HEADER: where these proxies write it: x-forwarded-for (default) or forwarded (RFC 7239)."""
    request_timeout: int
    """TRACKER_REQUEST_TIMEOUT: seconds in which a client has to send a whole request, and to take each piece of an
    answer (1 to 600, default 20)."""
    keepalive_timeout: int
    """TRACKER_KEEPALIVE_TIMEOUT: seconds for which a connection may wait for its next request; longer than a balancer
    in front keeps it (1 to 3600, default 75)."""
    retention_months: int
    """TRACKER_RETENTION_MONTHS: whole months kept (default 24; 0 keeps all)."""
    archive_months: int
    """TRACKER_ARCHIVE_MONTHS: reports reach back so many whole months, also to those that PostgreSQL has dropped: their
    facts stay as files (default 0: they go with their month; else more than TRACKER_RETENTION_MONTHS)."""
    archive_full: bool
    """TRACKER_ARCHIVE_FULL: of these months all columns of the hits stay too, for `restore` (default false)."""
    syslog_app_id: str | None
    """TRACKER_SYSLOG_APP_ID: the application of all lines that come by syslog (`serve --syslog`); without it each line
    is of the application whose domain its host is."""
    log_format: LogFormat
    """TRACKER_LOG_FORMAT: json or console (default console on a terminal, else json)."""
    rq_queue: str
    """TRACKER_RQ_QUEUE: the RQ queue of jobs that wake workers (default `tracker`); no other program may read it."""
    drain_seconds: int
    """TRACKER_DRAIN_SECONDS: how long one RQ job drains before it makes room (default 20)."""
    queue_limit: int
    """TRACKER_QUEUE_LIMIT: waiting hits at which the receiver answers 503, not to fill Redis (default 2,000,000)."""
    queue_max_bytes: int
    """TRACKER_QUEUE_MAX_BYTES: bytes of memory that Redis has taken at which the receiver answers 503; at 80 % of them
    batches are refused and imports wait (default 0: three quarters of Redis' `maxmemory`)."""
    daily_megabytes: int
    """TRACKER_DAILY_MEGABYTES: megabytes of hits that each application may send in a day (UTC), above which they are
    answered 429 (default 20000; 0: no limit)."""
    webhook_allow_http: bool
    """TRACKER_WEBHOOK_ALLOW_HTTP: webhooks may use plain http (default false)."""
    webhook_allowed_networks: tuple[Network, ...]
    """TRACKER_WEBHOOK_ALLOWED_NETWORKS: private networks that webhooks may reach, on any port (CIDRs, commas)."""
    webhook_ports: frozenset[int]
    """TRACKER_WEBHOOK_PORTS: ports, comma-separated, that webhooks may use beside 80, 443 and 8443."""
    webhook_disable_days: int
    """TRACKER_WEBHOOK_DISABLE_DAYS: a webhook is disabled when nothing succeeded for so many days (default 5) ..."""
    webhook_disable_attempts: int
    """TRACKER_WEBHOOK_DISABLE_ATTEMPTS: ... and at least so many attempts failed one after the other (default 10)."""
    webhook_deliveries_days: int
    """TRACKER_WEBHOOK_DELIVERIES_DAYS: for so many days what was sent to webhooks can be looked at (default 30)."""
    webhook_waiting_limit: int
    """TRACKER_WEBHOOK_WAITING_LIMIT: while more deliveries than so many wait for a webhook, new ones are written as
    failed, to be sent when somebody asks for it (default 100000; 0: no limit)."""
    facts_url: Path | str
    """TRACKER_FACTS_URL: the folder of the columnar copy that reports are made from, the same for the scheduler, which
    writes it, and the receiver, which reads it (default `tracker-facts` in the working directory); or a bucket,
    `s3://bucket/prefix`."""
    facts_cache: Path
    """TRACKER_FACTS_CACHE: with a bucket, the folder for copies of its files, on a disk of this machine (default
    `tracker-facts-cache` in the working directory)."""
    facts_cache_megabytes: int
    """TRACKER_FACTS_CACHE_MEGABYTES: room for these copies; beyond it those go that nobody has read for longest, but
    none of the last minute (default 10000; 0: no limit)."""
    geoip_file: Path | None
    """TRACKER_GEOIP_FILE: a database of places (MMDB), for receiver, `import`, scheduler; else time zones tell."""

    def __post_init__(self) -> None:
        if self.oidc_issuer and not self.oidc_client_id:
            raise SettingsInvalid("TRACKER_OIDC_CLIENT_ID is not set: the provider knows this installation by it.")


def load() -> Settings:
    """Read the settings from the process's environment, with a `.env` file below it.

    Raises SettingsInvalid with one line that names the variable, the value (never a secret's) and what is accepted.
    """
    env = FileAwareEnv()
    read_dotenv(env)
    postgresql = ("postgresql", "postgres")
    database_url = url(env, "DATABASE_URL", postgresql)
    return Settings(
        database_url=database_url,
        database_maintenance_url=url(env, "DATABASE_MAINTENANCE_URL", postgresql, default=database_url),
        database_read_url=url(env, "DATABASE_READ_URL", postgresql, default=database_url),
        redis_url=url(env, "REDIS_URL", REDIS_SCHEMES),
        admin_token=text(env, "TRACKER_ADMIN_TOKEN") or None,
        metrics_token=text(env, "TRACKER_METRICS_TOKEN") or None,
        sentry_dsn=text(env, "TRACKER_SENTRY_DSN") or None,
        otlp_endpoint=endpoint(env, "TRACKER_OTLP_ENDPOINT"),
        secret_key=text(env, "TRACKER_SECRET_KEY") or None,
        oidc_issuer=url(env, "TRACKER_OIDC_ISSUER", ("https", "http")) if text(env, "TRACKER_OIDC_ISSUER") else None,
        oidc_client_id=text(env, "TRACKER_OIDC_CLIENT_ID") or None,
        oidc_client_secret=text(env, "TRACKER_OIDC_CLIENT_SECRET") or None,
        oidc_name=text(env, "TRACKER_OIDC_NAME", "OpenID Connect"),
        batch_size=whole(env, "TRACKER_BATCH_SIZE", 100, low=1, high=1000),
        max_retries=whole(env, "TRACKER_MAX_RETRIES", 3, low=0, high=MAX_RETRIES),
        trusted_proxies=proxies(env, "TRACKER_TRUSTED_PROXIES"),
        proxy_header=cast(
            ProxyHeader, choice(env, "TRACKER_PROXY_HEADER", ("x-forwarded-for", "forwarded"), "x-forwarded-for")
        ),
        request_timeout=whole(env, "TRACKER_REQUEST_TIMEOUT", 20, low=1, high=600),
        keepalive_timeout=whole(env, "TRACKER_KEEPALIVE_TIMEOUT", 75, low=1, high=3600),
        retention_months=whole(env, "TRACKER_RETENTION_MONTHS", 24, low=0, high=1200),
        archive_months=_archive_months(env),
        archive_full=choice(env, "TRACKER_ARCHIVE_FULL", ("true", "false"), "false") == "true",
        syslog_app_id=name_in(env, "TRACKER_SYSLOG_APP_ID", "") or None,
        log_format=cast(LogFormat, choice(env, "TRACKER_LOG_FORMAT", ("json", "console"), _log_format_here())),
        rq_queue=name_in(env, "TRACKER_RQ_QUEUE", "tracker"),
        drain_seconds=whole(env, "TRACKER_DRAIN_SECONDS", 20, low=1, high=600),
        queue_limit=whole(env, "TRACKER_QUEUE_LIMIT", 2_000_000, low=1000, high=1_000_000_000),
        queue_max_bytes=whole(env, "TRACKER_QUEUE_MAX_BYTES", 0, low=0, high=1 << 50),
        daily_megabytes=whole(env, "TRACKER_DAILY_MEGABYTES", 20_000, low=0, high=1_000_000_000),
        webhook_allow_http=choice(env, "TRACKER_WEBHOOK_ALLOW_HTTP", ("true", "false"), "false") == "true",
        webhook_allowed_networks=networks(env, "TRACKER_WEBHOOK_ALLOWED_NETWORKS"),
        webhook_ports=ports(env, "TRACKER_WEBHOOK_PORTS"),
        webhook_disable_days=whole(env, "TRACKER_WEBHOOK_DISABLE_DAYS", 5, low=1, high=365),
        webhook_disable_attempts=whole(env, "TRACKER_WEBHOOK_DISABLE_ATTEMPTS", 10, low=1, high=1_000_000),
        webhook_deliveries_days=whole(env, "TRACKER_WEBHOOK_DELIVERIES_DAYS", 30, low=1, high=3650),
        webhook_waiting_limit=whole(env, "TRACKER_WEBHOOK_WAITING_LIMIT", 100_000, low=0, high=1_000_000_000),
        facts_url=folder_or_bucket(env, "TRACKER_FACTS_URL", "tracker-facts"),
        facts_cache=folder_path(env, "TRACKER_FACTS_CACHE", "tracker-facts-cache"),
        facts_cache_megabytes=whole(env, "TRACKER_FACTS_CACHE_MEGABYTES", 10_000, low=0, high=1_000_000_000),
        geoip_file=file_path(env, "TRACKER_GEOIP_FILE"),
    )


def unknown_variables() -> dict[str, str | None]:
    """Variables of the environment that look like settings and are none, each with the setting that is likely meant."""
    known = {f"TRACKER_{field.name.upper()}{end}" for field in fields(Settings) for end in ("", "_FILE")}
    unknown = sorted(name for name in os.environ if name.startswith("TRACKER_") and name not in known)
    return {name: next(iter(get_close_matches(name, known, n=1, cutoff=0.8)), None) for name in unknown}


def _archive_months(env: FileAwareEnv) -> int:
    months = whole(env, "TRACKER_ARCHIVE_MONTHS", 0, low=0, high=1200)
    kept = whole(env, "TRACKER_RETENTION_MONTHS", 24, low=0, high=1200)
    if 0 < months <= kept:
        raise refuse("TRACKER_ARCHIVE_MONTHS", str(months), f"0, or more than TRACKER_RETENTION_MONTHS={kept}")
    return months


def _log_format_here() -> LogFormat:
    return "console" if sys.stderr.isatty() else "json"
