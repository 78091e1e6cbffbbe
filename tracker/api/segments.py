"""Saved filters of an application's traffic, which its members choose in the dashboard."""

from typing import Any

from flask import Response
from flask.views import MethodView
from marshmallow import Schema, fields

from tracker.api.answers import answer, expected
from tracker.api.blueprint import Blueprint
from tracker.api.caller import caller, notify_receivers, target
from tracker.api.fields import Text
from tracker.api.services import current_services
from tracker.management import segments
from tracker.traffic_filters import (
    COMPARISONS,
    DIMENSIONS,
    MAX_BYTES,
    MAX_FILTERS,
    MAX_VALUE_LENGTH,
    PARAMETER,
)

blueprint = Blueprint("segments", description="Filters of traffic that are saved under a name.")

_PATH = "/v1/applications/<application>/segments"
_NAME = (
    rf"(?:(?:{'|'.join(DIMENSIONS)})(?:\.(?:{'|'.join(COMPARISONS[1:])}))?"
    rf"|{PARAMETER}.{{1,100}}(?:\.(?:{'|'.join(COMPARISONS)}))?)"
)
_FILTERS = {
    "description": (
        "Values by names, as the dashboard's addresses have them: `page` takes the hits whose page is the value, "
        "`page.is_not` all others, `page.contains` those in which the value is; `param:KEY` is a custom "
        "parameter, and `param:KEY.is` one whose key itself ends in `.is_not` or `.contains`. "
        f"At most {MAX_BYTES} bytes of values in all."
    ),
    "minProperties": 1,
    "maxProperties": MAX_FILTERS,
    "propertyNames": {"pattern": f"^{_NAME}$"},
    "example": {"page.contains": "/blog/", "device.is_not": "phone"},
}


class SegmentView(Schema):
    """Saved filters."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    filters = fields.Dict(keys=fields.String(), values=fields.String(), required=True, metadata=_FILTERS)


class SegmentForm(Schema):
    """Filters to be saved."""

    name = Text(255, shortest=1, required=True)
    filters = fields.Dict(
        keys=Text(200, shortest=1, pattern=_NAME),
        values=Text(MAX_VALUE_LENGTH, shortest=1),
        required=True,
        metadata=_FILTERS,
    )


class SegmentList(Schema):
    """All saved filters; there are not so many that they would need pages."""

    items = fields.List(fields.Nested(SegmentView), required=True)


@blueprint.route(_PATH)
class AllSegments(MethodView):
    @blueprint.access("settings:write|stats:read")
    @blueprint.response(200, SegmentList)
    def get(self, application: str) -> Response:  # noqa: ARG002 `access` has found it
        """List an application's saved filters, the oldest first."""
        return answer({"items": segments.list_(current_services().database, target().app_id)})

    @blueprint.access("settings:write", conflicts=True)
    @blueprint.arguments(SegmentForm)
    @blueprint.response(201, SegmentView)
    def post(self, given: dict[str, Any], application: str) -> Response:  # noqa: ARG002
        """Save filters under a name."""
        segment = segments.create(current_services().database, target().app_id, **given, by=caller().actor)
        notify_receivers()
        return answer(segment, status=201, versioned=True)


@blueprint.route(f"{_PATH}/<segment_id>")
class OneSegment(MethodView):
    @blueprint.access("settings:write|stats:read")
    @blueprint.response(200, SegmentView)
    def get(self, application: str, segment_id: str) -> Response:  # noqa: ARG002
        """Show saved filters."""
        return answer(segments.show(current_services().database, target().app_id, segment_id), versioned=True)

    @blueprint.access("settings:write", conditional=True)
    @blueprint.response(200, SegmentView)
    def delete(self, application: str, segment_id: str) -> Response:  # noqa: ARG002
        """Take saved filters away."""
        gone = segments.delete(
            current_services().database, target().app_id, segment_id, by=caller().actor, expected=expected()
        )
        notify_receivers()
        return answer(gone)
