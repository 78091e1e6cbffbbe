"""`GET /tracker.js`: the browser's side, for any site to load and any cache to keep."""

from flask import Blueprint, Response, request

from tracker.beacon.script import script

_KEPT = "public, max-age=3600, stale-while-revalidate=86400"
"""An hour until a browser asks again, so that a new release is everywhere within the day and hits need no file."""


def beacon_script() -> Blueprint:
    """The endpoint. It needs nothing but this process, so that pages get their script whatever is away."""
    blueprint = Blueprint("beacon_script", __name__)

    @blueprint.get("/tracker.js")
    def tracker_js() -> Response:
        own = script()
        compressed = request.accept_encodings["gzip"] > 0
        response = Response(own.compressed if compressed else own.body, content_type="text/javascript; charset=utf-8")
        if compressed:
            response.headers["Content-Encoding"] = "gzip"
        # The two encodings are two representations, each with a tag of its own (RFC 9110, 8.8.3.3).
        response.set_etag(f"{own.version}-gzip" if compressed else own.version)
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["Cache-Control"] = _KEPT
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response.make_conditional(request)  # type: ignore[return-value]

    return blueprint
