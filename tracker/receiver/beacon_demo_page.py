"""`/test-page`: a person clicks and watches the hits arrive. For development: `serve --test-page` offers it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from pathlib import Path
from typing import Final

from flask import Blueprint, Response, request

from tracker import beacon
from tracker.clock import SystemClock
from tracker.hit import Hit
from tracker.privacy.bots import is_bot
from tracker.receiver.answers import json_answer
from tracker.web.envelope import Answer

_FOLDER: Final = Path(beacon.__file__).parent / "test_page"
_TYPES: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SHOWN: Final = timedelta(hours=1)

_clock = SystemClock()


HitsOfSession = Callable[[str, str, datetime], Sequence[Hit]]
"""Called with an `app_id`, a `session_id` and the time since when."""


@dataclass(frozen=True, slots=True)
class TestPage:
    """What the page needs: whose hits it sends, and how to look at those of a session since a time, oldest first."""

    __test__ = False  # It is no test, whatever its name begins with.

    app_id: str
    hits_of_session: HitsOfSession


def test_page(offered: TestPage) -> Blueprint:
    """Return the endpoints. Anybody who reaches them may read the hits of a session whose id they know."""
    blueprint = Blueprint("test_page", __name__)

    @blueprint.get("/test-page")
    @blueprint.get("/test-page/next")
    def page() -> Response:
        taken_for_a_bot = is_bot(request.headers.get("User-Agent", ""))
        html = (_FOLDER / "page.html").read_text(encoding="utf-8").replace("{app_id}", escape(offered.app_id))
        html = html.replace("{is_bot}", "true" if taken_for_a_bot else "false")
        return Response(html, content_type="text/html; charset=utf-8", headers={"Content-Security-Policy": _POLICY})

    @blueprint.get("/test-page/page.css")
    @blueprint.get("/test-page/page.js")
    def file() -> Response:
        path = _FOLDER / Path(request.path).name
        return Response(path.read_bytes(), content_type=_TYPES[path.suffix], headers={"Cache-Control": "no-cache"})

    @blueprint.get("/test-page/hits")
    def hits() -> Answer:
        now = _clock.now()
        stored = offered.hits_of_session(offered.app_id, request.args.get("session_id", ""), now - _SHOWN)
        return json_answer({"hits": [_as_json(hit) for hit in stored]}, now, private=True)

    return blueprint


def _as_json(hit: Hit) -> dict[str, object]:
    return {
        "tracking_id": hit.tracking_id,
        "created_at": hit.created_at,
        "event_name": hit.event_name,
        "url": hit.url,
        "event_data": hit.event_data,
        "custom_params": hit.custom_params,
    }
