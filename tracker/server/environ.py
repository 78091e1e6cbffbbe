"""A request's head as WSGI has it (PEP 3333), each header by its own spelling only.

WSGI's names cannot tell `X_Forwarded_For` from `X-Forwarded-For`. A header with an underscore in its name is therefore
left out, as nginx and gunicorn do: proxies replace and remove headers by their real names, and what a client spells
differently must not come in their place.
"""

import sys
from typing import Any
from urllib.parse import unquote_to_bytes

from tracker.server.site import Environ

_MAX_KNOWN = 2000
_JOINED_OTHERWISE = {"HTTP_COOKIE": "; "}
KEYS: dict[bytes, str] = {b"Content-Type": "CONTENT_TYPE", b"Content-Length": "CONTENT_LENGTH"}
"""Header names as they were spelled, and their names in WSGI; an empty one for what is left out."""


def add_header(environ: Environ, name: bytes, value: bytes) -> None:
    """Add a header as it came in. Several of one name become a list (RFC 9110, 5.3), in their order."""
    key = KEYS.get(name)
    if key is None:
        key = _learn(name)
    if not key:
        return
    if key in environ:
        environ[key] += _JOINED_OTHERWISE.get(key, ", ") + value.decode("latin-1")
    else:
        environ[key] = value.decode("latin-1")


def _learn(name: bytes) -> str:
    if b"_" in name:
        key = ""
    else:
        key = name.decode("latin-1").upper().replace("-", "_")
        if key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
            key = f"HTTP_{key}"
    if len(KEYS) < _MAX_KNOWN:
        KEYS[name] = key
    return key


def base(peer: Any, local: Any) -> Environ:  # noqa: ANN401 socket addresses have several forms
    """Return what holds for every request of a connection between these two socket addresses."""
    remote, port = (peer[0], str(peer[1])) if isinstance(peer, tuple) else ("", "")
    name, own_port = (local[0], str(local[1])) if isinstance(local, tuple) else ("localhost", "80")
    return {
        "SCRIPT_NAME": "",
        "SERVER_NAME": name,
        "SERVER_PORT": own_port,
        "SERVER_SOFTWARE": "tracker",
        "REMOTE_ADDR": remote,
        "REMOTE_PORT": port,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }


def add_request_line(environ: Environ, method: str, path: bytes, query: bytes, version: str) -> None:
    """Add what the first line says. `path` may still have the form of a whole URL (RFC 9112, 3.2.2)."""
    if not path.startswith(b"/") and b"://" in path:
        path = b"/" + path.partition(b"://")[2].partition(b"/")[2]
    environ["REQUEST_METHOD"] = method
    environ["PATH_INFO"] = (unquote_to_bytes(path) if b"%" in path else path).decode("latin-1")
    environ["QUERY_STRING"] = query.decode("latin-1")
    environ["SERVER_PROTOCOL"] = f"HTTP/{version}"
