"""The page of the installation: every setting has its place, no secret is shown, and only the operator sees it."""

from dataclasses import fields, replace

from tests.support.browsing import Browsing, text_of
from tests.support.managing import Managing
from tracker import __version__
from tracker.config import Settings
from tracker.dashboard.installation_page import SECRETS, SHOWN

PAGE = "/dashboard/operations/installation"


def test_every_setting_is_shown_or_said_to_be_set() -> None:
    assert sorted((*SECRETS, *SHOWN)) == sorted(field.name for field in fields(Settings))


def test_the_operator_sees_versions_and_settings_and_no_secret(managing: Managing) -> None:
    hidden = {name: f"{name}-9f3b" for name in ("metrics_token", "oidc_client_secret", "sentry_dsn", "otlp_endpoint")}
    parts = managing.dashboard_parts()
    odd = replace(parts.settings, **hidden, webhook_deliveries_days=3, syslog_app_id="<b>odd")
    managing.dashboard_parts = lambda: replace(parts, settings=odd)  # type: ignore[method-assign]
    operator = Browsing(managing)
    operator.sign_in(managing.admin_token)
    page = operator.get(PAGE)
    said = text_of(page)
    assert f"Access Log Tracker {__version__}" in said
    assert "TRACKER_RETENTION_MONTHS 24" in said
    assert "TRACKER_METRICS_TOKEN set" in said
    assert "Keep them for longer" in said
    assert ("DATABASE_URL set" in said, "DATABASE_READ_URL set" in said) == (True, False), "the latter is the former"
    assert ("&lt;b&gt;odd" in page.text, "<b>odd" in page.text) == (True, False)
    values = [*hidden.values(), managing.admin_token or "?", odd.database_url, odd.redis_url, odd.secret_key or "?"]
    assert [value for value in values if value in page.text] == []


def test_nobody_else_sees_it(managing: Managing, application_key: str) -> None:
    owner = Browsing(managing)
    owner.sign_in(application_key)
    assert owner.get(PAGE).status_code == 404
