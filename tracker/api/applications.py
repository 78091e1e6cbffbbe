"""Applications."""

from typing import Any

from flask import Response
from flask.views import MethodView
from marshmallow import Schema, fields

from tracker.api.answers import answer, expected
from tracker.api.blueprint import Blueprint
from tracker.api.caller import ADMIN_ONLY, ANY_KEY, FIRST_KEY, caller, notify_receivers, target
from tracker.api.erasure import request_purge
from tracker.api.fields import CONTROLS, QueryFlag, Text, Whole, choice
from tracker.api.pages import PageQuery, moment_of, page, page_of, place_of
from tracker.api.services import current_services
from tracker.application import Application
from tracker.management import applications, presets
from tracker.management.application_input import MAX_RATE_LIMIT
from tracker.management.applications import DEFAULT_RATE_LIMIT, ApplicationRow
from tracker.store.database import Transaction

blueprint = Blueprint("applications", description="Applications: each has an app_id, a rate limit and keys of its own.")

_STATUSES = ("active", "inactive", "suspended")
_NAME = f"[^{CONTROLS}]*[^{CONTROLS}\\s][^{CONTROLS}]*"


class ApplicationView(Schema):
    """An application; never a key."""

    id = fields.UUID(required=True)
    app_id = fields.String(required=True)
    name = fields.String(required=True)
    description = fields.String(required=True, allow_none=True)
    domain = fields.String(required=True, allow_none=True)
    status = fields.String(required=True, validate=choice(*_STATUSES))
    rate_limit_per_minute = fields.Integer(required=True)
    created_at = fields.DateTime(required=True)
    updated_at = fields.DateTime(required=True)
    deleted_at = fields.DateTime(required=True, allow_none=True)


class NewApplicationView(ApplicationView):
    """An application that was just made, with its first key, this once."""

    api_key = fields.String(required=True)


class ApplicationQuery(PageQuery):
    """Which applications."""

    status = fields.String(validate=choice(*_STATUSES), load_default=None)
    deleted = QueryFlag(load_default=False, metadata={"description": "Deleted ones too."})


def _name(**more: Any) -> Text:  # noqa: ANN401 marshmallow's options
    return Text(255, shortest=1, pattern=f"^{_NAME}$", **more)


def _domain(**more: Any) -> Text:  # noqa: ANN401 marshmallow's options
    about = {"description": "A host name such as shop.example.com, without https://.", "format": "idn-hostname"}
    return Text(255, allow_none=True, metadata=about, **more)


class ApplicationForm(Schema):
    """All that can be said of an application; what is left out gets its default."""

    name = _name(required=True)
    description = Text(10_000, allow_none=True, load_default=None)
    domain = _domain(load_default=None)
    status = fields.String(validate=choice(*_STATUSES), load_default="active")
    rate_limit_per_minute = Whole(1, MAX_RATE_LIMIT, load_default=DEFAULT_RATE_LIMIT)


class NewApplicationForm(Schema):
    """A new application."""

    name = _name(required=True)
    app_id = Text(
        50,
        shortest=1,
        pattern="^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$",
        load_default=None,
        metadata={"description": "Without this, one that cannot be guessed."},
    )
    description = Text(10_000, allow_none=True, load_default=None)
    domain = _domain(load_default=None)
    rate_limit_per_minute = Whole(1, MAX_RATE_LIMIT, load_default=DEFAULT_RATE_LIMIT)
    preset = fields.String(
        validate=choice(*presets.NAMES),
        load_default=None,
        metadata={"description": "Define this set of custom parameters as well."},
    )


class ApplicationChanges(Schema):
    """What is to change; the rest stays."""

    name = _name()
    description = Text(10_000, allow_none=True)
    domain = _domain()
    status = fields.String(validate=choice(*_STATUSES))
    rate_limit_per_minute = Whole(1, MAX_RATE_LIMIT)


