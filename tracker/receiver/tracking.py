"""The tracking endpoints: the pixel, one hit, a batch."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, request

from tracker.receiver.acceptance import Counter, accept_hit
from tracker.receiver.answers import Answer, json_answer, limit_headers, pixel_answer, preflight_answer
from tracker.receiver.batch_acceptance import accept_batch
from tracker.receiver.body import read_body
from tracker.receiver.header_text import clean
from tracker.receiver.hit_form import LONGEST_URL
from tracker.receiver.json_rules import Parsed, check, parse, refusal
from tracker.receiver.query import read_query

PIXEL_PATH = "/pixel.gif"
LONGEST_BODY = 65_536
LONGEST_BATCH = 1_048_576


def tracking(counter: Callable[[], Counter]) -> Blueprint:
    """The endpoints; `counter` gives the process's own, made when it is first asked for."""
    blueprint = Blueprint("tracking", __name__)

    def add(path: str, method: str, take: Callable[[Counter, Mapping[str, Any]], Answer]) -> None:
        def view() -> Answer:
            environ = request.environ
            if environ["REQUEST_METHOD"] == "OPTIONS":
                return preflight_answer()
            own = counter()
            own.upkeep.ensure()
            return take(own, environ)

        # Flask's own answer to OPTIONS says nothing about CORS.
        blueprint.add_url_rule(path, path, view, methods=[method, "OPTIONS"], provide_automatic_options=False)

    add(PIXEL_PATH, "GET", _pixel)
    add("/v1/track", "POST", _track)
    add("/v1/track/batch", "POST", _batch)
    return blueprint


def _pixel(own: Counter, environ: Mapping[str, Any]) -> Answer:
    if environ["REQUEST_METHOD"] == "HEAD":
        # HEAD asks about the image and is safe to repeat (RFC 9110, 9.2.1): it is no hit.
        return pixel_answer()
    values = read_query(environ.get("QUERY_STRING", ""))
    if "url" not in values and (page := clean(environ.get("HTTP_REFERER"), LONGEST_URL)):
        values["url"] = page
    accepted = accept_hit(own, values, environ, own.clock.now())
    return pixel_answer(limit_headers(accepted.acceptance))


def _track(own: Counter, environ: Mapping[str, Any]) -> Answer:
    parsed = _object(read_body(environ, LONGEST_BODY))
    check(parsed.value, suspicious=parsed.suspicious)
    now = own.clock.now()
    accepted = accept_hit(own, parsed.value, environ, now)
    return json_answer(
        {"tracking_id": accepted.tracking_id, "timestamp": accepted.created_at},
        now,
        headers=limit_headers(accepted.acceptance),
    )


def _batch(own: Counter, environ: Mapping[str, Any]) -> Answer:
    parsed = _object(read_body(environ, LONGEST_BATCH))
    now = own.clock.now()
    data, acceptance = accept_batch(own, parsed, environ, now)
    return json_answer(data, now, headers=limit_headers(acceptance) if acceptance else ())


def _object(body: bytes) -> Parsed:
    parsed = parse(body)
    if not isinstance(parsed.value, dict):
        raise refusal("body", "Must be a JSON object.")
    return parsed
