"""The audit log: who changed what."""

from typing import Any

from flask import Response
from flask.views import MethodView
from marshmallow import Schema, fields

from tracker.api.answers import answer
from tracker.api.blueprint import Blueprint
from tracker.api.caller import ADMIN_ONLY, target
from tracker.api.fields import Moment, Text
from tracker.api.pages import PageQuery, moment_of, number_of, page, page_of, place_of
from tracker.api.services import current_services
from tracker.application import Application
from tracker.management import audit

blueprint = Blueprint("audit-log", description="Who changed what, newest first; never a secret.")


class ChangeView(Schema):
    """One change: who made it, of what, and what it was before."""

    id = fields.Integer(required=True)
    at = fields.DateTime(required=True)
    actor_kind = fields.String(required=True, metadata={"description": "admin, key, command or scheduler."})
    actor_key_id = fields.UUID(required=True, allow_none=True, metadata={"description": "null: the first key."})
    application_id = fields.UUID(required=True, allow_none=True)
    app_id = fields.String(required=True, allow_none=True)
    action = fields.String(required=True)
    subject = fields.String(required=True)
    before = fields.Dict(required=True, allow_none=True)
    after = fields.Dict(required=True, allow_none=True)


class ChangeQuery(PageQuery):
    """Which changes."""

    action = Text(50, load_default=None, metadata={"description": "Such as `setting.changed`."})
    since = Moment(load_default=None)
    until = Moment(load_default=None)


@blueprint.route("/v1/applications/<application>/audit-log")
class ChangesOfApplication(MethodView):
    @blueprint.access("keys:write")
    @blueprint.arguments(ChangeQuery, location="query")
    @blueprint.response(200, page_of(ChangeView))
    def get(self, query: dict[str, Any], application: str) -> Response:  # noqa: ARG002 `access` has found it
        """List the changes of an application and of what belongs to it."""
        return _page(query, target())


@blueprint.route("/v1/audit-log")
class AllChanges(MethodView):
    @blueprint.access(ADMIN_ONLY, about=None)
    @blueprint.arguments(ChangeQuery, location="query")
    @blueprint.response(200, page_of(ChangeView))
    def get(self, query: dict[str, Any]) -> Response:
        """List the changes of all applications."""
        return _page(query, None)


def _page(query: dict[str, Any], of: Application | None) -> Response:
    place = place_of(query["cursor"], 2)
    rows = audit.list_(
        current_services().database,
        application_id=of.id if of else None,
        action=query["action"],
        since=query["since"],
        until=query["until"],
        after=None if place is None else (moment_of(place[0]), number_of(place[1])),
        limit=query["limit"] + 1,
    )
    return answer(page(rows, query["limit"], lambda row: (row["at"].isoformat(), row["id"])))
