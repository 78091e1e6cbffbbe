"""`GET /tracker.js`: the browser's side, for any site to load and any cache to keep.

The Go original's pages load it as `/tracker.min.js`, or as `/tracker/<app_id>.js` with the `app_id` inside.
"""

import gzip
import re
from functools import lru_cache

from flask import Blueprint, Response, abort, request

from tracker.beacon.script import Script, script

_APP_ID = re.compile(r"[A-Za-z0-9._-]{1,50}")
_KEPT = "public, max-age=3600, stale-while-revalidate=86400"
"""An hour until a browser asks again, so that a new release is everywhere within the day and hits need no file."""


def beacon_script() -> Blueprint:
    """Return the endpoints. They need nothing but this process, so that pages get their script in any outage."""
    blueprint = Blueprint("beacon_script", __name__)

    @blueprint.get("/tracker.js")
    @blueprint.get("/tracker.min.js")
    def tracker_js() -> Response:
        return _response(script())

    @blueprint.get("/tracker/<app_id>.js")
    def tracker_of(app_id: str) -> Response:
        if not _APP_ID.fullmatch(app_id):
            abort(404)
        return _response(_script_of(app_id))

    return blueprint


def _response(script: Script) -> Response:
    compressed = request.accept_encodings["gzip"] > 0
    response = Response(script.compressed if compressed else script.body, content_type="text/javascript; charset=utf-8")
    if compressed:
        response.headers["Content-Encoding"] = "gzip"
    # The two encodings are two representations, each with a tag of its own (RFC 9110, 8.8.3.3).
    response.set_etag(f"{script.version}-gzip" if compressed else script.version)
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = _KEPT
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response.make_conditional(request)  # type: ignore[return-value]


@lru_cache(maxsize=256)
def _script_of(app_id: str) -> Script:
    """Return the script with an application inside; what the page itself says goes before. `app_id` has no quotes."""
    shared = script()
    given = (
        f'window.ALT_CONFIG=Object.assign({{app_id:"{app_id}",'
        'endpoint:new URL("../v1/track",document.currentScript.src).href},window.ALT_CONFIG);\n'
    )
    body = given.encode() + shared.body
    return Script(body, gzip.compress(body, mtime=0), f"{shared.version}-{app_id}")
