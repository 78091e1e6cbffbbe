"""Whoever comes by a share link: may look at one application's numbers, as long as the link is there, and do no more.

Nothing is kept in the browser: each request brings the token in its address, so that a link which was revoked is gone
with the next one, and a frame on another site needs no cookie.
"""

from flask import g, request

from tracker.dashboard.services import current_services
from tracker.dashboard.viewer import Viewer
from tracker.errors import not_found
from tracker.management import shares
from tracker.store import applications
from tracker.store.shares import Share
from tracker.web.request_headers import client_address


def identify() -> None:
    """Find the link of the request's token, and put its application where the pages look for one. Raises Refused."""
    services = current_services()
    arguments = request.view_args or {}
    token = str(arguments.pop("token", ""))
    share = _found(token)
    services.share_reads.take(share)
    with services.database.transaction() as tx:
        application = applications.find(tx, share.app_id)
    if application is None or application.deleted:
        raise not_found("There is no such share link.")
    arguments["app_id"] = application.app_id
    g.viewer = Viewer(application, share=share)
    g.share_token = token


def _found(token: str) -> Share:
    """Return the link. Wrong tokens of an address are counted with its wrong keys. Raises Refused."""
    services = current_services()
    address, failed = client_address(request.environ, services.proxies), services.key_check.failed_keys
    too_many = not failed.was_good(token) and failed.are_too_many(address)
    if too_many:
        failed.require_look_up(token)
    share = shares.find(services.database, token) if len(token) == shares.TOKEN_LENGTH else None
    if share is None:
        failed.failed(address, token)
        if too_many:
            raise failed.refused()
        raise not_found("There is no such share link.")
    failed.succeeded(token)
    return share