class DeletionQuery(Schema):
    """What becomes of the rows."""

    purge = QueryFlag(load_default=False, metadata={"description": "Remove everything that it stored, for good."})


@blueprint.route("/v1/applications")
class AllApplications(MethodView):
    @blueprint.access(ANY_KEY, about=None)
    @blueprint.arguments(ApplicationQuery, location="query")
    @blueprint.response(200, page_of(ApplicationView))
    def get(self, query: dict[str, Any]) -> Response:
        """List applications, oldest first: all of them for the operator, its own for a key."""
        application = caller().application
        place = place_of(query["cursor"], 2)
        if application is not None:
            rows = [applications.show(current_services().database, application.app_id)] if place is None else []
            rows = [row for row in rows if query["status"] in (None, row.status)]
        else:
            after = None if place is None else (moment_of(place[0]), str(place[1]))
            rows = applications.list_(
                current_services().database,
                deleted=query["deleted"],
                status=query["status"],
                after=after,
                limit=query["limit"] + 1,
            )
        return answer(page(rows, query["limit"], lambda row: (row.created_at.isoformat(), row.app_id)))

    @blueprint.access(ADMIN_ONLY, about=None, conflicts=True)
    @blueprint.arguments(NewApplicationForm)
    @blueprint.response(201, NewApplicationView)
    def post(self, given: dict[str, Any]) -> Response:
        """Create an application; its first API key is shown only this once."""
        rate_limit = given.pop("rate_limit_per_minute")
        made, api_key = applications.create(
            current_services().database, rate_limit=rate_limit, by=caller().actor, **given
        )
        notify_receivers(made.app_id)
        row = applications.show(current_services().database, made.app_id)
        columns = {name: getattr(row, name) for name in ApplicationRow.__dataclass_fields__}
        return answer({**columns, "api_key": api_key}, status=201, location=f"/v1/applications/{made.app_id}")


@blueprint.route("/v1/applications/<application>")
class OneApplication(MethodView):
    @blueprint.access(ANY_KEY)
    @blueprint.response(200, ApplicationView)
    def get(self, application: str) -> Response:  # noqa: ARG002 `access` has found it
        """Show an application."""
        return answer(applications.show(current_services().database, target().app_id), versioned=True)

    @blueprint.access("settings:write", conditional=True)
    @blueprint.arguments(ApplicationForm)
    @blueprint.response(200, ApplicationView)
    def put(self, given: dict[str, Any], application: str) -> Response:  # noqa: ARG002
        """Replace an application's columns."""
        return _changed_to(given)

    @blueprint.access("settings:write", conditional=True)
    @blueprint.arguments(ApplicationChanges)
    @blueprint.response(200, ApplicationView)
    def patch(self, given: dict[str, Any], application: str) -> Response:  # noqa: ARG002
        """Change some of an application. Status and rate limit are for its first key and the operator."""
        return _changed_to(given)

    @blueprint.access(FIRST_KEY, conditional=True)
    @blueprint.arguments(DeletionQuery, location="query")
    @blueprint.response(200, ApplicationView)
    def delete(self, query: dict[str, Any], application: str) -> Response:  # noqa: ARG002
        """Delete an application: its hits are refused, its keys void. Its rows stay, and its app_id stays taken.

        With `purge` the scheduler removes all of it then, in small batches, and the app_id is free again.
        """
        also = request_purge if query["purge"] else _nothing_more
        row = applications.delete(
            current_services().database, target().app_id, by=caller().actor, expected=expected(), also=also
        )
        notify_receivers()
        return answer(row)


def _nothing_more(_tx: Transaction, _application: Application) -> None:
    """Do what a deletion without `purge` does beside."""


def _changed_to(given: dict[str, Any]) -> Response:
    row = applications.update(
        current_services().database, target().app_id, given, by=caller().actor, expected=expected()
    )
    notify_receivers()
    return answer(row, versioned=True)
