"""Whether the settings of this process make sense: names that are none, weak secrets, values that contradict."""

from urllib.parse import parse_qsl

from tracker.config import MIN_STRONG_TOKEN, Settings, unknown_variables
from tracker.diagnostics.finding import Finding
from tracker.server_urls import hosts_in

_CHECK = "settings"


def about_settings(settings: Settings) -> list[Finding]:
    """Return what is wrong with them, as far as they alone tell."""
    contradictions = _contradictions(settings)
    named = contradictions or [Finding(_CHECK, "ok", "complete, and none contradicts another")]
    return [*named, *_about_unknown(), *_about_admin_token(settings)]


def about_secret_key(settings: Settings, *, active: int) -> list[Finding]:
    """Return whether webhooks can be signed; `active` is how many there are."""
    if settings.secret_key or not active:
        return []
    seen = f"there are {active} webhooks, and no TRACKER_SECRET_KEY here to sign what is sent to them"
    return [Finding(_CHECK, "fail", seen, "Give the scheduler, and the receivers, the key that they were made with.")]


def _about_unknown() -> list[Finding]:
    unknown = [f"{name} (for {meant}?)" if meant else name for name, meant in unknown_variables().items()]
    if not unknown:
        return []
    seen = f"no setting is called {', '.join(unknown)}"
    return [Finding("unknown settings", "warn", seen, "Correct the name: what it was meant to set has its default.")]


def _about_admin_token(settings: Settings) -> list[Finding]:
    if not settings.admin_token or len(settings.admin_token) >= MIN_STRONG_TOKEN:
        return []
    seen = f"TRACKER_ADMIN_TOKEN has fewer than {MIN_STRONG_TOKEN} characters, and might be guessed"
    return [Finding("admin token", "warn", seen, "Take a long random one, such as `openssl rand -hex 32` makes.")]


def _contradictions(settings: Settings) -> list[Finding]:
    contradictions = []
    if settings.proxy_header == "forwarded" and settings.trusted_proxies in (0, ()):
        seen = "TRACKER_PROXY_HEADER=forwarded, and TRACKER_TRUSTED_PROXIES believes nobody who writes it"
        contradictions.append((seen, "Say which proxies are in front, or leave TRACKER_PROXY_HEADER out."))
    if settings.metrics_token and settings.metrics_token == settings.admin_token:
        seen = "TRACKER_METRICS_TOKEN is TRACKER_ADMIN_TOKEN: who may read /metrics may do everything"
        contradictions.append((seen, "Take another random one for /metrics."))
    if settings.webhook_deliveries_days < settings.webhook_disable_days:
        seen = (
            f"deliveries are kept for {settings.webhook_deliveries_days} days (TRACKER_WEBHOOK_DELIVERIES_DAYS), and a "
            f"webhook is disabled after {settings.webhook_disable_days} (TRACKER_WEBHOOK_DISABLE_DAYS)"
        )
        contradictions.append((seen, "Keep them for longer, or nothing is left to send again when somebody sees it."))
    if settings.webhook_waiting_limit and settings.webhook_waiting_limit < settings.batch_size:
        seen = (
            f"TRACKER_WEBHOOK_WAITING_LIMIT={settings.webhook_waiting_limit} is less than one batch of "
            f"TRACKER_BATCH_SIZE={settings.batch_size} hits may add"
        )
        contradictions.append((seen, "Raise the limit: deliveries would be given up while nothing is wrong."))
    if _names_several_hosts(settings.database_url) and "target_session_attrs=" not in settings.database_url:
        seen = "DATABASE_URL names several hosts, and not which of them: a standby is taken where it comes first"
        contradictions.append((seen, "Write `target_session_attrs=read-write` behind its question mark."))
    return [Finding(_CHECK, "warn", seen, to_do) for seen, to_do in contradictions]


def _names_several_hosts(url: str) -> bool:
    # libpq takes them behind the question mark as well.
    options = dict(parse_qsl(url.partition("?")[2]))
    return len(hosts_in(url)) > 1 or "," in options.get("host", "")
