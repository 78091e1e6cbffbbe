"""The API in the test's own process, with the receiver beside it, as they are served."""

from dataclasses import replace
from typing import Any, ClassVar, cast
from weakref import WeakSet

from werkzeug.test import Client, TestResponse

from tracker.api.mount import mount
from tracker.api.services import ApiServices
from tracker.config import Settings
from tracker.dashboard.mount import mount as mount_dashboard
from tracker.dashboard.services import EXTENSION, DashboardServices
from tracker.dashboard.shared_looks import SharedLooks
from tracker.receiver.app import App, Receiver, create_app
from tracker.wiring import api, dashboard
from tracker.wiring.receiver import receiver


class Mounted:
    """An application with all its paths, whose parts are those of the `Managing` that has it.

    Making one takes longer than most tests of it: who has done with it leaves it to the next, in `_free`. Nothing of
    what it answered stays.
    """

    _free: ClassVar[list["Mounted"]] = []

    def __init__(self) -> None:
        self.parts_of: Managing
        self.app: App = create_app(
            lambda: self.parts_of.receiver,
            knows_caller=lambda environ: self.parts_of.parts.key_check.knows(environ, self.parts_of.parts.proxies),
        )
        mount(self.app, lambda: self.parts_of.parts)
        self._without_looks = self.app.wsgi_app
        mount_dashboard(self.app, self._dashboard_parts)

    @classmethod
    def for_parts_of(cls, managing: "Managing") -> "Mounted":
        mounted = cls._free.pop() if cls._free else cls()
        mounted.parts_of = managing
        app = mounted.app
        app.extensions[EXTENSION] = mounted._dashboard_parts  # A test may have put something else there.
        app.wsgi_app = SharedLooks(mounted._without_looks, mounted._present_dashboard_parts)  # type: ignore[method-assign]
        return mounted

    def give_back(self) -> None:
        if self not in self._free:
            self._free.append(self)
            del self.parts_of  # Whoever goes on asking is not answered by the next one's parts.

    def _dashboard_parts(self) -> DashboardServices:
        return self.parts_of.dashboard_parts()

    def _present_dashboard_parts(self) -> DashboardServices:
        return cast(DashboardServices, self.app.extensions[EXTENSION]())


class Managing:
    """An API and a client of it. A `key` of None calls as nobody, and without one the operator calls."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.admin_token = settings.admin_token
        self.receiver: Receiver = receiver(settings)
        self.parts: ApiServices = api.parts(settings)
        # Parts that a test replaces are those of the next request; what a process remembers is kept.
        first = dashboard.parts(settings, self.parts)
        self._kept = {"share_reads": first.share_reads, "applications": first.applications}
        self._mounted = Mounted.for_parts_of(self)
        self.app = self._mounted.app
        self.client = Client(self.app)
        self._answers: WeakSet[TestResponse] = WeakSet()

    def dashboard_parts(self) -> DashboardServices:
        return replace(dashboard.parts(self.settings, self.parts), **self._kept)

    def close(self) -> None:
        # One that was not read to its end holds a place of the process, and in a circle of references for long.
        for answer in list(self._answers):
            answer.close()
        self.parts.close()
        self.receiver.close()
        self._mounted.give_back()

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
        answer = self.client.open(path, method=method, headers=given, environ_base=base, **content, **arguments)
        self._answers.add(answer)
        return answer


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
