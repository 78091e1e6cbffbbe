"""What the present request asks about: its time, its filters, and the panels that there are for who asks."""

from flask import request

from tracker.application import Application
from tracker.dashboard import panels
from tracker.dashboard.ranges import range_of
from tracker.dashboard.services import current_services
from tracker.dashboard.site_days import now_there
from tracker.dashboard.viewer import viewer
from tracker.management import parameters
from tracker.traffic_filters import PARAMETER, TrafficFilter


def asked_here(application: Application, filters: tuple[TrafficFilter, ...], *, panel: str = "") -> panels.Asked:
    """Return it, with these of its filters, by the days of the site's zone; `panel` is the one that is asked for alone.

    Raises Refused, DatabaseUnavailable.
    """
    services = current_services()
    now = now_there(application, services.clock.now())
    is_told = bool(filters) or panel.startswith(PARAMETER)
    defined = parameters.list_(services.database, application.app_id) if is_told else []
    return panels.asked_of(
        request.args,
        filters,
        range_of(request.args, now),
        now,
        is_guest=viewer().share is not None,
        panel=panel,
        parameters=[definition.parameter_key for definition in defined],
    )
