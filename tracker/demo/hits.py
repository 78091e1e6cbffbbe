"""What the demo sends: visits to a shop, and a few hits that must be refused, each with what is expected of it."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import repeat
from queue import Empty, SimpleQueue
from typing import Any

from tracker.demo.sender import HitSender, ReceiverAnswer
from tracker.demo.shop_visits import Payload, Visitors

SINGLES, PIXELS, BATCH = 400, 150, 100
_THREADS = 4
_UNKNOWN = "no-such-shop"


@dataclass(frozen=True, slots=True)
class Sending:
    """One request: how it is sent, the hits in it, and for each of them the error code that is expected, or None."""

    send: Callable[[HitSender], Sequence[ReceiverAnswer]]
    hits: Sequence[Any]
    expected: Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Sent:
    """One hit and what became of it."""

    hit: Any
    expected: str | None
    answer: ReceiverAnswer


def sendings(app_id: str, api_key: str, now: datetime) -> list[Sending]:
    """Return everything that the demo sends, the refused ones in the middle of the accepted ones."""
    visitors = Visitors(seed=1)
    views = [visitors.page_view(app_id) for _ in range(SINGLES + PIXELS + BATCH)]
    # A price that is no number: the parameter is dropped and counted, the hit is taken.
    for view in views[:SINGLES:50]:
        view["custom_params"] = {**view["custom_params"], "product_price": "cheap"}
    singles = [_single(view, None) for view in views[:SINGLES]]
    pixels = [_pixel(view, None) for view in views[SINGLES : SINGLES + PIXELS]]
    good: list[Sending] = [*singles, *pixels]
    half = len(good) // 2
    return [*good[:half], *_refused(app_id, views[0]), _batch(views[-BATCH:], app_id, api_key, now), *good[half:]]


def _refused(app_id: str, view: Payload) -> list[Sending]:
    without = {name: value for name, value in view.items() if name != "app_id"}
    return [
        _single(without, "VALIDATION_ERROR"),
        _single({**view, "session_id": "s" * 101}, "VALIDATION_ERROR"),
        _single({**view, "app_id": _UNKNOWN}, "APPLICATION_NOT_FOUND"),
        _pixel({**view, "app_id": _UNKNOWN}, "APPLICATION_NOT_FOUND"),
        _pixel(without, "VALIDATION_ERROR"),
        _raw(b'{"app_id": "' + app_id.encode(), "VALIDATION_ERROR"),
        _raw(b" " * 70_000, "PAYLOAD_TOO_LARGE"),
        Sending(lambda sender: sender.batch([view], "not the key"), [view], ["INVALID_API_KEY"]),
    ]


def _batch(views: Sequence[Payload], app_id: str, api_key: str, now: datetime) -> Sending:
    """Return a batch with three bad ones in it: they are refused one by one, the others are taken."""
    bad: list[Any] = [
        {"app_id": app_id, "timestamp": (now + timedelta(days=2)).isoformat()},
        {"app_id": app_id, "event_name": 7},
        "not a hit",
    ]
    plain = [{name: value for name, value in view.items() if name != "user_agent"} for view in views]
    hits = [*plain[:10], *bad, *plain[10:]]
    expected = [None] * 10 + ["VALIDATION_ERROR"] * len(bad) + [None] * (len(views) - 10)
    return Sending(lambda sender: sender.batch(hits, api_key), hits, expected)


def _single(hit: Payload, expected: str | None) -> Sending:
    return Sending(lambda sender: [sender.track(hit)], [hit], [expected])


def _pixel(hit: Payload, expected: str | None) -> Sending:
    return Sending(lambda sender: [sender.pixel(hit)], [hit], [expected])


def _raw(body: bytes, expected: str) -> Sending:
    return Sending(lambda sender: [sender.post(body)], [body], [expected])


def send_all(url: str, what: Iterable[Sending], on_sent: Callable[[int], None]) -> list[Sent]:
    """Send everything over a few connections; `on_sent` is told of each answer how many hits it was for."""
    waiting: SimpleQueue[Sending] = SimpleQueue()
    for sending in what:
        waiting.put(sending)

    def work(_: None) -> list[Sent]:
        done: list[Sent] = []
        with HitSender(url) as sender:
            while True:
                try:
                    sending = waiting.get_nowait()
                except Empty:
                    return done
                answers = sending.send(sender)
                done += map(Sent, sending.hits, sending.expected, answers)
                on_sent(len(answers))

    with ThreadPoolExecutor(_THREADS) as threads:
        return [sent for done in threads.map(work, repeat(None, _THREADS)) for sent in done]
