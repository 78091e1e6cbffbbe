"""Whether the certificates of the servers go on for long enough to be renewed in time."""

from datetime import datetime, timedelta
from typing import Final

from tracker.diagnostics.finding import Finding

_SOON: Final = timedelta(days=14)
_TO_DO: Final = "Renew it, and have the server read it anew: connections fail once it has ended."


def about_certificate(server: str, end: datetime | None, now: datetime) -> list[Finding]:
    """Return how long the certificate of a server is valid; nothing where it showed none."""
    if end is None:
        return []
    check = f"certificate of {server}"
    if end <= now:
        return [Finding(check, "fail", f"ended {end:%Y-%m-%d %H:%MZ}", _TO_DO)]
    if end - now < _SOON:
        return [Finding(check, "warn", f"ends {end:%Y-%m-%d %H:%MZ}, in {(end - now).days} days", _TO_DO)]
    return [Finding(check, "ok", f"valid until {end:%Y-%m-%d}")]
