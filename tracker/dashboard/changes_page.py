"""The audit log: who changed what of an application, for its owners, and of all applications, for the operator."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from flask import Response, request

from tracker.dashboard.application_page import frame
from tracker.dashboard.breaks import breakable
from tracker.dashboard.change_words import FieldDifference, Subject, differences_of, subject_of, things_of
from tracker.dashboard.changing import require
from tracker.dashboard.formats import Days
from tracker.dashboard.list_pages import bytes_of, how_many_fit
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
    *("annotation.created", "annotation.deleted", "segment.created", "segment.deleted"),
    *("hits.retried", "hits.edited", "hits.discarded", "import.undone", "erasure.requested"),
)
"""What is noted, in the order of the field to choose from. A test holds that nothing is missing."""
_PAGE: Final = 50
_LIST_BYTES: Final = 140_000
"""About as much of a page's HTML is changes: with its files it stays below 200 KB."""
_ROW_BYTES: Final = 1_800
"""What a change takes beside its values: as much for the name of a key."""
_FIELD_BYTES: Final = 120


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
    words = Words(language())
    names = audit.names_of(database, things_of(rows))
    told = [(row, subject_of(words, names, row), differences_of(words, names, row)) for row in rows[:_PAGE]]
    told = told[: how_many_fit((_ROW_BYTES + _size(subject, fields) for _, subject, fields in told), _LIST_BYTES)]
    last_change = told[-1][0] if told else None
    asked = {"action": action, "from": first, "to": last}
    further = None
    if last_change is not None and len(told) < len(rows):
        further = {"at": last_change["at"].isoformat(), "id": last_change["id"]}
    return page(
        template,
        **shown,
        changes=told,
        keys={key_id: name for (kind, key_id), name in names.items() if kind == "api_key"},
        actions=ACTIONS,
        action=action,
        written=Days(words).written,
        today=services.clock.now().date(),
        first_day=first,
        last_day=last,
        first_page=query_string(**asked),
        next_page=None if further is None else query_string(**asked, **further),
        is_first=after is None,
        is_filtered=any(asked.values()),
    )


def _size(subject: Subject | None, fields: Sequence[FieldDifference]) -> int:
    """Return about how many bytes of HTML it takes to say what a change is of, and what it has changed."""
    named = 0 if subject is None else len(breakable(subject.label).encode()) + bytes_of(subject.stored)
    return named + sum(_FIELD_BYTES + bytes_of(one.before or "", one.after or "") for one in fields)


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
