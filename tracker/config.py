"""The settings: one frozen object, read from the environment once, at start.

Names are fixed by the interface. `NAME_FILE` reads the value of `NAME` from a file (a mounted secret); a `.env`
file in the working directory is read in development. Nothing else in the project looks at the environment.
"""

import ipaddress
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Final, Literal, cast
from urllib.parse import unquote, urlsplit

from environs import FileAwareEnv

from tracker.errors import SettingsInvalid
from tracker.server_urls import REDIS_SCHEMES, WRONG_WITH

LogFormat = Literal["json", "console"]
ProxyHeader = Literal["x-forwarded-for", "forwarded"]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_MAX_PROXIES = 16
_MAPPED_BITS = 96


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
    secret_key: str | None
    """TRACKER_SECRET_KEY: encrypts webhook secrets and signs dashboard sessions."""
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
    """TRACKER_MAX_RETRIES: how often a hit that fails for an unclear reason is tried again alone (default 3)."""
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
    facts_url: Path
    """TRACKER_FACTS_URL: the folder of the columnar copy that reports are made from, the same for the scheduler, which
    writes it, and the receiver, which reads it (default `tracker-facts` in the working directory)."""
    geoip_file: Path | None
    """TRACKER_GEOIP_FILE: a database of countries (MMDB) for reports; without it a visitor's time zone tells."""

    def __post_init__(self) -> None:
        if self.oidc_issuer and not self.oidc_client_id:
            raise SettingsInvalid("TRACKER_OIDC_CLIENT_ID is not set: the provider knows this installation by it.")


def load() -> Settings:
    """Read the settings from the process's environment, with a `.env` file below it.

    Raises SettingsInvalid with one line that names the variable, the value (never a secret's) and what is accepted.
    """
    env = FileAwareEnv()
    if Path(".env").is_file():
        env.read_env(".env", recurse=False)
    postgresql = ("postgresql", "postgres")
    database_url = _url(env, "DATABASE_URL", postgresql)
    return Settings(
        database_url=database_url,
        database_maintenance_url=_url(env, "DATABASE_MAINTENANCE_URL", postgresql, default=database_url),
        database_read_url=_url(env, "DATABASE_READ_URL", postgresql, default=database_url),
        redis_url=_url(env, "REDIS_URL", REDIS_SCHEMES),
        admin_token=_text(env, "TRACKER_ADMIN_TOKEN") or None,
        metrics_token=_text(env, "TRACKER_METRICS_TOKEN") or None,
        sentry_dsn=_text(env, "TRACKER_SENTRY_DSN") or None,
        secret_key=_text(env, "TRACKER_SECRET_KEY") or None,
        oidc_issuer=_url(env, "TRACKER_OIDC_ISSUER", ("https", "http")) if _text(env, "TRACKER_OIDC_ISSUER") else None,
        oidc_client_id=_text(env, "TRACKER_OIDC_CLIENT_ID") or None,
        oidc_client_secret=_text(env, "TRACKER_OIDC_CLIENT_SECRET") or None,
        oidc_name=_text(env, "TRACKER_OIDC_NAME", "OpenID Connect"),
        batch_size=_whole(env, "TRACKER_BATCH_SIZE", 100, low=1, high=1000),
        max_retries=_whole(env, "TRACKER_MAX_RETRIES", 3, low=0, high=100),
        trusted_proxies=_proxies(env, "TRACKER_TRUSTED_PROXIES"),
        proxy_header=cast(
            ProxyHeader, _choice(env, "TRACKER_PROXY_HEADER", ("x-forwarded-for", "forwarded"), "x-forwarded-for")
        ),
        request_timeout=_whole(env, "TRACKER_REQUEST_TIMEOUT", 20, low=1, high=600),
        keepalive_timeout=_whole(env, "TRACKER_KEEPALIVE_TIMEOUT", 75, low=1, high=3600),
        retention_months=_whole(env, "TRACKER_RETENTION_MONTHS", 24, low=0, high=1200),
        archive_months=_archive_months(env),
        archive_full=_choice(env, "TRACKER_ARCHIVE_FULL", ("true", "false"), "false") == "true",
        syslog_app_id=_name(env, "TRACKER_SYSLOG_APP_ID", "") or None,
        log_format=cast(LogFormat, _choice(env, "TRACKER_LOG_FORMAT", ("json", "console"), _log_format_here())),
        rq_queue=_name(env, "TRACKER_RQ_QUEUE", "tracker"),
        drain_seconds=_whole(env, "TRACKER_DRAIN_SECONDS", 20, low=1, high=600),
        queue_limit=_whole(env, "TRACKER_QUEUE_LIMIT", 2_000_000, low=1000, high=1_000_000_000),
        queue_max_bytes=_whole(env, "TRACKER_QUEUE_MAX_BYTES", 0, low=0, high=1 << 50),
        daily_megabytes=_whole(env, "TRACKER_DAILY_MEGABYTES", 20_000, low=0, high=1_000_000_000),
        webhook_allow_http=_choice(env, "TRACKER_WEBHOOK_ALLOW_HTTP", ("true", "false"), "false") == "true",
        webhook_allowed_networks=_networks(env, "TRACKER_WEBHOOK_ALLOWED_NETWORKS"),
        webhook_ports=_ports(env, "TRACKER_WEBHOOK_PORTS"),
        webhook_disable_days=_whole(env, "TRACKER_WEBHOOK_DISABLE_DAYS", 5, low=1, high=365),
        webhook_disable_attempts=_whole(env, "TRACKER_WEBHOOK_DISABLE_ATTEMPTS", 10, low=1, high=1_000_000),
        webhook_deliveries_days=_whole(env, "TRACKER_WEBHOOK_DELIVERIES_DAYS", 30, low=1, high=3650),
        webhook_waiting_limit=_whole(env, "TRACKER_WEBHOOK_WAITING_LIMIT", 100_000, low=0, high=1_000_000_000),
        facts_url=_folder(env, "TRACKER_FACTS_URL", "tracker-facts"),
        geoip_file=_file(env, "TRACKER_GEOIP_FILE"),
    )


