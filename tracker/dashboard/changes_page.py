"""The audit log: who changed what of an application, for its owners, and of all applications, for the operator."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from flask import Response, request

from tracker.dashboard.application_page import frame
from tracker.dashboard.changing import require
from tracker.dashboard.formats import NOTHING, Days
from tracker.dashboard.page import page
from tracker.dashboard.range_choice import query_string
from tracker.dashboard.ranges import day_of
from tracker.dashboard.services import current_services
from tracker.dashboard.viewer import application_named, require_operator
from tracker.dashboard.wording import Words, language
from tracker.errors import invalid
from tracker.management import audit

PERMISSION: Final = "keys:write"
"""That with which the API reads it."""
ACTIONS: Final = (
    *("application.created", "application.updated", "application.deleted", "application.purged", "setting.changed"),
    *("api_key.created", "api_key.updated", "api_key.rotated", "api_key.revoked"),
    *("member.invited", "member.joined", "member.removed", "share.created", "share.revoked"),
    *("webhook.created", "webhook.updated", "webhook.secret_rotated", "webhook.enabled", "webhook.disabled"),
    *("webhook.redelivered", "webhook.discarded", "webhook.deleted"),
    *("custom_parameter.created", "custom_parameter.updated", "custom_parameter.deleted"),
    *("goal.created", "goal.updated", "goal.deleted", "funnel.created", "funnel.updated", "funnel.deleted"),
    *("annotation.created", "annotation.deleted"),
    *("hits.retried", "hits.edited", "hits.discarded", "import.undone", "erasure.requested"),
)
"""What is noted, in the order of the field to choose from. A test holds that nothing is missing."""
_PAGE: Final = 50
_MAX_VALUE_LENGTH: Final = 200
"""Characters of a value that are shown."""


def show(app_id: str) -> Response:
    """Return the changes of one application."""
    require(PERMISSION)
    return _page("changes.html", application_named(app_id).id, frame(app_id))


def show_all() -> Response:
    """Return the changes of all applications."""
    require_operator()
    return _page("all_changes.html", None, {})


def _page(template: str, application_id: UUID | None, shown: Mapping[str, Any]) -> Response:
    services = current_services()
    database = services.database
    action = next((name for name in ACTIONS if name == request.args.get("action")), None)
    first, last = day_of(request.args, "from"), day_of(request.args, "to")
    after = _place()
    rows = audit.list_(
        database,
        application_id=application_id,
        action=action,
        since=None if first is None else datetime.combine(first, time(), UTC),
        until=None if last is None else _end_of(last),
        after=after,
        limit=_PAGE + 1,
    )
    changes = rows[:_PAGE]
    asked = {"action": action, "from": first, "to": last}
    further = {"at": changes[-1]["at"].isoformat(), "id": changes[-1]["id"]} if len(rows) > _PAGE else None
    return page(
        template,
        **shown,
        changes=changes,
        keys=audit.names_of_keys(database, {row["actor_key_id"] for row in changes} - {None}),
        differences=_differences,
        actions=ACTIONS,
        action=action,
        written=Days(Words(language())).written,
        today=services.clock.now().date(),
        first_day=first,
        last_day=last,
        first_page=query_string(**asked),
        next_page=None if further is None else query_string(**asked, **further),
        is_first=after is None,
        is_filtered=any(asked.values()),
    )


def _end_of(day: date) -> datetime:
    """Return when a day is over; of the last one that there is, its beginning."""
    return datetime.combine(day if day == date.max else day + timedelta(days=1), time(), UTC)


def _place() -> tuple[datetime, int] | None:
    """Return the time and number of the last change of the page before. Raises Refused for what is no such place."""
    at, number = request.args.get("at"), request.args.get("id", "")
    if at is None:
        return None
    try:
        moment = datetime.fromisoformat(at)
        is_place = moment.tzinfo is not None
        moment = moment.astimezone(UTC)  # PostgreSQL takes fewer offsets than Python.
    except (ValueError, OverflowError):
        is_place = False
    if not is_place or not (number.isascii() and number.isdigit() and len(number) < 19):  # noqa: PLR2004 digits of 63 bits
        raise invalid("There is no such page.")
    return moment, int(number)


def _differences(change: Mapping[str, Any]) -> list[tuple[str, str | None, str | None]]:
    """Return each thing that differs with what it was and what it is; None where the whole was or is not there.

    What is new, or is gone, tells only what it holds.
    """
    before, after = change["before"], change["after"]
    return [
        (name, None if before is None else _text(before.get(name)), None if after is None else _text(after.get(name)))
        for name in sorted({*(before or {}), *(after or {})})
        if (before is not None and after is not None) or (before or after or {})[name] is not None
    ]


def _text(value: Any) -> str:  # noqa: ANN401 whatever JSON holds
    if isinstance(value, list):
        text = ", ".join(map(str, value)) or NOTHING
    else:
        text = NOTHING if value is None else value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= _MAX_VALUE_LENGTH else text[:_MAX_VALUE_LENGTH] + "…"
