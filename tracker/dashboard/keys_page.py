"""An application's API keys: made, rotated, revoked. A new one is shown once, on the page that answers its form."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from flask import Response, request

from tracker.application import PERMISSIONS
from tracker.dashboard.application_page import frame
from tracker.dashboard.changing import change, one_of, require
from tracker.dashboard.list_pages import first_of_page
from tracker.dashboard.page import address, page
from tracker.dashboard.range_choice import query_string
from tracker.dashboard.services import current_services
from tracker.dashboard.sign_in import see
from tracker.dashboard.viewer import viewer
from tracker.errors import Refused
from tracker.management import keys, members

PERMISSION: Final = "keys:write"
GRACES: Final = (0, 3600, keys.DEFAULT_GRACE, 7 * 86_400)
"""Seconds that a replaced key may go on counting."""
LASTS: Final = (0, 30, 90, 365)
"""Days after which a new key ends; 0 is never."""
_SHOWN: Final = 50
"""Keys of a page: with the longest names they are what 200 KB hold."""


def show(app_id: str) -> Response:
    """Return the page."""
    require(PERMISSION)
    return _page(app_id)


def save(app_id: str) -> Response:
    """Make, rotate or revoke a key; a new one is shown on the page that answers."""
    answer, refused = change(app_id, PERMISSION, {"create": _create, "rotate": _rotate, "revoke": _revoke})
    if refused is not None:
        return _page(app_id, refused=refused)
    return answer or see(f"{address(app_id)}/keys{query_string(saved=1, after=request.args.get('after'))}")


def _create(app_id: str, fields: Mapping[str, str]) -> Response:
    services = current_services()
    days = one_of(fields.get("days", "0"), LASTS)
    ends: datetime | None = services.clock.now() + timedelta(days=days) if days else None
    _, api_key = keys.create(
        services.database,
        app_id,
        permissions=[name for name in PERMISSIONS if f"may:{name}" in fields],
        name=fields.get("name", "").strip() or None,
        expires_at=ends,
        by=viewer().actor,
    )
    return _page(app_id, api_key=api_key)


def _rotate(app_id: str, fields: Mapping[str, str]) -> Response:
    grace = one_of(fields.get("grace", ""), GRACES)
    _, api_key = keys.rotate(
        current_services().database, app_id, fields.get("id", ""), grace_seconds=grace, by=viewer().actor
    )
    return _page(app_id, api_key=api_key)


def _revoke(app_id: str, fields: Mapping[str, str]) -> None:
    keys.revoke(current_services().database, app_id, fields.get("id", ""), by=viewer().actor)


def _page(app_id: str, *, api_key: str | None = None, refused: Refused | None = None) -> Response:
    shown = frame(app_id)
    services = current_services()
    key = viewer().key
    listed = keys.list_(services.database, shown["application"].app_id)
    after = first_of_page(listed)
    return page(
        "keys.html",
        status=200 if refused is None else refused.status,
        script=api_key is not None,
        **shown,
        rows=listed[after : after + _SHOWN],
        after=after,
        next_page=after + _SHOWN if after + _SHOWN < len(listed) else None,
        permissions=[name for name in PERMISSIONS if viewer().may(name)],
        every=PERMISSIONS,
        members=members.names_by_key(services.database, shown["application"].app_id),
        own=None if key is None else keys.FIRST if key.id is None else key.id,
        first=keys.FIRST,
        api_key=api_key,
        graces=GRACES,
        default_grace=keys.DEFAULT_GRACE,
        lasts=LASTS,
        now=services.clock.now(),
        refused=refused,
        saved="saved" in request.args,
    )