def unknown_variables() -> dict[str, str | None]:
    """Variables of the environment that look like settings and are none, each with the setting that is likely meant."""
    known = {f"TRACKER_{field.name.upper()}{end}" for field in fields(Settings) for end in ("", "_FILE")}
    unknown = sorted(name for name in os.environ if name.startswith("TRACKER_") and name not in known)
    return {name: next(iter(get_close_matches(name, known, n=1, cutoff=0.8)), None) for name in unknown}


def _archive_months(env: FileAwareEnv) -> int:
    months = _whole(env, "TRACKER_ARCHIVE_MONTHS", 0, low=0, high=1200)
    kept = _whole(env, "TRACKER_RETENTION_MONTHS", 24, low=0, high=1200)
    if 0 < months <= kept:
        raise _refuse("TRACKER_ARCHIVE_MONTHS", str(months), f"0, or more than TRACKER_RETENTION_MONTHS={kept}")
    return months


def _log_format_here() -> LogFormat:
    return "console" if sys.stderr.isatty() else "json"


def _text(env: FileAwareEnv, name: str, default: str = "") -> str:
    """Return the stripped value of `name` or of the file that `name`_FILE points to.

    An empty value is an absent one.
    """
    try:
        value: str = env.str(name, "")
    except (ValueError, OSError) as error:
        raise _refuse(f"{name}_FILE", env.str(f"{name}_FILE", ""), "it must name a readable text file") from error
    return value.strip() or default


def _refuse(name: str, value: str, accepted: str) -> SettingsInvalid:
    return SettingsInvalid(f"{name}={value!r} is not accepted: {accepted}.")


def _url(env: FileAwareEnv, name: str, schemes: Sequence[str], *, default: str = "") -> str:
    """Return a URL with one of `schemes`. Of a refused one only the scheme is quoted: it may hold a password."""
    value = _text(env, name, default)
    accepted = f"it must be a URL that begins with {' or '.join(scheme + '://' for scheme in schemes)}"
    if not value:
        raise SettingsInvalid(f"{name} is not set: {accepted}.")
    scheme, separator, _ = value.partition("://")
    if not separator or scheme not in schemes:
        raise _refuse(name, f"{scheme}://…" if separator else "…", accepted)
    if wrong := WRONG_WITH[scheme](value):
        raise _refuse(name, f"{scheme}://…", wrong)
    return value


