"""Whoever comes by a share link: may look at one application's numbers, as long as the link is there, and do no more.

Each request brings the token in its address, so that a link which was revoked is gone with the next one, and a frame on
another site needs no cookie. Only that a link's password was entered is kept in the browser (`share_password`).
"""

from typing import Final

from flask import g, request

from tracker.dashboard import share_password
from tracker.dashboard.link_tokens import found_by
from tracker.dashboard.services import current_services
from tracker.dashboard.viewer import Viewer
from tracker.management import shares

MISSING: Final = "There is no such share link."


def identify() -> None:
    """Find the link of the request's token, and put its application where the pages look for one.

    Raises Refused, and PasswordNeeded for who has not entered the link's password.
    """
    services = current_services()
    arguments = request.view_args or {}
    token = str(arguments.pop("token", ""))
    find = services.applications.as_of
    share, application = found_by(token, lambda: shares.find(services.database, token, find), MISSING)
    services.share_reads.take(share, is_look=request.endpoint == "dashboard.share-live-now")
    arguments["app_id"] = application.app_id
    g.share_token = token
    share_password.require(share)
    g.viewer = Viewer(application, share=share)
