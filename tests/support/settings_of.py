"""The settings of a process that uses servers of the tests."""

from pathlib import Path

from tracker.config import Settings


def settings_of(database_url: str, redis_url: str, folder: Path) -> Settings:
    return Settings(
        database_url=database_url,
        database_maintenance_url=database_url,
        database_read_url=database_url,
        redis_url=redis_url,
        admin_token="admin token of the tests",
        metrics_token=None,
        sentry_dsn=None,
        otlp_endpoint=None,
        secret_key="secret key of the tests",
        oidc_issuer=None,
        oidc_client_id=None,
        oidc_client_secret=None,
        oidc_name="OpenID Connect",
        batch_size=100,
        max_retries=3,
        trusted_proxies=0,
        proxy_header="x-forwarded-for",
        request_timeout=20,
        keepalive_timeout=75,
        retention_months=24,
        archive_months=0,
        archive_full=False,
        syslog_app_id=None,
        log_format="console",
        rq_queue="tracker",
        drain_seconds=20,
        queue_limit=2_000_000,
        queue_max_bytes=0,
        daily_megabytes=20_000,
        webhook_allow_http=False,
        webhook_allowed_networks=(),
        webhook_ports=frozenset(),
        webhook_disable_days=5,
        webhook_disable_attempts=10,
        webhook_deliveries_days=30,
        webhook_waiting_limit=100_000,
        facts_url=folder / "facts",
        facts_cache=folder / "facts-cache",
        facts_cache_megabytes=10_000,
        geoip_file=None,
    )
