"""What goes on now: visitors of the last half hour and the newest hits, by themselves, or as a page that reloads."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Response, request

from tracker import __version__
from tracker.dashboard.application_page import frame
from tracker.dashboard.formats import host_of
from tracker.dashboard.page import fragment, page
from tracker.dashboard.services import current_services
from tracker.dashboard.viewer import application_named
from tracker.dashboard.wording import language

LOOK_AGAIN: Final = "Tracker-Look-Again"
"""The header that says when to ask again, counted from when it was asked."""
SEEN: Final = "tracker.live_view"
"""Where a request notes of which application it was answered, and what of."""
_LOOK_SECONDS: Final = 2.0
_BEAT_SECONDS: Final = 0.25


def show(app_id: str) -> Response:
    """Return the page; `now` is the part of it that is asked for again and again."""
    shown = frame(app_id)
    live = current_services().live.read(shown["application"].app_id)
    return page("live.html", script=True, live=live, place=_place, from_elsewhere=_from_elsewhere, **shown)


def now(app_id: str) -> Response:
    """Return the part, or 304 for whoever has it as it is: asked for every two seconds by each who looks."""
    app_id = application_named(app_id).app_id
    live = current_services().live.read(app_id)
    request.environ[SEEN] = (app_id, live)
    seen = (app_id, __version__, language(), live.latest.visitors, live.latest.hits, [hit["id"] for hit in live.newest])
    mark = hashlib.sha256(repr(seen).encode()).hexdigest()[:32]
    answer = fragment("live_now.html", mark=mark, live=live, place=_place, from_elsewhere=_from_elsewhere)
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


def _place(url: str | None) -> str:
    """Return the path of a page; what is no URL, as it is."""
    if not url:
        return ""
    try:
        split = urlsplit(url)
    except ValueError:
        return url
    return (split.path or "/") if split.netloc else url


def _from_elsewhere(hit: Mapping[str, Any]) -> str:
    """Return the host that somebody came from, unless they were on the site already."""
    host = host_of(hit["referrer"])
    return "" if host == host_of(hit["url"]) else host
