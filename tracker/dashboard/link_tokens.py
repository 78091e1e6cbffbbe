"""Tokens that stand in an address: of share links and of invitations. Wrong ones count with wrong keys."""

from collections.abc import Callable
from typing import TypeVar

from flask import request

from tracker.dashboard.services import current_services
from tracker.errors import not_found
from tracker.web.request_headers import client_address

LENGTH = 43
"""Characters of 256 random bits in base64."""
_Found = TypeVar("_Found")


def found_by(token: str, look_up: Callable[[], _Found | None], missing: str) -> _Found:
    """Return what a token stands for. Raises Refused: NOT_FOUND with the sentence `missing`, RATE_LIMIT_EXCEEDED."""
    services = current_services()
    address, failed = client_address(request.environ, services.proxies), services.key_check.failed_keys
    too_many = not failed.was_good(token) and failed.are_too_many(address)
    if too_many:
        failed.require_look_up(token)
    meant = look_up() if len(token) == LENGTH else None
    if meant is None:
        failed.failed(address, token)
        if too_many:
            raise failed.refused()
        raise not_found(missing)
    failed.succeeded(token)
    return meant
