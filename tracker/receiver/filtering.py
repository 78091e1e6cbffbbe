"""Which hits are not counted as visits, and why: a reason each, so that none is left out silently."""

from collections.abc import Mapping
from typing import Any, Literal

from tracker.privacy.bots import is_bot
from tracker.privacy.programs import is_client
from tracker.receiver.rules import Rules

Reason = Literal["bot", "prefetch", "gpc", "dnt"]

_AHEAD = {
    "HTTP_SEC_PURPOSE": ("prefetch", "prerender"),
    "HTTP_PURPOSE": ("prefetch", "preview"),
    "HTTP_X_PURPOSE": ("prefetch", "preview"),
    "HTTP_X_MOZ": ("prefetch",),
}
"""Headers of pages that are fetched although nobody has asked for them yet, and what says so in them."""


def reason_to_drop(rules: Rules, environ: Mapping[str, Any], user_agent: str | None) -> Reason | None:
    """Return why a browser's hit is dropped, if it is."""
    if rules.respect_dnt == "drop" and (said := wish_of(environ)):
        return said
    if rules.drops_bots:
        if _is_fetched_ahead(environ):
            return "prefetch"
        if user_agent and is_bot(user_agent) and not is_client(user_agent):
            return "bot"
    return None


def reason_to_drop_keyed(rules: Rules, user_agent: str | None) -> Reason | None:
    """Return the same for a hit that came with an API key: only what it carries itself counts, not who brings it."""
    return "bot" if rules.drops_bots and user_agent and is_bot(user_agent) else None


def left_out_in(values: Mapping[str, Any]) -> Literal["gpc", "dnt"] | None:
    """Return the wish by which the beacon has left a visit out already, where it asks for it to be counted."""
    said = values.get("left_out")
    return said if said in ("gpc", "dnt") else None


def wish_of(environ: Mapping[str, Any]) -> Literal["gpc", "dnt"] | None:
    """Return which header says that the visitor does not want to be followed.

    Global Privacy Control, or Do Not Track.
    """
    if environ.get("HTTP_SEC_GPC") == "1":
        return "gpc"
    if environ.get("HTTP_DNT") == "1":
        return "dnt"
    return None


def _is_fetched_ahead(environ: Mapping[str, Any]) -> bool:
    for header, words in _AHEAD.items():
        if header in environ:
            value = environ[header].lower()
            if any(word in value for word in words):
                return True
    return False
