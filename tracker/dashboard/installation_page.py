"""The installation, for the operator: which versions it runs on, what is odd about its settings, and what they are."""

from collections.abc import Iterable
from enum import Enum
from typing import Final

from flask import Response

from tracker.config import Settings
from tracker.dashboard.page import page
from tracker.dashboard.services import current_services
from tracker.dashboard.viewer import require_operator
from tracker.diagnostics.settings_checks import about_settings
from tracker.store.server_facts import server_facts

SECRETS: Final = (
    *("admin_token", "metrics_token", "secret_key", "oidc_client_secret", "sentry_dsn", "otlp_endpoint"),
    *("database_url", "database_maintenance_url", "database_read_url", "redis_url"),
)
"""Of these it is shown whether they are set: they are secrets, or may hold one."""
SHOWN: Final = (
    *("retention_months", "archive_months", "archive_full", "daily_megabytes", "queue_limit", "queue_max_bytes"),
    *("batch_size", "max_retries", "drain_seconds", "rq_queue"),
    *("trusted_proxies", "proxy_header", "request_timeout", "keepalive_timeout", "log_format", "syslog_app_id"),
    *("webhook_deliveries_days", "webhook_waiting_limit", "webhook_disable_days", "webhook_disable_attempts"),
    *("webhook_allow_http", "webhook_allowed_networks", "webhook_ports"),
    *("facts_url", "facts_cache", "facts_cache_megabytes", "geoip_file"),
    *("oidc_issuer", "oidc_client_id", "oidc_name"),
)
"""A test holds that every setting stands here or there."""


def show() -> Response:
    """Return the page. The settings are those of the receiver that answers."""
    require_operator()
    services = current_services()
    with services.database.transaction() as tx:
        server = server_facts(tx)
    return page(
        "installation.html",
        server=server,
        findings=[finding for finding in about_settings(services.settings) if finding.level != "ok"],
        secrets=[(_variable(name), _is_set(services.settings, name)) for name in SECRETS],
        settings=[(_variable(name), _written(getattr(services.settings, name))) for name in SHOWN],
    )


def _is_set(settings: Settings, name: str) -> bool:
    """Return whether there is a value; those for reading and for maintenance are `DATABASE_URL` by default."""
    value = getattr(settings, name)
    is_default = name in {"database_maintenance_url", "database_read_url"} and value == settings.database_url
    return bool(value) and not is_default


def _variable(name: str) -> str:
    return name.upper() if name.endswith("_url") and name != "facts_url" else f"TRACKER_{name.upper()}"


def _written(value: object) -> str:
    """Return a setting's value as it is written into the environment; nothing where it is not set."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Iterable) and not isinstance(value, str | Enum):
        return ", ".join(sorted(map(str, value)))
    return str(value)
