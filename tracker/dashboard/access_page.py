"""Who may look at an application: its share links. A new one is shown once, on the page that answers its form."""

from collections.abc import Mapping
from typing import Final

from flask import Response, request

from tracker.dashboard.application_page import frame
from tracker.dashboard.changing import change, require
from tracker.dashboard.origin import origin
from tracker.dashboard.page import address, home, page
from tracker.dashboard.services import current_services
from tracker.dashboard.sign_in import see
from tracker.dashboard.viewer import viewer
from tracker.errors import Refused
from tracker.management import shares

PERMISSION: Final = "keys:write"
"""Whoever lets others in by a key lets them in by a link."""


def show(app_id: str) -> Response:
    """Return the page."""
    require(PERMISSION)
    return _page(app_id)


def save(app_id: str) -> Response:
    """Make or revoke a link; a new one is shown on the page that answers."""
    answer, refused = change(app_id, PERMISSION, {"share": _share, "revoke": _revoke})
    if refused is not None:
        return _page(app_id, refused=refused)
    return answer or see(f"{address(app_id)}/access?saved=1")


def _share(app_id: str, fields: Mapping[str, str]) -> Response:
    _, token = shares.create(
        current_services().database,
        app_id,
        name=fields.get("name", ""),
        frame_origins=fields.get("frame_origins", ""),
        by=viewer().actor,
    )
    return _page(
        app_id, link=f"{origin()}{home()}/share/{token}", may_be_framed=bool(fields.get("frame_origins", "").strip())
    )


def _revoke(app_id: str, fields: Mapping[str, str]) -> None:
    shares.revoke(current_services().database, app_id, fields.get("id", ""), by=viewer().actor)


def _page(
    app_id: str, *, link: str | None = None, may_be_framed: bool = False, refused: Refused | None = None
) -> Response:
    shown = frame(app_id)
    return page(
        "access.html",
        status=200 if refused is None else refused.status,
        script=link is not None,
        **shown,
        rows=shares.list_(current_services().database, shown["application"].app_id),
        link=link,
        may_be_framed=may_be_framed,
        refused=refused,
        saved="saved" in request.args,
    )
