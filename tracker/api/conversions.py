"""What came of goals and funnels: in how many visits they were reached, by the numbers of the dashboard's page."""

from typing import Any

from flask import Response
from flask.views import MethodView
from marshmallow import Schema, fields

from tracker.api.answers import answer
from tracker.api.blueprint import Blueprint
from tracker.api.caller import target
from tracker.api.fields import Text
from tracker.api.services import current_services
from tracker.management import goals
from tracker.reports import funnels as funnel_reports
from tracker.reports import goals as goal_reports
from tracker.reports.facts_of_days import site_of
from tracker.reports.goals import Conversions
from tracker.reports.question import question_of
from tracker.reports.zone_days import ZoneDays

blueprint = Blueprint(
    "conversions", description="In how many visits goals were reached, and how far funnels were gone."
)

_PATH = "/v1/applications/<application>"
_DAY_LENGTH = 10
_RATE = {"description": "A part of the visits, 0 to 1; null where there are none."}
_VISITS = {"description": "All visits that hits of these days belong to."}
_VALUE = {"description": "The sum of the goal's `value_parameter`; null where it has none."}
_OPTIONAL: dict[str, Any] = {"required": True, "allow_none": True}


class ConversionsQuery(Schema):
    """Of which days."""

    start_date = Text(
        _DAY_LENGTH,
        load_default=None,
        metadata={
            "description": "First day, YYYY-MM-DD, of the application's zone; by default six days before the last."
        },
    )
    end_date = Text(_DAY_LENGTH, load_default=None, metadata={"description": "Last day, included; by default today."})


class DaysView(Schema):
    """Which days were asked about, and what to know of them."""

    app_id = fields.String(required=True)
    start_date = fields.Date(required=True)
    end_date = fields.Date(required=True)
    timezone = fields.String(required=True)
    exact = fields.Boolean(required=True, metadata={"description": "Whether every day that has hits has its facts."})
    up_to_date = fields.Boolean(required=True, metadata={"description": "Whether nothing is still to come into them."})
    visits = fields.Integer(required=True, metadata=_VISITS)


class SourceView(Schema):
    """What came of the visits from a source; null for those that came directly."""

    source = fields.String(**_OPTIONAL)
    visits = fields.Integer(required=True, metadata={"description": "All visits from there."})
    visits_with_goal = fields.Integer(required=True)
    rate = fields.Float(**_OPTIONAL, metadata=_RATE)
    conversions = fields.Integer(required=True)
    value = fields.Float(**_OPTIONAL, metadata=_VALUE)


class GoalConversionsView(Schema):
    """What came of a goal."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    step = fields.String(required=True)
    value_parameter = fields.String(**_OPTIONAL)
    visits_with_goal = fields.Integer(required=True, metadata={"description": "Visits in which it was reached."})
    rate = fields.Float(**_OPTIONAL, metadata=_RATE)
    conversions = fields.Integer(required=True, metadata={"description": "How often it was reached."})
    value = fields.Float(**_OPTIONAL, metadata=_VALUE)
    sources = fields.List(fields.Nested(SourceView), required=True)


class AllConversionsView(DaysView):
    """What came of each goal, the oldest first, and of the 50 most frequent sources of visits."""

    goals = fields.List(fields.Nested(GoalConversionsView), required=True)


class StepView(Schema):
    """How many visits came as far as a step."""

    step = fields.String(required=True)
    visits = fields.Integer(required=True)
    rate = fields.Float(**_OPTIONAL, metadata={"description": "A part of those that took the first step."})
    rate_of_previous = fields.Float(
        **_OPTIONAL, metadata={"description": "A part of those that took the step before; null of the first step."}
    )
    lost = fields.Integer(
        **_OPTIONAL, metadata={"description": "Those that took the step before and not this one; null of the first."}
    )


class FunnelConversionsView(DaysView):
    """How far the visits of some days came."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    steps = fields.List(fields.Nested(StepView), required=True)


@blueprint.route(f"{_PATH}/goals/conversions")
class AllConversions(MethodView):
    @blueprint.access("stats:read")
    @blueprint.arguments(ConversionsQuery, location="query")
    @blueprint.response(200, AllConversionsView)
    def get(self, query: dict[str, Any], application: str) -> Response:  # noqa: ARG002 `access` has found it
        """Show in how many visits each goal was reached, how often, what it was worth, and by source."""
        services = current_services()
        known, _ = goals.list_(services.database, target().app_id)
        days = _days(query)
        report = goal_reports.read(services.database, services.readers, app_id=target().app_id, goals=known, days=days)
        shown = [
            {
                **goals.shown_goal(goal),
                **_came(report.whole.conversions[number], report.whole.visits),
                "sources": [
                    {"source": row.source, "visits": row.visits, **_came(row.conversions[number], row.visits)}
                    for row in report.sources
                ],
            }
            for number, goal in enumerate(known)
        ]
        head = _head(days, exact=report.exact, up_to_date=report.up_to_date, visits=report.whole.visits)
        return answer({**head, "goals": shown})


@blueprint.route(f"{_PATH}/funnels/<funnel_id>/conversions")
class FunnelConversions(MethodView):
    @blueprint.access("stats:read")
    @blueprint.arguments(ConversionsQuery, location="query")
    @blueprint.response(200, FunnelConversionsView)
    def get(self, query: dict[str, Any], application: str, funnel_id: str) -> Response:  # noqa: ARG002
        """Show how many visits took the first step of a funnel, how many of these the second after it, and so on."""
        services = current_services()
        funnel = goals.funnel(services.database, target().app_id, funnel_id)
        days = _days(query)
        report = funnel_reports.read(
            services.database, services.readers, app_id=target().app_id, steps=funnel.steps, days=days
        )
        first = report.reached[0]
        steps = [
            {
                "step": str(step),
                "visits": visits,
                "rate": _rate(visits, first),
                "rate_of_previous": None if before is None else _rate(visits, before),
                "lost": None if before is None else before - visits,
            }
            for step, visits, before in zip(funnel.steps, report.reached, report.before, strict=True)
        ]
        head = _head(days, exact=report.exact, up_to_date=report.up_to_date, visits=report.visits)
        return answer({**head, "id": funnel.id, "name": funnel.name, "steps": steps})


def _days(query: dict[str, Any]) -> ZoneDays:
    """Return the days of the application's own zone, as reports read them. Raises Refused."""
    services = current_services()
    _, site = site_of(services.database, target().app_id)
    return question_of(query, site, services.clock.now()).days


def _head(days: ZoneDays, *, exact: bool, up_to_date: bool, visits: int) -> dict[str, Any]:
    return {
        "app_id": target().app_id,
        "start_date": days.first,
        "end_date": days.last,
        "timezone": days.zone,
        "exact": exact,
        "up_to_date": up_to_date,
        "visits": visits,
    }


def _came(came: Conversions, visits: int) -> dict[str, Any]:
    return {
        "visits_with_goal": came.visits,
        "rate": _rate(came.visits, visits),
        "conversions": came.hits,
        "value": came.value,
    }


def _rate(part: int, whole: int) -> float | None:
    return part / whole if whole else None
