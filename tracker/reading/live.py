"""What goes on at an application now: who was there in the last half hour, and the newest hits."""

import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

from tracker.clock import Clock
from tracker.facts.recipe import Recipe, recipe_of
from tracker.reading import arrival
from tracker.reading.asked import asked_of
from tracker.store import latest_hits
from tracker.store.database import Database
from tracker.store.latest_hits import LatestHits

SPAN: Final = timedelta(minutes=30)
MINUTE: Final = timedelta(minutes=1)
MAX_HITS: Final = 20_000
"""Hits that are looked at, the latest."""
_NEWEST: Final = 12
_LISTED: Final = 8
"""Pages, sources and countries that are named."""
_AHEAD: Final = timedelta(minutes=2)
"""By how much a hit may be ahead of this machine's clock."""
_FRESH_SECONDS: Final = 1.0
"""For how long an answer serves everybody who looks at the same application."""
_WAIT_SECONDS: Final = 2.0
"""For how long to wait for somebody else's look."""
_MAX_REMEMBERED: Final = 200

Counted = tuple[str | None, int]


@dataclass(frozen=True, slots=True)
class Minute:
    """What came in one minute."""

    start: datetime
    hits: int
    visitors: int


@dataclass(frozen=True, slots=True)
class LiveView:
    """The last half hour.

    `minutes` are those of it whose hits were all looked at, the one that goes on last; `pages` by page views, `sources`
    and `countries` by visitors, the most frequent first: None stands for those of whom nobody knows, and for who came
    directly. `newest` has `id`, `created_at`, `url`, `page`, `event_name`, `referrer`, `source` and `is_internal`, the
    latest first.
    """

    latest: LatestHits
    minutes: list[Minute]
    pages: list[Counted]
    sources: list[Counted]
    countries: list[Counted]
    newest: list[dict[str, Any]]

    @property
    def is_all(self) -> bool:
        """Return whether every hit of the time was looked at."""
        return self.latest.hits < MAX_HITS


class _Seen:
    """What was seen last of an application; whoever looks again holds the lock, and the others wait for it."""

    __slots__ = ("at", "lock", "view")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.at, self.view = 0.0, cast("LiveView | None", None)


class LiveReader:
    """Reads it, once a second for all who look at the same application. Thread-safe."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._seen: OrderedDict[str, _Seen] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, app_id: str) -> LiveView:
        """Return the last half hour, no more than a second old. Raises Refused and DatabaseUnavailable."""
        with self._lock:
            seen = self._seen.setdefault(app_id, _Seen())
            self._seen.move_to_end(app_id)
            while len(self._seen) > _MAX_REMEMBERED:
                self._seen.popitem(last=False)
        # Of several who come when it is time to look again, one looks. Where that takes too long, each does.
        is_held = seen.lock.acquire(timeout=_WAIT_SECONDS)
        try:
            view = self._fresh(seen)
            if view is None:
                at = self._clock.monotonic()
                view = read(self._database, app_id, self._clock.now())
                # In this order: `latest` must not take an old view for one of now.
                seen.view = view
                seen.at = at
            return view
        finally:
            if is_held:
                seen.lock.release()

    def latest(self, app_id: str) -> LiveView | None:
        """Return what `read` would without looking again, if it would."""
        with self._lock:
            seen = self._seen.get(app_id)
        return None if seen is None else self._fresh(seen)

    def _fresh(self, seen: _Seen) -> LiveView | None:
        at, view = seen.at, seen.view
        return view if self._clock.monotonic() - at < _FRESH_SECONDS else None


def read(database: Database, app_id: str, now: datetime) -> LiveView:
    """Return what there is. Raises Refused and DatabaseUnavailable."""
    # From a whole minute on, so that the minutes are all there is.
    present = now.replace(second=0, microsecond=0)
    since, until = present - SPAN + MINUTE, now + _AHEAD
    with asked_of(database, app_id) as (tx, application):
        recipe = recipe_of(tx, application.id)
        latest = latest_hits.goes_on(
            tx,
            application,
            since,
            until,
            present=present,
            limit=MAX_HITS,
            domain=recipe.domain,
            with_query=bool(recipe.belonging),
        )
        newest = latest_hits.latest(tx, application, since, until, limit=_NEWEST)
    return LiveView(
        latest,
        minutes=_minutes(latest, present),
        pages=_counted((arrival.page_name(row["url"], recipe), row["views"]) for row in latest.pages),
        sources=_counted(
            (arrival.source_name(row["url"], row["referrer"], recipe), row["visitors"]) for row in latest.arrivals
        ),
        countries=_counted(
            (arrival.country(row["country"], row["timezone"]), row["visitors"]) for row in latest.countries
        ),
        newest=[_in_words_of_reports(hit, recipe) for hit in newest],
    )


def _minutes(latest: LatestHits, present: datetime) -> list[Minute]:
    """Return the minutes of the half hour of which all hits were looked at, and the present one last."""
    starts = [present - MINUTE * number for number in reversed(range(SPAN // MINUTE))]
    came = {datetime.fromisoformat(row["minute"]): row for row in latest.minutes}
    if latest.hits >= MAX_HITS:
        # Of the oldest minute that was looked at it is not known how much is missing, and of those before it all is.
        starts = [start for start in starts if start > min(came) or start == present]
    return [
        Minute(start, came[start]["hits"], came[start]["visitors"]) if start in came else Minute(start, 0, 0)
        for start in starts
    ]


def _counted(rows: Iterable[Counted]) -> list[Counted]:
    """Return the most frequent of what is named alike."""
    counts: Counter[str | None] = Counter()
    for value, count in rows:
        counts[value] += count
    # In an order that does not change from one look to the next.
    return sorted(counts.items(), key=lambda row: (-row[1], row[0] or ""))[:_LISTED]


def _in_words_of_reports(hit: dict[str, Any], recipe: Recipe) -> dict[str, Any]:
    url, referrer = hit["url"], hit["referrer"]
    return {
        **hit,
        "page": arrival.page_name(url, recipe) if url else None,
        "source": arrival.source_name(url, referrer, recipe),
        "is_internal": arrival.is_internal(url, referrer, recipe),
    }
