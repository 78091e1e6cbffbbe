"""Sessions over HTTP."""

from typing import Any

from flask import Response
from flask.views import MethodView
from marshmallow import Schema, fields

from tracker.api.answers import answer
from tracker.api.blueprint import Blueprint
from tracker.api.caller import target
from tracker.api.fields import QueryFlag, QueryWhole, Text
from tracker.api.pages import page_of
from tracker.api.reading_query import FilteredQuery, period_of
from tracker.api.services import current_services
from tracker.reading import sessions

blueprint = Blueprint("sessions", description="Visits, from their first hit to their last.")

_OPTIONAL: dict[str, Any] = {"required": True, "allow_none": True}


def _name() -> Text:
    return Text(100, shortest=1, load_default=None)


class SessionQuery(FilteredQuery):
    """Which sessions: those that began on these days and are like this."""

    is_active = QueryFlag(load_default=None)
    session_id = _name()
    client_sub_id = _name()
    module_id = _name()
    limit = QueryWhole(1, sessions.MAX_ROWS, load_default=sessions.DEFAULT_LIMIT)
    cursor = Text(200, shortest=1, load_default=None, metadata={"description": "`next_cursor` of the page before."})


class SessionView(Schema):
    """The columns of a session, and its length."""

    id = fields.UUID(required=True)
    session_id = fields.String(required=True)
    app_id = fields.String(required=True)
    client_sub_id = fields.String(**_OPTIONAL)
    module_id = fields.String(**_OPTIONAL)
    user_agent = fields.String(**_OPTIONAL)
    ip_address = fields.String(**_OPTIONAL)
    first_accessed_at = fields.DateTime(required=True)
    last_accessed_at = fields.DateTime(required=True)
    page_views = fields.Integer(required=True)
    is_active = fields.Boolean(required=True)
    session_custom_params = fields.Dict(**_OPTIONAL)
    seconds = fields.Float(required=True, metadata={"description": "From the first hit to the last."})


@blueprint.route("/v1/sessions")
class Sessions(MethodView):
    @blueprint.access("stats:read", about="query")
    @blueprint.arguments(SessionQuery, location="query")
    @blueprint.response(200, page_of(SessionView))
    def get(self, query: dict[str, Any]) -> Response:
        """List sessions, the latest beginning first. A session that goes on meanwhile keeps its place."""
        names = ("is_active", "session_id", "client_sub_id", "module_id", "custom_params", "cursor", "limit")
        listed = sessions.read(
            current_services().reading,
            app_id=target().app_id,
            period=period_of(query),
            **{name: query[name] for name in names},
        )
        return answer({"items": listed.sessions, "next_cursor": listed.next_cursor})
