"""The dialects by path. Those of the Go original are our own endpoints under other names (`tracker.receiver`)."""

from typing import Final

from tracker.dialects.dialect import Dialect
from tracker.dialects.ga4 import GA4
from tracker.dialects.goatcounter import GOATCOUNTER, is_site_path
from tracker.dialects.jitsu import JITSU
from tracker.dialects.matomo import MATOMO
from tracker.dialects.otlp import OTLP
from tracker.dialects.plausible import PLAUSIBLE
from tracker.dialects.segment import KIND_AT, SEGMENT
from tracker.dialects.umami import UMAMI

DIALECT_AT: Final[dict[str, Dialect]] = {
    **dict.fromkeys(("/matomo.php", "/piwik.php", "/ppms.php"), MATOMO),
    **dict.fromkeys(("/api/send", "/api/collect", "/api/batch"), UMAMI),
    "/api/event": PLAUSIBLE,
    **dict.fromkeys(("/count", "/api/v0/count"), GOATCOUNTER),
    # `/v1/track` is our own (`tracker.receiver.tracking`).
    **{f"/v1/{call}": SEGMENT for call in KIND_AT if call != "track"},
    **{f"{prefix}/{call}": SEGMENT for prefix in ("/segment/v1", "/api/s", "/api/s/s2s") for call in KIND_AT},
    **dict.fromkeys(("/beacon/v1/batch", "/segment/beacon/v1/batch"), SEGMENT),
    **dict.fromkeys(("/api/v1/event", "/api/v1/s2s/event"), JITSU),
    **dict.fromkeys(("/g/collect", "/mp/collect"), GA4),
    "/v1/logs": OTLP,
}


def dialect_below(path: str) -> Dialect | None:
    """Return the dialect at a path that has a site in it."""
    return GOATCOUNTER if is_site_path(path) else None
