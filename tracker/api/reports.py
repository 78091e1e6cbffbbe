"""Reports over HTTP: docs/reports.md says what is counted, by what."""

from typing import Any

from flask import Response
from flask.views import MethodView
from marshmallow import Schema, fields

from tracker.api.answers import answer
from tracker.api.blueprint import Blueprint
from tracker.api.caller import target
from tracker.api.fields import Text
from tracker.api.services import current_services
from tracker.reports import answer as reports
from tracker.reports import dimensions, filters, measures
from tracker.reports.question import COMPARES, DEFAULT_ROWS, MAX_ROWS
from tracker.reports.zone_days import INTERVALS

blueprint = Blueprint("reports", description="Any measure of an application's hits by one or two dimensions.")

_OPTIONAL: dict[str, Any] = {"required": True, "allow_none": True}
_MAX_LENGTH = 1000


def _text(description: str, *, longest: int = _MAX_LENGTH) -> Text:
    return Text(longest, load_default=None, metadata={"description": description})


class ReportQuery(Schema):
    """What `GET /v1/reports` takes."""

    app_id = Text(50, load_default=None, metadata={"description": "May be left out with a key of an application."})
    start_date = _text("First day, YYYY-MM-DD, in the application's time zone; by default six days before the last.")
    end_date = _text("Last day, included; by default today.")
    measures = _text(f"By commas: {', '.join(measures.NAMES)}, sum:KEY, mean:KEY. By default visitors,requests.")
    dimensions = _text(f"None, one or two of {', '.join(dimensions.NAMES)}, param:KEY, by commas.")
    filters = _text(
        f'JSON, such as [["page", "is", "/cart"]]; comparisons: {", ".join(filters.COMPARISONS)} (of a list).',
        longest=filters.MAX_LENGTH,
    )
    interval = _text(f"A row for each {', '.join(INTERVALS)}.")
    compare = _text(f"With the time before: {' or '.join(COMPARES)} (the same dates a year before).")
    order = _text("A measure or a dimension; with - before it the largest first, as by default the first measure.")
    limit = _text(f"Rows of the page, 1 to {MAX_ROWS}; {DEFAULT_ROWS} by default.")
    cursor = _text("`next_cursor` of the page before.")


class ReportView(Schema):
    """The rows of a report: dimensions, measures, `time` with an interval, `before` with a comparison."""

    app_id = fields.String(required=True)
    start_date = fields.Date(required=True)
    end_date = fields.Date(required=True)
    timezone = fields.String(required=True)
    measures = fields.List(fields.String(), required=True)
    dimensions = fields.List(fields.String(), required=True)
    interval = fields.String(**_OPTIONAL)
    compare = fields.String(**_OPTIONAL)
    compared_from = fields.Date(**_OPTIONAL)
    compared_to = fields.Date(**_OPTIONAL)
    exact = fields.Boolean(required=True, metadata={"description": "Whether every day that has hits has its facts."})
    missing_days = fields.Integer(required=True)
    summed = fields.Boolean(
        required=True,
        metadata={"description": "Whether these days' own requests, visitors and sessions are added; else they miss."},
    )
    up_to_date = fields.Boolean(required=True, metadata={"description": "Whether nothing is still to come into them."})
    rows = fields.List(fields.Dict(), required=True)
    next_cursor = fields.String(**_OPTIONAL)


@blueprint.route("/v1/reports")
class Reports(MethodView):
    @blueprint.access("stats:read", about="query")
    @blueprint.arguments(ReportQuery, location="query")
    @blueprint.response(200, ReportView)
    def get(self, query: dict[str, Any]) -> Response:
        """Show measures of hits by dimensions, with filters, an interval, a comparison; visitors are exact."""
        services = current_services()
        report = reports.read(
            services.database, services.readers, app_id=target().app_id, given=query, now=services.clock.now()
        )
        return answer(report)
