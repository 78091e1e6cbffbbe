"""What goes on now: visitors of the last half hour and the newest hits, by themselves, or as a page that reloads."""

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import Response

from tracker import __version__
from tracker.dashboard.application_page import frame
from tracker.dashboard.formats import host_of
from tracker.dashboard.page import fragment, page
from tracker.dashboard.services import current_services
from tracker.dashboard.viewer import application_named
from tracker.dashboard.wording import language


def show(app_id: str) -> Response:
    """Return the page; `now` is the part of it that is asked for again and again."""
    shown = frame(app_id)
    live = current_services().live.read(shown["application"].app_id)
    return page("live.html", script=True, live=live, place=_place, from_elsewhere=_from_elsewhere, **shown)


def now(app_id: str) -> Response:
    """Return the part, or 304 for whoever has it as it is: asked for every two seconds by each who looks."""
    app_id = application_named(app_id).app_id
    live = current_services().live.read(app_id)
    seen = (app_id, __version__, language(), live.latest.visitors, live.latest.hits, [hit["id"] for hit in live.newest])
    mark = hashlib.sha256(repr(seen).encode()).hexdigest()[:32]
    return fragment("live_now.html", mark=mark, live=live, place=_place, from_elsewhere=_from_elsewhere)


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
