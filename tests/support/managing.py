"""The API in the test's own process, with the receiver beside it, as they are served."""

from dataclasses import replace
from typing import Any

from werkzeug.test import Client, TestResponse

from tracker.api.mount import mount
from tracker.api.services import ApiServices
from tracker.config import Settings
from tracker.dashboard.mount import mount as mount_dashboard
from tracker.receiver.app import App, Receiver, create_app
from tracker.wiring import api, dashboard
from tracker.wiring.receiver import receiver


class Managing:
    """An API and a client of it. A `key` of None calls as nobody, and without one the operator calls."""

    def __init__(self, settings: Settings) -> None:
        self.admin_token = settings.admin_token
        self.receiver: Receiver = receiver(settings)
        self.parts: ApiServices = api.parts(settings)
        self.app: App = create_app(
            lambda: self.receiver, knows_caller=lambda environ: self.parts.key_check.knows(environ, self.parts.proxies)
        )
        mount(self.app, lambda: self.parts)
        # Parts that a test replaces are those of the next request; what a process remembers is kept.
        first = dashboard.parts(settings, self.parts)
        kept = {"share_reads": first.share_reads, "applications": first.applications}
        mount_dashboard(self.app, lambda: replace(dashboard.parts(settings, self.parts), **kept))
        self.client = Client(self.app)

    def close(self) -> None:
        self.parts.close()
        self.receiver.close()

    def get(self, path: str, **arguments: Any) -> TestResponse:
        return self.call("GET", path, **arguments)

    def post(self, path: str, body: Any = None, **arguments: Any) -> TestResponse:
        return self.call("POST", path, body, **arguments)

    def put(self, path: str, body: Any = None, **arguments: Any) -> TestResponse:
        return self.call("PUT", path, body, **arguments)

    def patch(self, path: str, body: Any = None, **arguments: Any) -> TestResponse:
        return self.call("PATCH", path, body, **arguments)

    def delete(self, path: str, **arguments: Any) -> TestResponse:
        return self.call("DELETE", path, **arguments)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = "admin",
        headers: dict[str, str] | None = None,
        address: str = "127.0.0.1",
        **arguments: Any,
    ) -> TestResponse:
        token = self.admin_token if key == "admin" else key
        given = {**({"Authorization": f"Bearer {token}"} if token else {}), **(headers or {})}
        content: dict[str, Any] = {} if body is None else {"data": body} if isinstance(body, bytes) else {"json": body}
        base = {"REMOTE_ADDR": address}
        return self.client.open(path, method=method, headers=given, environ_base=base, **content, **arguments)


def data(answer: TestResponse) -> Any:
    """What a good answer holds."""
    envelope = answer.get_json()
    assert envelope["success"] is True, envelope
    assert set(envelope) == {"success", "data", "timestamp"}
    return envelope["data"]


def error(answer: TestResponse) -> tuple[int, str]:
    """The status and the code of a refusal."""
    envelope = answer.get_json()
    assert envelope["success"] is False
    assert set(envelope) == {"success", "error", "timestamp"}
    assert set(envelope["error"]) == {"code", "message", "details"}
    return answer.status_code, envelope["error"]["code"]
