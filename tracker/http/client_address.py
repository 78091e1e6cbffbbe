"""Who sent a hit, as an address that PostgreSQL's INET takes.

`X-Forwarded-For` can be written by anyone. With TRACKER_TRUSTED_PROXIES=N the N-th entry from the right is the one
that the outermost of one's own proxies wrote; anything left of it is hearsay.
"""

from collections.abc import Mapping
from typing import Any

from tracker.addresses import LONGEST, normalise


def client_address(environ: Mapping[str, Any], trusted_proxies: int) -> str | None:
    """The client's address in canonical form, or the peer's where the proxies' word is missing or garbage.

    None where the peer has none, as on a unix socket.
    """
    if trusted_proxies:
        entries = environ.get("HTTP_X_FORWARDED_FOR", "").rsplit(",", trusted_proxies)
        # With fewer entries than proxies the request did not come through all of them: nothing there can be believed.
        position = len(entries) - trusted_proxies
        if position >= 0 and (forwarded := normalise(entries[position][-LONGEST:])):
            return forwarded
    return normalise(environ.get("REMOTE_ADDR") or "")
