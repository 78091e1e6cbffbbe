"""The way to the real receiver, on which a test sees what passes, and stands in it."""

import http.client
import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.browser.loopback_server import LoopbackServer

HELD_SECONDS = 120
"""At most, however slow the machine is; no test waits for its end."""
_OF_THE_CONNECTION = {"connection", "date", "server", "transfer-encoding"}


@dataclass(frozen=True)
class Passed:
    """One request to `/v1/track`: its method, headers, JSON, and the status that the browser was given."""

    method: str
    headers: dict[str, str]
    hit: dict[str, Any]
    status: int
    at: float


class Gate:
    """Forwards to the receiver, at http://localhost:port."""

    def __init__(self, receiver_port: int) -> None:
        self._receiver_port = receiver_port
        self._instead: list[tuple[int, dict[str, str]]] = []
        self._open, self._answering = threading.Event(), threading.Event()
        self._open.set()
        self._answering.set()
        self.arrived = threading.Semaphore(0)
        self._passed: list[Passed] = []
        self._settled = threading.Condition()
        self._on_the_way = 0
        self._server = LoopbackServer(self._serve)

    @property
    def origin(self) -> str:
        return f"http://localhost:{self._server.port}"

    @property
    def requests(self) -> list[Passed]:
        """What has passed; those that are on their way to the receiver and back are waited for, held ones are not."""
        with self._settled:
            assert self._settled.wait_for(lambda: self._on_the_way == 0, timeout=HELD_SECONDS)
            return list(self._passed)

    @property
    def hits(self) -> list[dict[str, Any]]:
        """The hits that were sent, as often as they were."""
        return [passed.hit for passed in self.requests if passed.method == "POST"]

    def go_away(self) -> None:
        self._server.stop()

    def come_back(self) -> None:
        self._server.start()

    def answer(self, status: int, *, times: int = 1, headers: dict[str, str] | None = None) -> None:
        """Answer the next hits this way, without the receiver."""
        self._instead += [(status, headers or {})] * times

    def hold_requests(self) -> None:
        """Keep the next hits from the receiver until `let_go`."""
        self._open.clear()

    def hold_answers(self) -> None:
        """Let the next hits through, but keep the receiver's answers back until `let_go`."""
        self._answering.clear()

    def let_go(self) -> None:
        self._open.set()
        self._answering.set()

    def close(self) -> None:
        self.let_go()
        self._server.stop()

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        if request.path == "/v1/track":
            self.arrived.release()
            self._open.wait(HELD_SECONDS)
            status, headers, answer = self._pass(request, body)
            self._answering.wait(HELD_SECONDS)
        else:
            status, headers, answer = self._forward(request, body)
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(answer)

    def _pass(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, str], bytes]:
        with self._settled:
            self._on_the_way += 1
        try:
            answer = self._instead_of_the_receiver() or self._forward(request, body)
            passed = Passed(
                request.command, dict(request.headers.items()), json.loads(body) if body else {}, answer[0], time.time()
            )
            self._passed.append(passed)
        finally:
            with self._settled:
                self._on_the_way -= 1
                self._settled.notify_all()
        return answer

    def _instead_of_the_receiver(self) -> tuple[int, dict[str, str], bytes] | None:
        if not self._instead:
            return None
        status, headers = self._instead.pop(0)
        readable = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After"}
        return status, {**readable, "Content-Length": "0", **headers}, b""

    def _forward(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._receiver_port, timeout=HELD_SECONDS)
        try:
            headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
            connection.request(request.command, request.path, body or None, headers)
            answer = connection.getresponse()
            content = answer.read()
            kept = {name: value for name, value in answer.getheaders() if name.lower() not in _OF_THE_CONNECTION}
            return answer.status, kept, content
        finally:
            connection.close()
