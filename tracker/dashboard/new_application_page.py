"""A new application, which the operator makes: its form, and the page that shows its first key and what comes next."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from flask import Response, g

from tracker.dashboard.application_fields import rate_limit_of
from tracker.dashboard.application_page import first_run
from tracker.dashboard.form import form
from tracker.dashboard.once import once
from tracker.dashboard.origin import require_own_page
from tracker.dashboard.page import page
from tracker.dashboard.services import current_services
from tracker.dashboard.viewer import require_operator, viewer
from tracker.errors import Refused
from tracker.management import applications, presets
from tracker.management.notify_receivers import notify_receivers

_MAX_NAME_LENGTH: Final = 255
_MAX_APP_ID_LENGTH: Final = 50


def show() -> Response:
    """Return the form."""
    require_operator()
    return _page()


def create() -> Response:
    """Make the application and show its first key, this once; or the form again, with what is wrong about it."""
    require_operator()
    require_own_page()
    fields = form()
    try:
        return once(fields, partial(_made, fields))
    except Refused as refused:
        g.entered = fields
        return _page(refused)


def _made(fields: Mapping[str, str]) -> Response:
    services = current_services()
    made, api_key = applications.create(
        services.database,
        name=fields.get("name", ""),
        domain=fields.get("domain", "").strip() or None,
        app_id=fields.get("app_id", "").strip() or None,
        rate_limit=rate_limit_of(fields.get("rate_limit_per_minute", "")),
        preset=fields.get("preset") or None,
        by=viewer().actor,
    )
    # A receiver may remember that there was none of this app_id.
    notify_receivers(services.redis, made.app_id)
    return first_run(made, api_key=api_key)


def _page(refused: Refused | None = None) -> Response:
    return page(
        "new_application.html",
        status=200 if refused is None else refused.status,
        refused=refused,
        presets={name: [definition["parameter_key"] for definition in presets.preset(name)] for name in presets.NAMES},
        rate_limit=applications.DEFAULT_RATE_LIMIT,
        longest_name=_MAX_NAME_LENGTH,
        longest_app_id=_MAX_APP_ID_LENGTH,
    )
