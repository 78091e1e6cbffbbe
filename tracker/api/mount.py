"""Where the API joins the receiver's application: its blueprints, and the document that describes them."""

from collections.abc import Callable

import flask_smorest
import orjson
from flask import Flask

from tracker import __version__
from tracker.api import (
    api_keys,
    applications,
    audit_log,
    conversions,
    custom_parameters,
    erasure,
    export,
    goals,
    ledger,
    metrics,
    reports,
    segments,
    sessions,
    settings,
    statistics,
    webhooks,
)
from tracker.api.answers import ErrorAnswer
from tracker.api.blueprint import Blueprint
from tracker.api.documentation import documentation
from tracker.api.services import EXTENSION, ApiServices

BLUEPRINTS: tuple[Blueprint, ...] = (
    applications.blueprint,
    custom_parameters.blueprint,
    settings.blueprint,
    goals.blueprint,
    conversions.blueprint,
    segments.blueprint,
    api_keys.blueprint,
    webhooks.blueprint,
    audit_log.blueprint,
    ledger.blueprint,
    statistics.blueprint,
    reports.blueprint,
    sessions.blueprint,
    export.blueprint,
    erasure.blueprint,
)
"""In the order of the document."""

_ABOUT = """Management and reading. Tracking itself is described in docs/http-tracking.md.

Every answer has the form `{"success": true, "data": ..., "timestamp": ...}` or
`{"success": false, "error": {"code", "message", "details"}, "timestamp": ...}`.

Keys travel in `X-API-Key` or `Authorization: Bearer`, the admin token in `Authorization: Bearer`. A key sees its own
application only: everything of another one answers 404. `{application}` is an `app_id` or an application's `id`.
"""


class _Api(flask_smorest.Api):  # type: ignore[misc] # it has no types
    """flask-smorest without its own errors and pages: the application has both already."""

    ERROR_SCHEMA = ErrorAnswer
    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_error_handlers(self) -> None:
        """Leave errors to the application's own handlers."""

    def _register_doc_blueprint(self) -> None:
        """Leave the document to `documentation`."""

    def _register_pagination_header(self) -> None:
        """Leave out flask-smorest's header of pages: the API's pages have cursors."""


def mount(app: Flask, parts: Callable[[], ApiServices]) -> None:
    """Add the API to the application. `parts` gives the process's own, made when a request first needs them."""
    app.extensions[EXTENSION] = parts
    api = _Api(
        app,
        spec_kwargs={
            "title": "Access Log Tracker",
            "version": __version__,
            "openapi_version": "3.1.0",
            "info": {"description": _ABOUT},
        },
    )
    api.spec.components.security_scheme("key", {"type": "apiKey", "in": "header", "name": "X-API-Key"})
    api.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    app.register_blueprint(metrics.blueprint)
    app.register_blueprint(documentation(orjson.dumps(api.spec.to_dict())))
