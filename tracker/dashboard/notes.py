"""Notes on days, added and taken away from the page of an application's traffic."""

from collections.abc import Mapping
from typing import Final

from flask import Response

from tracker.dashboard.changing import change
from tracker.dashboard.page import address
from tracker.dashboard.ranges import day_of
from tracker.dashboard.services import current_services
from tracker.dashboard.sign_in import own_path, see
from tracker.dashboard.viewer import viewer
from tracker.errors import invalid
from tracker.management import annotations

PERMISSION: Final = "settings:write"


def save(app_id: str) -> Response:
    """Add a note or take one away, and go back to the page that asked for it. Raises Refused."""
    back = address(app_id)

    def add(app_id: str, fields: Mapping[str, str]) -> Response:
        day = day_of(fields, "day")
        if day is None:
            reason = "Must be a day, such as 2026-01-31."
            raise invalid(f"day: {reason}", day=[reason])
        annotations.create(current_services().database, app_id, day=day, text=fields.get("text", ""), by=viewer().actor)
        return see(own_path(fields.get("next") or back))

    def delete(app_id: str, fields: Mapping[str, str]) -> Response:
        annotations.delete(current_services().database, app_id, fields.get("id", ""), by=viewer().actor)
        return see(own_path(fields.get("next") or back))

    answer, refused = change(app_id, PERMISSION, {"add": add, "delete": delete})
    if refused is not None:
        raise refused
    return answer or see(back)
