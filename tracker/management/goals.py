"""Goals and funnels of an application: made, listed, changed, taken away.

What came of them is counted from the hits whenever somebody looks: one that is changed says of all days what came of
it as it is now, and nothing is counted anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tracker.application import Application
from tracker.errors import conflict, invalid, not_found
from tracker.goal import MAX_STEPS, MIN_STEPS, Funnel, Goal, GoalStep
from tracker.management.audit import COMMAND, Actor, note
from tracker.management.known_application import known, locked
from tracker.management.names import id_of, name_of
from tracker.management.versions import Expected, require
from tracker.store import custom_parameter_definitions, funnels, goals
from tracker.store.database import Database, Transaction

MAX_GOALS = 20
MAX_FUNNELS = 10


def list_(database: Database, app_id: str) -> tuple[list[Goal], list[Funnel]]:
    """Return both, the oldest first. Raises Refused for an unknown application."""
    with database.transaction() as tx:
        application = known(tx, app_id)
        return goals.list_rows(tx, application.id), funnels.list_rows(tx, application.id)


def goal(database: Database, app_id: str, goal_id: str) -> Goal:
    """Return one goal. Raises Refused where there is none."""
    with database.transaction() as tx:
        return _goal(tx, known(tx, app_id), goal_id)


def funnel(database: Database, app_id: str, funnel_id: str) -> Funnel:
    """Return one funnel. Raises Refused where there is none."""
    with database.transaction() as tx:
        return _funnel(tx, known(tx, app_id), funnel_id)


def numbers_of(database: Database, app_id: str) -> list[str]:
    """Return the keys of the custom parameters that a goal's value may come from."""
    with database.transaction() as tx:
        return _numbers(tx, known(tx, app_id))


def create_goal(
    database: Database, app_id: str, *, name: str, step: str, value_parameter: str | None = None, by: Actor = COMMAND
) -> Goal:
    """Make a goal and return it. Raises Refused."""
    called, reached_by, worth = name_of(name), _step(step), value_parameter or None
    with database.transaction() as tx:
        application = locked(tx, app_id)
        _require_number(tx, application, worth)
        if len(goals.list_rows(tx, application.id)) >= MAX_GOALS:
            raise conflict(f"An application has at most {MAX_GOALS} goals: take another away first.")
        goal_id = goals.insert(tx, application.id, name=called, step=reached_by, value_parameter=worth)
        made = Goal(goal_id, called, reached_by, worth)
        note(tx, by, application, "goal.created", str(goal_id), after=_noted(shown_goal(made)))
    return made


def change_goal(
    database: Database,
    app_id: str,
    goal_id: str,
    changes: Mapping[str, Any],
    *,
    by: Actor = COMMAND,
    expected: Expected = None,
) -> Goal:
    """Change what is named of `name`, `step` and `value_parameter`, and return the goal. Raises Refused.

    A parameter that is no number any more stays where another thing is changed.
    """
    with database.transaction() as tx:
        application = locked(tx, app_id)
        old = _goal(tx, application, goal_id)
        require(expected, shown_goal(old))
        new = replace(
            old,
            name=name_of(changes.get("name", old.name)),
            step=_step(changes["step"]) if "step" in changes else old.step,
            value_parameter=changes.get("value_parameter", old.value_parameter) or None,
        )
        if new.value_parameter != old.value_parameter:
            _require_number(tx, application, new.value_parameter)
        if new != old:
            goals.update(tx, application.id, new)
            before, after = shown_goal(old), shown_goal(new)
            note(tx, by, application, "goal.updated", str(new.id), before=before, after=after)
    return new


def delete_goal(
    database: Database, app_id: str, goal_id: str, *, by: Actor = COMMAND, expected: Expected = None
) -> Goal:
    """Take a goal away and return what it was. Raises Refused where there is none."""
    with database.transaction() as tx:
        application = locked(tx, app_id)
        gone = _goal(tx, application, goal_id)
        require(expected, shown_goal(gone))
        goals.delete(tx, application.id, gone.id)
        note(tx, by, application, "goal.deleted", str(gone.id), before=_noted(shown_goal(gone)))
    return gone


