"""The receiver in the test's own process, and what it has put into the queue."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

from werkzeug.test import Client, TestResponse

from tracker.config import Settings
from tracker.hit import Hit
from tracker.queueing.connection import Connection
from tracker.queueing.entry import NORMAL, Entry
from tracker.queueing.overflow import overflow_streams
from tracker.receiver.app import Receiver, create_app
from tracker.wiring.receiver import receiver

_PEER = {"REMOTE_ADDR": "127.0.0.1"}


class Receiving:
    """A receiver and a client of it."""

    def __init__(self, settings: Settings) -> None:
        self.receiver: Receiver = receiver(settings)
        self.client = Client(create_app(lambda: self.receiver))

    def close(self) -> None:
        self.receiver.close()

    def track(self, body: bytes | dict[str, Any], *, key: str | None = None, **arguments: Any) -> TestResponse:
        return self.post("/v1/track", body, key=key, **arguments)

    def batch(self, body: bytes | dict[str, Any], *, key: str | None = None, **arguments: Any) -> TestResponse:
        return self.post("/v1/track/batch", body, key=key, **arguments)

    def pixel(self, query: str, **arguments: Any) -> TestResponse:
        return self.client.get(f"/pixel.gif?{query}", environ_base=_PEER, **arguments)

    def post(
        self,
        path: str,
        body: bytes | dict[str, Any],
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
        **arguments: Any,
    ) -> TestResponse:
        given = {**(headers or {}), **({"X-API-Key": key} if key else {})}
        content = {"json": body} if isinstance(body, dict) else {"data": body}
        return self.client.post(path, headers=given, environ_base=_PEER, **content, **arguments)


def queued(redis: Connection, stream: str = NORMAL) -> list[Entry]:
    """The entries in a stream, oldest first; of the normal one with those in applications' own streams behind it."""
    fields_by_id: list[Any] = [*cast(list[Any], redis.xrange(stream))]
    for overflow in overflow_streams(redis) if stream == NORMAL else ():
        fields_by_id += cast(list[Any], redis.xrange(overflow))
    return [Entry.from_fields(fields, stream_id) for stream_id, fields in fields_by_id]


def queued_hits(redis: Connection, stream: str = NORMAL) -> list[Hit]:
    return [Hit.decode(entry.tracking_data) for entry in queued(redis, stream)]


def in_one_minute(redis: Connection, send: Callable[[], Any]) -> Any:
    """Call it until all of it falls into one minute, beginning anew with each."""
    while True:
        redis.flushall()
        began = datetime.now(UTC).minute
        answers = send()
        if datetime.now(UTC).minute == began:
            return answers


def code(answer: TestResponse) -> tuple[int, str | None]:
    """The status, and the error's code if there is one, of an envelope or of a pixel."""
    if answer.mimetype == "image/gif":
        return answer.status_code, answer.headers.get("X-Tracker-Error")
    envelope = answer.get_json()
    assert envelope["timestamp"].endswith("Z")
    assert envelope["success"] is (answer.status_code == 200)
    assert set(envelope) == {"success", "timestamp", "data" if envelope["success"] else "error"}
    return answer.status_code, None if envelope["success"] else envelope["error"]["code"]


def fields_named(answer: TestResponse) -> list[str]:
    assert code(answer) == (400, "VALIDATION_ERROR")
    return list(answer.get_json()["error"]["details"])
