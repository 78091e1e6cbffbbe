"""A caller of the tracking endpoints, as a page or a server would be one: hits over HTTP, on one kept connection."""

import contextlib
import http.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import orjson

from tracker.errors import TryAgain

_TIMEOUT = 10.0
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class ReceiverAnswer:
    """What became of one hit: `code` is the error's, or None where the hit was accepted.

    A pixel that was accepted does not say its tracking id.
    """

    code: str | None
    tracking_id: UUID | None = None


class ReceiverAway(TryAgain):
    """No answer came, so that it is not known whether the hits were taken."""


class HitSender:
    """One connection to a receiver. Not thread-safe: a thread has its own. Its calls raise ReceiverAway."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=_TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def pixel(self, hit: Mapping[str, Any]) -> ReceiverAnswer:
        """One hit as a page without scripts sends it."""
        said, headers = _as_a_browser(hit)
        values = {
            name: value if isinstance(value, str) else orjson.dumps(value).decode() for name, value in said.items()
        }
        response, _ = self._request("GET", f"/pixel.gif?{urlencode(values)}", headers=headers)
        return ReceiverAnswer(response.headers["X-Tracker-Error"])

    def track(self, hit: Mapping[str, Any]) -> ReceiverAnswer:
        """One hit as JSON."""
        said, headers = _as_a_browser(hit)
        return self.post(orjson.dumps(said), headers)

    def post(self, body: bytes, headers: Mapping[str, str] | None = None) -> ReceiverAnswer:
        """Any body at all, to where single hits go."""
        _, content = self._request("POST", "/v1/track", body, {**_JSON, **(headers or {})})
        answer = orjson.loads(content)
        return _accepted(answer["data"]) if answer["success"] else ReceiverAnswer(answer["error"]["code"])

    def batch(self, hits: Sequence[Any], api_key: str) -> list[ReceiverAnswer]:
        """Many hits at once; where the whole batch is refused, each hit is. A user agent is believed of some keys."""
        body = orjson.dumps({"events": hits})
        _, content = self._request("POST", "/v1/track/batch", body, {**_JSON, "X-API-Key": api_key})
        answer = orjson.loads(content)
        if not answer["success"]:
            return [ReceiverAnswer(answer["error"]["code"])] * len(hits)
        results = answer["data"]["results"]
        return [
            _accepted(result) if result["success"] else ReceiverAnswer(result["error"]["code"]) for result in results
        ]

    def _request(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[http.client.HTTPResponse, bytes]:
        try:
            # A receiver may answer a body that is too long before it has read it: the answer is there all the same.
            with contextlib.suppress(BrokenPipeError):
                self._connection.request(method, path, body, dict(headers or {}))
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise ReceiverAway(f"The receiver did not answer {method} {path.partition('?')[0]}: {error!r}") from error
        if response.status == http.client.REQUEST_ENTITY_TOO_LARGE:
            # What the receiver left unread makes the connection useless for anything that follows.
            self._connection.close()
        return response, content


def _as_a_browser(hit: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    """Return a hit without its user agent, and the header that says it."""
    said = dict(hit)
    user_agent = said.pop("user_agent", None)
    return said, {} if user_agent is None else {"User-Agent": user_agent}


def _accepted(data: Mapping[str, Any]) -> ReceiverAnswer:
    return ReceiverAnswer(None, UUID(data["tracking_id"]))
