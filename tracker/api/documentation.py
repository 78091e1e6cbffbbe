"""`/openapi.json`, and `/docs` to read it: Swagger UI from the files of the installed package, nothing from outside.

The page's own script is a file too, so that the browser can be told to run no other (docs/decisions/0072). Addresses
are relative: below a sub-path that a proxy takes off, the page and the requests that it tries lead there, too.
"""

from collections.abc import Callable
from importlib.resources import files
from typing import Final

from flask import Blueprint, Response

_FILES: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Access Log Tracker: API</title>
<link rel="icon" type="image/png" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="docs"></div>
<noscript>This page needs JavaScript. The document itself is <a href="openapi.json">openapi.json</a>.</noscript>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
_START: Final = """const home = new URL(".", location.href).pathname;
fetch("openapi.json")
  .then((answer) => answer.json())
  .then((description) => SwaggerUIBundle({
    spec: { ...description, servers: [{ url: home }] },
    dom_id: "#docs",
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    validatorUrl: null,
    withCredentials: false
  }));
"""
_DAY: Final = "public, max-age=86400"


def documentation(document: bytes) -> Blueprint:
    """Return the endpoints that describe the API; `document` is the OpenAPI document. They need no key."""
    blueprint = Blueprint("documentation", __name__)

    @blueprint.get("/openapi.json")
    def openapi() -> Response:
        return _answer(document, "application/json", "no-cache")

    @blueprint.get("/docs")
    def docs() -> Response:
        page = _answer(_PAGE.encode(), "text/html; charset=utf-8", "no-cache")
        page.headers["Content-Security-Policy"] = _POLICY
        page.headers["Referrer-Policy"] = "no-referrer"
        return page

    @blueprint.get("/docs/start.js")
    def start() -> Response:
        return _answer(_START.encode(), "text/javascript; charset=utf-8", _DAY)

    for name, kind in _FILES.items():
        blueprint.add_url_rule(f"/docs/{name}", endpoint=name.replace(".", "-"), view_func=_file(name, kind))
    return blueprint


def _file(name: str, kind: str) -> Callable[[], Response]:
    content: list[bytes] = []

    def send() -> Response:
        if not content:
            # Read when somebody first asks, and then kept: most processes never serve it.
            content.append(files("flask_swagger_ui").joinpath("dist", name).read_bytes())
        return _answer(content[0], kind, _DAY)

    return send


def _answer(body: bytes, kind: str, caching: str) -> Response:
    return Response(body, headers={"Content-Type": kind, "Cache-Control": caching, "X-Content-Type-Options": "nosniff"})
