"""The dialects by path. Those of the Go original are our own endpoints under other names (`tracker.receiver`)."""

from typing import Final

from tracker.dialects.dialect import Dialect
from tracker.dialects.ga4 import GA4
from tracker.dialects.goatcounter import GOATCOUNTER, is_site_path
from tracker.dialects.matomo import MATOMO
from tracker.dialects.plausible import PLAUSIBLE
from tracker.dialects.segment import SEGMENT
from tracker.dialects.umami import UMAMI

_SEGMENT_CALLS: Final = ("page", "screen", "identify", "group", "alias", "batch", "import")

DIALECT_AT: Final[dict[str, Dialect]] = {
    **dict.fromkeys(("/matomo.php", "/piwik.php", "/ppms.php"), MATOMO),
    **dict.fromkeys(("/api/send", "/api/batch"), UMAMI),
    "/api/event": PLAUSIBLE,
    **dict.fromkeys(("/count", "/api/v0/count"), GOATCOUNTER),
    **{f"/v1/{call}": SEGMENT for call in _SEGMENT_CALLS},
    **{f"/segment/v1/{call}": SEGMENT for call in ("track", *_SEGMENT_CALLS)},
    **{f"/api/s/{call}": SEGMENT for call in ("track", *_SEGMENT_CALLS)},
    **dict.fromkeys(("/g/collect", "/mp/collect"), GA4),
}


def dialect_below(path: str) -> Dialect | None:
    """Return the dialect at a path that has a site in it."""
    return GOATCOUNTER if is_site_path(path) else None
