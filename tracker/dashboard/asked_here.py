"""What the present request asks about: its time, its filters, and the panels that there are for who asks."""

from flask import request

from tracker.application import Application
from tracker.dashboard import panels
from tracker.dashboard.ranges import range_of
from tracker.dashboard.services import current_services
from tracker.dashboard.site_days import now_there
from tracker.dashboard.viewer import viewer
from tracker.management import parameters
from tracker.traffic_filters import TrafficFilter


def asked_here(application: Application, filters: tuple[TrafficFilter, ...]) -> panels.Asked:
    """Return it, with these of its filters, by the days of the site's zone. Raises Refused, DatabaseUnavailable."""
    services = current_services()
    now = now_there(application, services.clock.now())
    defined = parameters.list_(services.database, application.app_id) if filters else []
    return panels.asked_of(
        request.args,
        filters,
        range_of(request.args, now),
        now,
        is_guest=viewer().share is not None,
        parameters=[definition.parameter_key for definition in defined],
    )
