"""What goes on now: visitors of the last half hour and the newest hits, by themselves, or as a page that reloads."""

import hashlib
from datetime import datetime
from functools import partial
from typing import Any, Final

from flask import Response, request

from tracker import __version__
from tracker.dashboard.application_page import frame
from tracker.dashboard.chart import Bar, chart
from tracker.dashboard.labels import label_of, panel_name
from tracker.dashboard.page import address, fragment, page
from tracker.dashboard.panels import Panel
from tracker.dashboard.range_choice import query_string
from tracker.dashboard.services import current_services
from tracker.dashboard.site_days import zone_of
from tracker.dashboard.viewer import application_named
from tracker.dashboard.wording import Words, language
from tracker.reading.live import LiveView
from tracker.time_zones import time_zone
from tracker.traffic_filters import can_be_chosen

LOOK_AGAIN: Final = "Tracker-Look-Again"
"""The header that says when to ask again, counted from when it was asked."""
SEEN: Final = "tracker.live_view"
"""Where a request notes of which application it was answered, and what of."""
_CHART_HEIGHT: Final = 96
"""Pixels of the highest bar."""
_LABEL_EVERY: Final = 5
"""Minutes."""
_LOOK_SECONDS: Final = 2.0
_BEAT_SECONDS: Final = 0.25


def show(app_id: str) -> Response:
    """Return the page; `now` is the part of it that is asked for again and again."""
    shown = frame(app_id)
    live = current_services().live.read(shown["application"].app_id)
    return page("live.html", script=True, **_shown_of(live, zone_of(application_named(app_id))), **shown)


def now(app_id: str) -> Response:
    """Return the part, or 304 for whoever has it as it is: asked for every two seconds by each who looks."""
    application = application_named(app_id)
    app_id, zone = application.app_id, zone_of(application)
    live = current_services().live.read(app_id)
    request.environ[SEEN] = (app_id, live)
    home = address(app_id)
    # Whoever comes by a link is led to other addresses than whoever has signed in.
    seen = (home, __version__, language(), zone, live.minutes, live.pages, live.sources, live.countries, live.newest)
    mark = hashlib.sha256(repr(seen).encode()).hexdigest()[:32]
    answer = fragment("live_now.html", mark=mark, home=home, **_shown_of(live, zone))
    answer.headers[LOOK_AGAIN] = str(until_next_look(current_services().clock.now()))
    return answer


def until_next_look(now: datetime) -> int:
    """Return after how many milliseconds whoever asks now is to ask again: on the beat that is nearest to two seconds.

    So those who look come a few at a time instead of each alone. A process that is woken costs three times what an
    answer does, and then answers all who are there.
    """
    late = now.timestamp() % _BEAT_SECONDS
    if late > _BEAT_SECONDS / 2:
        late -= _BEAT_SECONDS
    return round(1000 * (_LOOK_SECONDS - late))


def _shown_of(live: LiveView, zone: str) -> dict[str, Any]:
    """Return what the template shows, with the times of a zone."""
    there, words = time_zone(zone), Words(language())
    starts = [minute.start.astimezone(there) for minute in live.minutes]
    bars = [
        Bar(
            label=f"{start:%H:%M}" if start.minute % _LABEL_EVERY == 0 else "",
            name=f"{start:%H:%M}",
            requests=minute.hits,
            visitors=minute.visitors,
            goes_on=minute is live.minutes[-1],
        )
        for start, minute in zip(starts, live.minutes, strict=True)
    ]
    panels = [
        Panel(name=name, dimension=dimension, measure=measure, rows=rows, exact=True)
        for name, dimension, measure, rows in (
            ("pages", "page", "page_views", live.pages),
            ("sources", "source", "visitors", live.sources),
            ("countries", "country", "visitors", live.countries),
        )
    ]
    return {
        "live": live,
        "zone": zone,
        "clock_time": lambda time: f"{time.astimezone(there):%H:%M:%S}",
        "chart": chart(bars, height=_CHART_HEIGHT, lines=2, labels=len(bars)),
        "panels": panels,
        "called": partial(panel_name, words),
        "can_be_chosen": can_be_chosen,
        "no_zoom": lambda _: None,
        "label": partial(label_of, words),
        "query": partial(query_string, range="today"),
    }
