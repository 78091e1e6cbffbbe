"""The website: pages of a test's own, on one origin, with the tag of a tracker on another."""

from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from tests.browser.loopback_server import LoopbackServer


class Site:
    """Pages by path, at http://127.0.0.1:port; those that no test has set are `Page` and the tag."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.asked: list[str] = []
        self._pages: dict[str, tuple[str, dict[str, str]]] = {}
        self._server = LoopbackServer(self._serve)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.port}"

    def url(self, path: str) -> str:
        return self.origin + path

    def page(self, path: str, body: str = "", *, head: str | None = None, headers: dict[str, str] | None = None) -> str:
        """Set a page, with the tag in its head unless `head` is given; its URL."""
        given = self.tag if head is None else head
        html = f"<!doctype html><meta charset=utf-8><title>{path}</title>{given}<body><p id=text>A page</p>{body}"
        self._pages[path] = html, headers or {}
        return self.url(path)

    def close(self) -> None:
        self._server.stop()

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append(request.path)
        path = urlsplit(request.path).path
        if path == "/favicon.ico":
            request.send_error(404)
            return
        if path not in self._pages:
            self.page(path)
        html, headers = self._pages[path]
        body = html.encode()
        request.send_response(200)
        for name, value in {"Content-Type": "text/html", "Content-Length": str(len(body)), **headers}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)
