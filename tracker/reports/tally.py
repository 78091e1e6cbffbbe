"""Where the tally of an application is, and what it is of. Pure."""

from dataclasses import dataclass

from tracker.reports.zone_days import ZoneDays


@dataclass(frozen=True, slots=True)
class Tally:
    """A tally that can be read: where it is, of which days, and after how many minutes its visits were over."""

    path: str
    days: ZoneDays
    timeout_minutes: int
    kinds: frozenset[str]
    """The dimensions that it has, WHOLE_KIND and SEVERAL among them."""
