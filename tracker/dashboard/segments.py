"""Saved filters, made of what is chosen on the page of an application's traffic, and taken away there."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from flask import Response

from tracker.dashboard.changing import change
from tracker.dashboard.page import address
from tracker.dashboard.services import current_services
from tracker.dashboard.sign_in import own_path, see
from tracker.dashboard.viewer import viewer
from tracker.management import segments

PERMISSION: Final = "settings:write"


def save(app_id: str) -> Response:
    """Save filters or take them away, and go back to the page that asked for it. Raises Refused."""
    back = address(app_id)

    def add(app_id: str, fields: Mapping[str, str]) -> Response:
        filters = dict(parse_qsl(fields.get("filters", "").removeprefix("?")))
        database = current_services().database
        segments.create(database, app_id, name=fields.get("name", ""), filters=filters, by=viewer().actor)
        return see(own_path(fields.get("next") or back))

    def delete(app_id: str, fields: Mapping[str, str]) -> Response:
        segments.delete(current_services().database, app_id, fields.get("id", ""), by=viewer().actor)
        return see(own_path(fields.get("next") or back))

    answer, refused = change(app_id, PERMISSION, {"add": add, "delete": delete})
    if refused is not None:
        raise refused
    return answer or see(back)
