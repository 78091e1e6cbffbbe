"""Goals and funnels: what an owner wants visitors to do, and the ways there."""

from typing import Any

from flask import Response
from flask.views import MethodView
from marshmallow import Schema, fields

from tracker.api.answers import answer
from tracker.api.blueprint import Blueprint
from tracker.api.caller import caller, notify_receivers, target
from tracker.api.fields import Text
from tracker.api.services import current_services
from tracker.goal import MAX_STEPS, MAX_VALUE_LENGTH, MIN_STEPS, Funnel, Goal
from tracker.management import goals

blueprint = Blueprint("goals", description="Pages and events that visitors should come to, and funnels of them.")

_PATH = "/v1/applications/<application>"
_MAX_STEP_LENGTH = MAX_VALUE_LENGTH + len("event:")
_STEP = {"description": "A page, `page:/thanks` or `page:/order/*`, or an event, `event:signup`."}


class GoalView(Schema):
    """A goal."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    step = fields.String(required=True, metadata=_STEP)
    value_parameter = fields.String(required=True, allow_none=True)


class GoalForm(Schema):
    """A new goal."""

    name = Text(255, shortest=1, required=True)
    step = Text(_MAX_STEP_LENGTH, shortest=1, required=True, metadata=_STEP)
    value_parameter = Text(
        100,
        allow_none=True,
        load_default=None,
        metadata={"description": "A defined number parameter, which says what reaching the goal is worth."},
    )


class FunnelView(Schema):
    """A funnel."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    steps = fields.List(fields.String(metadata=_STEP), required=True)


class FunnelForm(Schema):
    """A new funnel."""

    name = Text(255, shortest=1, required=True)
    steps = fields.List(
        Text(_MAX_STEP_LENGTH, shortest=1, metadata=_STEP),
        required=True,
        metadata={"minItems": MIN_STEPS, "maxItems": MAX_STEPS},
    )


class GoalList(Schema):
    """All goals; there are not so many that they would need pages."""

    items = fields.List(fields.Nested(GoalView), required=True)


class FunnelList(Schema):
    """All funnels; there are not so many that they would need pages."""

    items = fields.List(fields.Nested(FunnelView), required=True)


@blueprint.route(f"{_PATH}/goals")
class AllGoals(MethodView):
    @blueprint.access("settings:write|stats:read")
    @blueprint.response(200, GoalList)
    def get(self, application: str) -> Response:  # noqa: ARG002 `access` has found it
        """List an application's goals, the oldest first."""
        return answer({"items": [_goal(goal) for goal in _listed()[0]]})

    @blueprint.access("settings:write", conflicts=True)
    @blueprint.arguments(GoalForm)
    @blueprint.response(201, GoalView)
    def post(self, given: dict[str, Any], application: str) -> Response:  # noqa: ARG002
        """Make a goal."""
        goal_id = goals.create_goal(current_services().database, target().app_id, **given, by=caller().actor)
        notify_receivers()
        return answer(next(_goal(goal) for goal in _listed()[0] if goal.id == goal_id), status=201)


@blueprint.route(f"{_PATH}/goals/<goal_id>")
class OneGoal(MethodView):
    @blueprint.access("settings:write")
    @blueprint.response(200, GoalView)
    def delete(self, application: str, goal_id: str) -> Response:  # noqa: ARG002
        """Take a goal away; hits stay."""
        known = [_goal(goal) for goal in _listed()[0] if str(goal.id) == goal_id.lower()]
        goals.delete_goal(current_services().database, target().app_id, goal_id, by=caller().actor)
        notify_receivers()
        return answer(known[0])


@blueprint.route(f"{_PATH}/funnels")
class AllFunnels(MethodView):
    @blueprint.access("settings:write|stats:read")
    @blueprint.response(200, FunnelList)
    def get(self, application: str) -> Response:  # noqa: ARG002
        """List an application's funnels, the oldest first."""
        return answer({"items": [_funnel(funnel) for funnel in _listed()[1]]})

    @blueprint.access("settings:write", conflicts=True)
    @blueprint.arguments(FunnelForm)
    @blueprint.response(201, FunnelView)
    def post(self, given: dict[str, Any], application: str) -> Response:  # noqa: ARG002
        """Make a funnel of 2 to 8 steps, each of which a visit reaches after the one before."""
        funnel_id = goals.create_funnel(current_services().database, target().app_id, **given, by=caller().actor)
        notify_receivers()
        return answer(next(_funnel(funnel) for funnel in _listed()[1] if funnel.id == funnel_id), status=201)


@blueprint.route(f"{_PATH}/funnels/<funnel_id>")
class OneFunnel(MethodView):
    @blueprint.access("settings:write")
    @blueprint.response(200, FunnelView)
    def delete(self, application: str, funnel_id: str) -> Response:  # noqa: ARG002
        """Take a funnel away; hits stay."""
        known = [_funnel(funnel) for funnel in _listed()[1] if str(funnel.id) == funnel_id.lower()]
        goals.delete_funnel(current_services().database, target().app_id, funnel_id, by=caller().actor)
        notify_receivers()
        return answer(known[0])


def _listed() -> tuple[list[Goal], list[Funnel]]:
    return goals.list_(current_services().database, target().app_id)


def _goal(goal: Goal) -> dict[str, Any]:
    return {"id": goal.id, "name": goal.name, "step": str(goal.step), "value_parameter": goal.value_parameter}


def _funnel(funnel: Funnel) -> dict[str, Any]:
    return {"id": funnel.id, "name": funnel.name, "steps": [str(step) for step in funnel.steps]}
