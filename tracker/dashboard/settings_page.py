"""An application's settings: its name, whose pages it takes, its limits, all else that it may set, and its end."""

from collections.abc import Mapping
from typing import Final

from flask import Response, g, request

from tracker import time_zones
from tracker.application import Application
from tracker.application_settings import DAILY_MEGABYTES, RETENTION_DAYS
from tracker.dashboard import application_fields
from tracker.dashboard.application_page import frame
from tracker.dashboard.changing import Action, change, require
from tracker.dashboard.page import address, home, page
from tracker.dashboard.services import current_services
from tracker.dashboard.setting_fields import GROUPS, changes_of, field_of
from tracker.dashboard.sign_in import end_session, see
from tracker.dashboard.viewer import viewer
from tracker.erasure import requests
from tracker.errors import Refused, invalid
from tracker.management import applications, audit, settings
from tracker.management.applications import ApplicationRow
from tracker.store.database import Transaction

PERMISSION: Final = "settings:write"
_OF_THE_OPERATOR: Final = ("active", "inactive", "suspended")
_OF_OWNERS: Final = ("active", "inactive")
"""What the first key chooses from, unless the operator has suspended the application."""


def show(app_id: str) -> Response:
    """Return the page."""
    require(PERMISSION)
    return _page(app_id, None)


def save(app_id: str) -> Response:
    """Change what a form of the page says, and show the page again, with the reason where it was refused."""
    actions: dict[str, Action] = {"application": _change_application, "settings": _change_settings}
    if _may_operate():
        actions["delete"] = _delete
    answer, refused = change(app_id, PERMISSION, actions)
    if refused is not None:
        return _page(app_id, refused)
    return answer or see(f"{address(app_id)}/settings?saved=1")


def _change_application(app_id: str, fields: Mapping[str, str]) -> None:
    changes, seen = application_fields.changes_of(fields)
    applications.update(current_services().database, app_id, changes, by=viewer().actor, seen=seen)


def _change_settings(app_id: str, fields: Mapping[str, str]) -> None:
    changes, seen = changes_of(fields)
    settings.change(current_services().database, app_id, changes, by=viewer().actor, seen=seen)


def _delete(app_id: str, fields: Mapping[str, str]) -> Response:
    """Delete the application, and have the scheduler remove what it stored where that is asked for.

    Whoever holds its key is signed out with it.
    """
    if fields.get("app_id", "").strip() != app_id:
        reason = "To delete the application, type its app_id exactly as it is written."
        raise invalid(reason, app_id=[reason])
    services, by, removes_all = current_services(), viewer().actor, "purge" in fields

    def also(tx: Transaction, application: Application) -> None:
        if removes_all and requests.request_purge(tx, application, now=services.clock.now())[1]:
            audit.record(tx, by, application.id, "application.purged", application.app_id)

    applications.delete(services.database, app_id, by=by, also=also)
    done = "purged" if removes_all else "deleted"
    if viewer().is_operator:
        return see(f"{home()}?done={done}")
    answer = see(f"{home()}/sign-in?done={done}")
    end_session(answer)
    return answer


def _page(app_id: str, refused: Refused | None) -> Response:
    shown = frame(app_id)
    database = current_services().database
    rows = {row.setting_key: row for row in settings.list_(database, shown["application"].app_id)}
    entered = g.get("entered", {})
    return page(
        "settings.html",
        status=200 if refused is None else refused.status,
        **shown,
        groups={group: [field_of(rows[key], entered) for key in keys] for group, keys in GROUPS.items()},
        on_server=_on_server(),
        zones=time_zones.names(),
        may_operate=_may_operate(),
        texts=application_fields.texts_of(shown["application"], entered),
        seen=application_fields.seen_of(shown["application"]),
        statuses=_statuses(shown["application"]),
        refused=refused,
        saved="saved" in request.args,
    )


def _on_server() -> dict[str, int]:
    """Return what holds where an application leaves a setting at what the server says; 0 for no limit."""
    services = current_services()
    months = settings.months_kept(services.database)
    return {
        RETENTION_DAYS.key: services.settings.retention_months if months is None else months,
        DAILY_MEGABYTES.key: services.settings.daily_megabytes,
    }


def _may_operate() -> bool:
    """Return whether rate limit and status are for whoever is reading: the operator, or the holder of the first key."""
    key = viewer().key
    return viewer().is_operator or (key is not None and key.id is None)


def _statuses(application: ApplicationRow) -> tuple[str, ...]:
    if viewer().is_operator:
        return _OF_THE_OPERATOR
    return _OF_OWNERS if _may_operate() and application.status in _OF_OWNERS else ()
