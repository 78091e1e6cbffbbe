"""A temporary folder that only this user may enter, under a path that is short and plain."""

import os
import re
import tempfile
from pathlib import Path

from tracker.errors import EmbeddedServerFailed

_SHORT_AND_PLAIN = re.compile(r"/[A-Za-z0-9_./-]{1,60}")
"""A unix socket's path has at most 107 bytes; PostgreSQL's list of socket folders knows commas and quotes."""


def make() -> Path:
    """Return a new folder of mode 0700; the caller removes it."""
    for parent in (tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm"):  # noqa: S108 - mkdtemp makes it private
        if _SHORT_AND_PLAIN.fullmatch(parent) and os.access(parent, os.W_OK | os.X_OK):
            return Path(tempfile.mkdtemp(prefix="tracker-", dir=parent))
    raise EmbeddedServerFailed("There is no room for a socket: /tmp, /var/tmp and /dev/shm cannot be written to.")
