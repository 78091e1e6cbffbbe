"""An application's webhooks: how their endpoints fare; registered, disabled, enabled, sent to again, deleted."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

from flask import Response, request

from tracker.dashboard.application_page import frame
from tracker.dashboard.changing import change, require
from tracker.dashboard.list_pages import first_of_page
from tracker.dashboard.page import address, page
from tracker.dashboard.range_choice import query_string
from tracker.dashboard.services import current_services
from tracker.dashboard.sign_in import see
from tracker.dashboard.viewer import viewer
from tracker.errors import Refused, invalid
from tracker.management import webhook_deliveries, webhooks
from tracker.management.webhook_urls import place_of
from tracker.outbox.event_types import EVERYTHING, NAMES

PERMISSION: Final = "webhooks:write"
_AGAIN_SINCE: Final = timedelta(days=7)
"""Failed deliveries of this time are sent again."""
_DONE: Final = ("saved", "test", "again")
_SHOWN: Final = 15
"""Webhooks of a page: with the longest addresses and reasons they are what 200 KB hold."""
_EVENTS: Final = 5
"""Events of a webhook that are named here; its own page has all."""


def show(app_id: str) -> Response:
    """Return the page."""
    require(PERMISSION)
    return _page(app_id)


def save(app_id: str) -> Response:
    """Do what one of the page's forms asks for; a new webhook's secret is shown on the page that answers."""
    actions = {
        "create": _create,
        "disable": _disable,
        "enable": _enable,
        "test": _test,
        "redeliver": _redeliver,
        "delete": _delete,
    }
    answer, refused = change(app_id, PERMISSION, actions)
    if refused is not None:
        return _page(app_id, refused=refused)
    return answer or _back(app_id, "saved")


def _create(app_id: str, fields: Mapping[str, str]) -> Response:
    services = current_services()
    events = [name for name in (EVERYTHING, *NAMES) if f"on:{name}" in fields]
    made = webhooks.create(
        services.database,
        services.webhook_rules,
        app_id,
        url=fields.get("url", "").strip(),
        events=events,
        now=services.clock.now(),
        by=viewer().actor,
    )
    return _page(app_id, secret=made.secret)


def _disable(app_id: str, fields: Mapping[str, str]) -> None:
    services = current_services()
    webhooks.disable(services.database, _id(fields), app_id=app_id, now=services.clock.now(), by=viewer().actor)


def _enable(app_id: str, fields: Mapping[str, str]) -> None:
    services = current_services()
    webhooks.enable(services.database, _id(fields), app_id=app_id, now=services.clock.now(), by=viewer().actor)


def _test(app_id: str, fields: Mapping[str, str]) -> Response:
    services = current_services()
    webhook_deliveries.send_test(services.database, _id(fields), app_id=app_id, now=services.clock.now())
    return _back(app_id, "test")


def _redeliver(app_id: str, fields: Mapping[str, str]) -> Response:
    services = current_services()
    now = services.clock.now()
    again = webhook_deliveries.redeliver_failed(
        services.database,
        _id(fields),
        since=now - _AGAIN_SINCE,
        waiting_limit=services.webhook_rules.waiting_limit,
        app_id=app_id,
        now=now,
        by=viewer().actor,
    )
    return _back(app_id, "again", count=again.count)


def _delete(app_id: str, fields: Mapping[str, str]) -> Response:
    services = current_services()
    webhooks.delete(services.database, _id(fields), app_id=app_id, now=services.clock.now(), by=viewer().actor)
    # The page on which it was may be gone with it.
    return see(f"{address(app_id)}/webhooks?done=saved")


def _back(app_id: str, done: str, **more: object) -> Response:
    """Lead back to the page of the list on which a form was."""
    return see(f"{address(app_id)}/webhooks{query_string(done=done, **more, after=request.args.get('after'))}")


def _id(fields: Mapping[str, str]) -> UUID:
    try:
        return UUID(fields.get("id", ""))
    except ValueError:
        raise invalid("The form cannot be read.") from None


def _page(app_id: str, *, secret: str | None = None, refused: Refused | None = None) -> Response:
    shown = frame(app_id)
    listed = shown["webhooks"]
    done, count, after = request.args.get("done"), request.args.get("count", "0"), first_of_page(listed)
    return page(
        "webhooks.html",
        status=200 if refused is None else refused.status,
        script=secret is not None,
        **{**shown, "webhooks": listed[after : after + _SHOWN]},
        after=after,
        next_page=after + _SHOWN if after + _SHOWN < len(listed) else None,
        events_shown=_EVENTS,
        place=place_of,
        events=(EVERYTHING, *NAMES),
        secret=secret,
        refused=refused,
        done=done if done in _DONE else None,
        count=int(count) if count.isascii() and count.isdigit() and len(count) < 10 else 0,  # noqa: PLR2004 digits of any number of deliveries
    )
