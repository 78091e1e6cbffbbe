"""Statistics over HTTP: docs/statistics.md says what is counted."""

from typing import Any

from flask import Response
from flask.views import MethodView
from marshmallow import Schema, fields

from tracker.api.answers import answer
from tracker.api.blueprint import Blueprint
from tracker.api.caller import target
from tracker.api.fields import QueryWhole, Text, choice
from tracker.api.reading_query import FilteredQuery, PeriodQuery, period_of
from tracker.api.services import current_services
from tracker.reading import drift, parameters, statistics
from tracker.reading.series import GROUPINGS

blueprint = Blueprint("statistics", description="Requests, visitors and sessions by hour, day or month (UTC).")

_OPTIONAL: dict[str, Any] = {"required": True, "allow_none": True}


class StatisticsQuery(FilteredQuery):
    """What `GET /v1/statistics` takes."""

    group_by = fields.String(load_default="day", validate=choice(*GROUPINGS))


class SeriesRow(Schema):
    """An hour, a day or a month (`YYYY-MM`)."""

    date = fields.String(required=True)
    hour = fields.Integer(metadata={"description": "With group_by=hour."})
    requests = fields.Integer(required=True)
    unique_visitors = fields.Integer(required=True)
    unique_sessions = fields.Integer(metadata={"description": "With group_by=day and month."})
    unique_visitors_exact = fields.Boolean(metadata={"description": "With group_by=month."})
    unique_sessions_exact = fields.Boolean(metadata={"description": "With group_by=month."})


class StatisticsView(Schema):
    """Totals, a series without holes, and custom parameters."""

    app_id = fields.String(required=True)
    start_date = fields.Date(required=True)
    end_date = fields.Date(required=True)
    group_by = fields.String(required=True)
    custom_params = fields.Dict(**_OPTIONAL)
    total_requests = fields.Integer(required=True)
    unique_visitors = fields.Integer(required=True)
    unique_visitors_exact = fields.Boolean(
        required=True, metadata={"description": "False: the sum of the days, which counts some visitors several times."}
    )
    unique_sessions = fields.Integer(required=True)
    unique_sessions_exact = fields.Boolean(required=True)
    data_complete_until = fields.DateTime(
        **_OPTIONAL, metadata={"description": "Everything received before is counted; null: nobody can say just now."}
    )
    raw_rows_from = fields.Date(
        **_OPTIONAL,
        metadata={
            "description": "With custom_params: hits before this day were removed, so that the numbers are too low."
        },
    )
    requests_by_date = fields.List(fields.Nested(SeriesRow), required=True)
    custom_param_breakdown = fields.Dict(
        required=True, metadata={"description": "Parameter to value to count; the 100 most frequent values."}
    )
    custom_param_stats = fields.Dict(
        required=True, metadata={"description": "Parameter to its type, count, and what its numbers come to."}
    )


class ParameterQuery(PeriodQuery):
    """What `GET /v1/statistics/custom-parameters` takes."""

    parameter_key = Text(100, shortest=1, required=True)
    limit = QueryWhole(1, parameters.MAX_VALUES, load_default=parameters.DEFAULT_LIMIT)


class ValueRow(Schema):
    """A value of a parameter. Visitors and sessions are null where too many hits would have to be read."""

    value = fields.String(required=True)
    count = fields.Integer(required=True)
    unique_visitors = fields.Integer(**_OPTIONAL)
    unique_sessions = fields.Integer(**_OPTIONAL)


class ParameterView(Schema):
    """A parameter's most frequent values."""

    app_id = fields.String(required=True)
    parameter_key = fields.String(required=True)
    parameter_name = fields.String(**_OPTIONAL)
    parameter_type = fields.String(**_OPTIONAL)
    start_date = fields.Date(required=True)
    end_date = fields.Date(required=True)
    count = fields.Integer(required=True)
    distinct_values = fields.Integer(required=True)
    other_count = fields.Integer(required=True)
    exact = fields.Boolean(required=True)
    numbers = fields.Dict(**_OPTIONAL)
    breakdown = fields.List(fields.Nested(ValueRow), required=True)
    data_complete_until = fields.DateTime(**_OPTIONAL)


class SeenKey(Schema):
    """A key of custom parameters, as hits carry it."""

    parameter_key = fields.String(required=True)
    hits = fields.Integer(required=True)
    share = fields.Float(required=True)
    distinct_values = fields.Integer(required=True)
    types = fields.Dict(required=True)


class DefinedKey(SeenKey):
    """One with a definition."""

    parameter_type = fields.String(required=True)


class RefusedKey(Schema):
    """How often values were refused."""

    parameter_key = fields.String(required=True)
    reason = fields.String(required=True)
    refused = fields.Integer(required=True)


class DriftView(Schema):
    """What arrives beside what is defined."""

    app_id = fields.String(required=True)
    start_date = fields.Date(required=True)
    end_date = fields.Date(required=True)
    hits_looked_at = fields.Integer(required=True)
    all_hits = fields.Boolean(required=True)
    undefined_keys = fields.Integer(required=True)
    undefined = fields.List(fields.Nested(SeenKey), required=True)
    refused = fields.List(fields.Nested(RefusedKey), required=True)
    defined = fields.List(fields.Nested(DefinedKey), required=True)


@blueprint.route("/v1/statistics")
class PeriodStatistics(MethodView):
    @blueprint.access("stats:read", about="query")
    @blueprint.arguments(StatisticsQuery, location="query")
    @blueprint.response(200, StatisticsView)
    def get(self, query: dict[str, Any]) -> Response:
        """Show the statistics of some days.

        At most 31 days by hour, 366 by day, 3660 by month; and 92 with `custom_params`, which counts the hits.
        """
        services = current_services()
        numbers = statistics.read(
            services.reading,
            services.redis,
            services.clock,
            app_id=target().app_id,
            period=period_of(query),
            group_by=query["group_by"],
            custom_params=query["custom_params"],
        )
        return answer(numbers)


@blueprint.route("/v1/statistics/custom-parameters")
class OneParameter(MethodView):
    @blueprint.access("stats:read", about="query")
    @blueprint.arguments(ParameterQuery, location="query")
    @blueprint.response(200, ParameterView)
    def get(self, query: dict[str, Any]) -> Response:
        """Show the most frequent values of a custom parameter, and who had them."""
        services = current_services()
        numbers = parameters.read(
            services.reading,
            services.redis,
            services.clock,
            app_id=target().app_id,
            period=period_of(query),
            parameter_key=query["parameter_key"],
            limit=query["limit"],
        )
        return answer(numbers)


@blueprint.route("/v1/statistics/parameter-drift")
class ParameterDrift(MethodView):
    @blueprint.access("stats:read", about="query")
    @blueprint.arguments(PeriodQuery, location="query")
    @blueprint.response(200, DriftView)
    def get(self, query: dict[str, Any]) -> Response:
        """Show which custom parameters arrive beside the definitions: undefined keys, refused values, cardinality."""
        return answer(drift.read(current_services().reading, app_id=target().app_id, period=period_of(query)))
