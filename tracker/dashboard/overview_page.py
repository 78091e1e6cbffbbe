"""Where somebody begins: for the operator a list of applications, for the holder of a key the application's page."""

from datetime import datetime
from typing import Final

from flask import Response, request

from tracker.dashboard import own_applications_page
from tracker.dashboard.operations import failed_by_application
from tracker.dashboard.page import address, page
from tracker.dashboard.ranges import last_days
from tracker.dashboard.services import current_services
from tracker.dashboard.sign_in import removal_done, see
from tracker.dashboard.viewer import viewer
from tracker.management import applications
from tracker.reading import overview
from tracker.store import applications as stored_applications
from tracker.store import webhooks

_PAGE: Final = 25
_DAYS: Final = 7


def home() -> Response:
    """Return the list, or the way to one's own application, or to the one that the operator names."""
    if viewer().identity is not None:
        return own_applications_page.show()
    application = viewer().application
    named = request.args.get("app_id", "").strip()
    if application is None and named:
        return see(address(named))
    return _list() if application is None else see(address(application.app_id))


def _list() -> Response:
    services = current_services()
    rows = applications.list_(services.database, after=_after(), limit=_PAGE + 1)
    shown = rows[:_PAGE]
    period = last_days(_DAYS, services.clock.now().date())
    ids = [row.id for row in shown]
    glances = overview.read(services.reading, ids, period)
    with services.database.transaction() as tx:
        disabled = webhooks.count_disabled(tx, ids)
    return page(
        "applications.html",
        applications=shown,
        glances=glances,
        spark=spark,
        disabled=disabled,
        failed=failed_by_application(services.database),
        next_page=shown[-1].app_id if len(rows) > _PAGE else None,
        is_first="after" not in request.args,
        removal=removal_done(),
    )


def spark(numbers: list[int]) -> list[tuple[float, float, float]]:
    """Small bars for numbers: left edge, top and height, each in percent."""
    highest = max(numbers, default=0)
    width = 100 / max(1, len(numbers))
    heights = [max(4.0, 100 * number / highest) if number else 0.0 for number in numbers]
    return [(round(place * width, 2), round(100 - height, 1), round(height, 1)) for place, height in enumerate(heights)]


def _after() -> tuple[datetime, str] | None:
    """Return the place of the last application of the page before; from the beginning where that is gone."""
    app_id = request.args.get("after", "")
    if not app_id or "\0" in app_id:
        return None
    with current_services().database.transaction() as tx:
        rows = stored_applications.list_rows(tx, app_id=app_id, deleted=True)
    return (rows[0]["created_at"], app_id) if rows else None
