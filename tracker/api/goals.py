"""Goals and funnels: what an owner wants visitors to do, and the ways there."""

from typing import Any

from flask import Response
from flask.views import MethodView
from marshmallow import Schema, fields

from tracker.api.answers import answer, expected
from tracker.api.blueprint import Blueprint
from tracker.api.caller import caller, notify_receivers, target
from tracker.api.fields import Text
from tracker.api.services import current_services
from tracker.goal import MAX_STEPS, MAX_VALUE_LENGTH, MIN_STEPS
from tracker.management import goals

blueprint = Blueprint("goals", description="Pages and events that visitors should come to, and funnels of them.")

_PATH = "/v1/applications/<application>"
_MAX_STEP_LENGTH = MAX_VALUE_LENGTH + len("event:")
_STEP = {"description": "A page, `page:/thanks` or `page:/order/*`, or an event, `event:signup`."}
_VALUE = {"description": "A defined number parameter, which says what reaching the goal is worth."}
_BOUNDS = {"minItems": MIN_STEPS, "maxItems": MAX_STEPS}


class GoalView(Schema):
    """A goal."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    step = fields.String(required=True, metadata=_STEP)
    value_parameter = fields.String(required=True, allow_none=True)


class GoalChanges(Schema):
    """Some of a goal."""

    name = Text(255, shortest=1)
    step = Text(_MAX_STEP_LENGTH, shortest=1, metadata=_STEP)
    value_parameter = Text(100, allow_none=True, metadata=_VALUE)


class GoalForm(GoalChanges):
    """A new goal."""

    name = Text(255, shortest=1, required=True)
    step = Text(_MAX_STEP_LENGTH, shortest=1, required=True, metadata=_STEP)


class FunnelView(Schema):
    """A funnel."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    steps = fields.List(fields.String(metadata=_STEP), required=True)


class FunnelChanges(Schema):
    """Some of a funnel."""

    name = Text(255, shortest=1)
    steps = fields.List(Text(_MAX_STEP_LENGTH, shortest=1, metadata=_STEP), metadata=_BOUNDS)


class FunnelForm(Schema):
    """A new funnel."""

    name = Text(255, shortest=1, required=True)
    steps = fields.List(Text(_MAX_STEP_LENGTH, shortest=1, metadata=_STEP), required=True, metadata=_BOUNDS)


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
        known, _ = goals.list_(current_services().database, target().app_id)
        return answer({"items": list(map(goals.shown_goal, known))})

    @blueprint.access("settings:write", conflicts=True)
    @blueprint.arguments(GoalForm)
    @blueprint.response(201, GoalView)
    def post(self, given: dict[str, Any], application: str) -> Response:  # noqa: ARG002
        """Make a goal."""
        goal = goals.create_goal(current_services().database, target().app_id, **given, by=caller().actor)
        notify_receivers()
        return answer(goals.shown_goal(goal), status=201, versioned=True)


@blueprint.route(f"{_PATH}/goals/<goal_id>")
class OneGoal(MethodView):
    @blueprint.access("settings:write|stats:read")
    @blueprint.response(200, GoalView)
    def get(self, application: str, goal_id: str) -> Response:  # noqa: ARG002
        """Show a goal."""
        goal = goals.goal(current_services().database, target().app_id, goal_id)
        return answer(goals.shown_goal(goal), versioned=True)

    @blueprint.access("settings:write", conditional=True)
    @blueprint.arguments(GoalChanges)
    @blueprint.response(200, GoalView)
    def patch(self, given: dict[str, Any], application: str, goal_id: str) -> Response:  # noqa: ARG002
        """Change some of a goal; what came of it is counted by the goal as it is now, of days before too."""
        goal = goals.change_goal(
            current_services().database, target().app_id, goal_id, given, by=caller().actor, expected=expected()
        )
        notify_receivers()
        return answer(goals.shown_goal(goal), versioned=True)

    @blueprint.access("settings:write", conditional=True)
    @blueprint.response(200, GoalView)
    def delete(self, application: str, goal_id: str) -> Response:  # noqa: ARG002
        """Take a goal away; hits stay."""
        gone = goals.delete_goal(
            current_services().database, target().app_id, goal_id, by=caller().actor, expected=expected()
        )
        notify_receivers()
        return answer(goals.shown_goal(gone))


@blueprint.route(f"{_PATH}/funnels")
class AllFunnels(MethodView):
    @blueprint.access("settings:write|stats:read")
    @blueprint.response(200, FunnelList)
    def get(self, application: str) -> Response:  # noqa: ARG002
        """List an application's funnels, the oldest first."""
        _, known = goals.list_(current_services().database, target().app_id)
        return answer({"items": list(map(goals.shown_funnel, known))})

    @blueprint.access("settings:write", conflicts=True)
    @blueprint.arguments(FunnelForm)
    @blueprint.response(201, FunnelView)
    def post(self, given: dict[str, Any], application: str) -> Response:  # noqa: ARG002
        """Make a funnel of 2 to 8 steps, each of which a visit reaches after the one before."""
        funnel = goals.create_funnel(current_services().database, target().app_id, **given, by=caller().actor)
        notify_receivers()
        return answer(goals.shown_funnel(funnel), status=201, versioned=True)


@blueprint.route(f"{_PATH}/funnels/<funnel_id>")
class OneFunnel(MethodView):
    @blueprint.access("settings:write|stats:read")
    @blueprint.response(200, FunnelView)
    def get(self, application: str, funnel_id: str) -> Response:  # noqa: ARG002
        """Show a funnel."""
        funnel = goals.funnel(current_services().database, target().app_id, funnel_id)
        return answer(goals.shown_funnel(funnel), versioned=True)

    @blueprint.access("settings:write", conditional=True)
    @blueprint.arguments(FunnelChanges)
    @blueprint.response(200, FunnelView)
    def patch(self, given: dict[str, Any], application: str, funnel_id: str) -> Response:  # noqa: ARG002
        """Change the name of a funnel, or all of its steps; what came of it is counted by these, of days before too."""
        funnel = goals.change_funnel(
            current_services().database, target().app_id, funnel_id, given, by=caller().actor, expected=expected()
        )
        notify_receivers()
        return answer(goals.shown_funnel(funnel), versioned=True)

    @blueprint.access("settings:write", conditional=True)
    @blueprint.response(200, FunnelView)
    def delete(self, application: str, funnel_id: str) -> Response:  # noqa: ARG002
        """Take a funnel away; hits stay."""
        gone = goals.delete_funnel(
            current_services().database, target().app_id, funnel_id, by=caller().actor, expected=expected()
        )
        notify_receivers()
        return answer(goals.shown_funnel(gone))
