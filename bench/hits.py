"""The traffic: deterministic hits as a browser's beacon sends them, the same for both sides of every pair.

A hit has a session and three parameters that its application defines. 100 sessions are under way at a time and
each has 10 hits, so that a batch of 100 touches 100 sessions, a tenth of them new.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import orjson

from tracker.hit import Hit, IdSource

APP_ID = "bench"
ORIGIN = "https://shop.example"
SESSIONS_AT_A_TIME = 100
HITS_A_SESSION = 10
_VARIANTS = 1000
_SESSION_DIGITS = 12
_SESSION_MARK = "0" * _SESSION_DIGITS
_USER_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
)


def session_number(n: int) -> int:
    """The session of the `n`-th hit."""
    return n // (SESSIONS_AT_A_TIME * HITS_A_SESSION) * SESSIONS_AT_A_TIME + n % SESSIONS_AT_A_TIME


def session_id(number: int) -> str:
    return f"s-{number:0{_SESSION_DIGITS}d}"


def payload(n: int) -> dict[str, Any]:
    """The JSON of the `n`-th hit."""
    item = n % _VARIANTS
    return {
        "app_id": APP_ID,
        "client_sub_id": f"visitor-{item % 250:05d}",
        "module_id": "storefront",
        "url": f"{ORIGIN}/products/{item:05d}?ref=list&page={item % 7}",
        "referrer": f"{ORIGIN}/categories/{item % 12}",
        "session_id": session_id(session_number(n)),
        "screen_resolution": "1920x1080",
        "language": "en-GB",
        "timezone": "Europe/London",
        "event_name": "page_view",
        "custom_params": {
            "page_type": "product_detail",
            "product_id": f"PROD-{item:05d}",
            "product_price": 1000 + item,
        },
    }


def accepted(count: int, first: int, application_id: str) -> Iterator[Hit]:
    """`count` hits from the `first`-th on, as the receiver hands them to the queue, of now."""
    ids, application = IdSource(first % 65536), UUID(application_id)
    for n in range(first, first + count):
        now = datetime.now(UTC)
        yield Hit(
            id=ids.next(now),
            created_at=now,
            application_id=application,
            user_agent=_USER_AGENT,
            ip_address=f"192.0.2.{n % 250}",
            **payload(n),
        )


@dataclass(frozen=True, slots=True)
class Requests:
    """HTTP/1.1 requests made ready before the measurement; only the session's number is put in while it runs."""

    parts: list[tuple[bytes, bytes]]
    hits: int = 1
    """How many hits one of them brings."""

    def start(self, first: int = 0) -> Iterator[bytes]:
        """The requests from the `first`-th hit on, without an end."""
        n, parts = first, self.parts
        while True:
            before, after = parts[n % len(parts)]
            yield b"%b%012d%b" % (before, session_number(n), after)
            n += 1


def _headers(request_line: str, *more: str) -> str:
    return "\r\n".join(
        (
            request_line,
            "Host: collect.example",
            f"User-Agent: {_USER_AGENT}",
            "Accept: */*",
            "Accept-Language: en-GB,en;q=0.9",
            "Accept-Encoding: gzip, deflate, br",
            f"Referer: {ORIGIN}/",
            "Connection: keep-alive",
            *more,
            "",
            "",
        )
    )


def post_requests() -> Requests:
    """`POST /v1/track` with a JSON body."""
    parts = []
    for n in range(_VARIANTS):
        body = orjson.dumps(payload(n) | {"session_id": f"s-{_SESSION_MARK}"})
        head = _headers(
            "POST /v1/track HTTP/1.1",
            f"Origin: {ORIGIN}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        )
        parts.append(_split(head.encode() + body))
    return Requests(parts)


def pixel_requests() -> Requests:
    """`GET /pixel.gif` with the same values as query parameters."""
    parts = []
    for n in range(_VARIANTS):
        values = payload(n) | {"session_id": f"s-{_SESSION_MARK}"}
        custom = values.pop("custom_params")
        query = urlencode(values | {f"cp.{key}": value for key, value in custom.items()})
        parts.append(_split(_headers(f"GET /pixel.gif?{query} HTTP/1.1").encode()))
    return Requests(parts)


def batch_requests(key: str, events: int = 100) -> Requests:
    """Make `POST /v1/track/batch` with so many events each; of the first one alone the session changes."""
    parts = []
    for first in range(0, _VARIANTS, events):
        brought = [payload(n) for n in range(first, first + events)]
        brought[0] |= {"session_id": f"s-{_SESSION_MARK}"}
        body = orjson.dumps({"app_id": APP_ID, "events": brought})
        head = _headers(
            "POST /v1/track/batch HTTP/1.1",
            f"X-API-Key: {key}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        )
        parts.append(_split(head.encode() + body))
    return Requests(parts, events)


def _split(request: bytes) -> tuple[bytes, bytes]:
    before, after = request.split(b"s-" + _SESSION_MARK.encode())
    return before + b"s-", after