def create_funnel(database: Database, app_id: str, *, name: str, steps: Sequence[str], by: Actor = COMMAND) -> Funnel:
    """Make a funnel and return it. Raises Refused."""
    called, way = name_of(name), _steps(steps)
    with database.transaction() as tx:
        application = locked(tx, app_id)
        if len(funnels.list_rows(tx, application.id)) >= MAX_FUNNELS:
            raise conflict(f"An application has at most {MAX_FUNNELS} funnels: take another away first.")
        made = Funnel(funnels.insert(tx, application.id, name=called, steps=way), called, way)
        note(tx, by, application, "funnel.created", str(made.id), after=_noted(shown_funnel(made)))
    return made


def change_funnel(
    database: Database,
    app_id: str,
    funnel_id: str,
    changes: Mapping[str, Any],
    *,
    by: Actor = COMMAND,
    expected: Expected = None,
) -> Funnel:
    """Change what is named of `name` and `steps`, and return the funnel. Raises Refused."""
    with database.transaction() as tx:
        application = locked(tx, app_id)
        old = _funnel(tx, application, funnel_id)
        require(expected, shown_funnel(old))
        steps = _steps(changes["steps"]) if "steps" in changes else old.steps
        new = replace(old, name=name_of(changes.get("name", old.name)), steps=steps)
        if new != old:
            funnels.update(tx, application.id, new)
            before, after = shown_funnel(old), shown_funnel(new)
            note(tx, by, application, "funnel.updated", str(new.id), before=before, after=after)
    return new


def delete_funnel(
    database: Database, app_id: str, funnel_id: str, *, by: Actor = COMMAND, expected: Expected = None
) -> Funnel:
    """Take a funnel away and return what it was. Raises Refused where there is none."""
    with database.transaction() as tx:
        application = locked(tx, app_id)
        gone = _funnel(tx, application, funnel_id)
        require(expected, shown_funnel(gone))
        funnels.delete(tx, application.id, gone.id)
        note(tx, by, application, "funnel.deleted", str(gone.id), before=_noted(shown_funnel(gone)))
    return gone


def shown_goal(goal: Goal) -> dict[str, Any]:
    """Return a goal as it is shown, of which its version is made."""
    return {"id": goal.id, "name": goal.name, "step": str(goal.step), "value_parameter": goal.value_parameter}


def shown_funnel(funnel: Funnel) -> dict[str, Any]:
    """Return a funnel as it is shown, of which its version is made."""
    return {"id": funnel.id, "name": funnel.name, "steps": list(map(str, funnel.steps))}


def _noted(shown: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in shown.items() if name != "id"}


def _goal(tx: Transaction, application: Application, goal_id: str) -> Goal:
    wanted = id_of(goal_id, "goal")
    present = next((goal for goal in goals.list_rows(tx, application.id) if goal.id == wanted), None)
    if present is None:
        raise not_found("The application has no such goal.")
    return present


def _funnel(tx: Transaction, application: Application, funnel_id: str) -> Funnel:
    wanted = id_of(funnel_id, "funnel")
    present = next((funnel for funnel in funnels.list_rows(tx, application.id) if funnel.id == wanted), None)
    if present is None:
        raise not_found("The application has no such funnel.")
    return present


def _require_number(tx: Transaction, application: Application, key: str | None) -> None:
    if key is not None and key not in _numbers(tx, application):
        reason = "There is no such number parameter."
        raise invalid(reason, value_parameter=[reason])


def _numbers(tx: Transaction, application: Application) -> list[str]:
    definitions = custom_parameter_definitions.by_application(tx, [application.id]).get(application.id, ())
    return sorted(definition.parameter_key for definition in definitions if definition.parameter_type == "number")


def _step(text: str) -> GoalStep:
    try:
        return GoalStep.read(text)
    except ValueError as error:
        raise invalid(str(error), step=[str(error)]) from None


def _steps(texts: Sequence[str]) -> tuple[GoalStep, ...]:
    steps = tuple(map(_step, texts))
    if not MIN_STEPS <= len(steps) <= MAX_STEPS:
        reason = f"A funnel has {MIN_STEPS} to {MAX_STEPS} steps."
        raise invalid(reason, steps=[reason])
    return steps