def _whole(env: FileAwareEnv, name: str, default: int, *, low: int, high: int) -> int:
    value = _text(env, name, str(default))
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", value) or not low <= int(value) <= high:
        raise _refuse(name, value, f"a whole number from {low} to {high}")
    return int(value)


def _choice(env: FileAwareEnv, name: str, choices: Sequence[str], default: str) -> str:
    value = _text(env, name, default).lower()
    if value not in choices:
        raise _refuse(name, value, " or ".join(choices))
    return value


def _folder(env: FileAwareEnv, name: str, default: str) -> Path:
    """Return a folder, by its path or as a file URL; it need not be there yet."""
    value = _text(env, name, default)
    parts = urlsplit(value)
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path:
        return Path(unquote(parts.path))
    if "://" in value or "\0" in value:
        raise _refuse(name, value, "it must be a folder, as a path or as file:///path")
    return Path(value).absolute()


def _file(env: FileAwareEnv, name: str) -> Path | None:
    """Return the path of a file, if one is named; only the process that reads it has to see it."""
    value = _text(env, name)
    if "\0" in value:
        raise _refuse(name, value, "it must be the path of a file")
    return Path(value).absolute() if value else None


def _name(env: FileAwareEnv, name: str, default: str) -> str:
    value = _text(env, name, default)
    if value != default and not re.fullmatch(r"[A-Za-z0-9_.-]{1,50}", value):
        raise _refuse(name, value, "1 to 50 letters, digits, points, dashes and underscores")
    return value


def _networks(env: FileAwareEnv, name: str) -> tuple[Network, ...]:
    value = _text(env, name)
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in value.split(",") if part.strip())
    except ValueError as error:
        raise _refuse(name, value, f"networks as CIDRs, separated by commas ({error})") from error


def _proxies(env: FileAwareEnv, name: str) -> int | tuple[Network, ...]:
    """Return a number of proxies, or their networks; everybody's network would let anybody forge an address."""
    value = _text(env, name, "0")
    if re.fullmatch(r"[0-9]{1,2}", value) and int(value) <= _MAX_PROXIES:
        return int(value)
    accepted = f"a whole number from 0 to {_MAX_PROXIES}, or the proxies' networks as CIDRs, separated by commas"
    if not re.search(r"[.:]", value):
        raise _refuse(name, value, accepted)
    try:
        networks = tuple(_plain(ipaddress.ip_network(part.strip())) for part in value.split(",") if part.strip())
    except ValueError as error:
        raise _refuse(name, value, f"{accepted} ({error})") from error
    if _holds_everybody(networks):
        raise _refuse(name, value, f"{accepted}; a network of all addresses would let anybody forge one")
    return networks


def _holds_everybody(networks: Sequence[Network]) -> bool:
    """Return whether together they hold every address of IPv4 or of IPv6."""
    v4 = [network for network in networks if isinstance(network, ipaddress.IPv4Network)]
    v6 = [network for network in networks if isinstance(network, ipaddress.IPv6Network)]
    joined: tuple[Network, ...] = (*ipaddress.collapse_addresses(v4), *ipaddress.collapse_addresses(v6))
    return any(network.prefixlen == 0 for network in joined)


def _plain(network: Network) -> Network:
    """Return the network in IPv4 where it is IPv4 in IPv6 (RFC 4291, 2.5.5.2), as addresses are compared."""
    mapped = network.network_address.ipv4_mapped if isinstance(network, ipaddress.IPv6Network) else None
    if mapped is None or network.prefixlen < _MAPPED_BITS:
        return network
    return ipaddress.IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))


def _ports(env: FileAwareEnv, name: str) -> frozenset[int]:
    value = _text(env, name)
    parts = [part.strip() for part in value.split(",") if part.strip()]
    if not all(re.fullmatch(r"[0-9]{1,5}", part) and int(part) in range(1, 65536) for part in parts):
        raise _refuse(name, value, "ports from 1 to 65535, separated by commas")
    return frozenset(int(part) for part in parts)
