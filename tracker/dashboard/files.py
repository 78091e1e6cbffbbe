"""What pages load: a style sheet, an icon and a script, from the package, under addresses that change with them."""

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Final

from flask import Response, request

from tracker.errors import not_found

_FOLDER: Final = Path(__file__).parent / "files"
_TYPES: Final = {
    "dashboard.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "dashboard.js": "text/javascript; charset=utf-8",
}
_FOR_READERS: Final = {
    "dashboard.css": re.compile(rb"/\*.*?\*/\s*|^\s+", re.DOTALL | re.MULTILINE),
    "dashboard.js": re.compile(rb"^\s*//.*\n|^\s+", re.MULTILINE),
}
"""Comments and indentation, for who reads the code, not for each visitor; no text in these files looks like one."""
_HEADERS: Final = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
    # An image that is opened by itself is a document, and may then do no more than as an image.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
}


def path_of(name: str) -> str:
    """Return where a file stands below the dashboard, as it is now."""
    return f"/files/{_read(name)[1]}/{name}"


def file(mark: str, name: str) -> Response:
    """Return a file, or 304 for whoever has it already.

    One that changed since its page was made is there all the same.
    """
    if name not in _TYPES:
        raise not_found("There is nothing at this address.")
    content, current = _read(name)
    answer = Response(content, content_type=_TYPES[name], headers=_HEADERS)
    if mark != current:
        answer.headers["Cache-Control"] = "no-cache"
    answer.set_etag(current)
    answer.make_conditional(request)
    return answer


@cache
def _read(name: str) -> tuple[bytes, str]:
    content = (_FOLDER / name).read_bytes()
    if name in _FOR_READERS:
        content = _FOR_READERS[name].sub(b"", content)
    return content, hashlib.sha256(content).hexdigest()[:16]
