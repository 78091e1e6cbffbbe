"""The beacon's script as browsers get it: minified, compressed, and named by its content."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rjsmin import jsmin

SOURCE = Path(__file__).with_name("tracker.js")


@dataclass(frozen=True, slots=True)
class Script:
    """The script and the same gzipped; `version` changes with every change of it."""

    body: bytes
    compressed: bytes
    version: str


@cache
def script() -> Script:
    """Return the script of this release, made of `tracker.js` when it is first asked for."""
    body = str(jsmin(SOURCE.read_text(encoding="utf-8"))).encode()
    # Without a time in the frame, every process and every server sends the same bytes.
    return Script(body, gzip.compress(body, mtime=0), hashlib.sha256(body).hexdigest()[:16])
