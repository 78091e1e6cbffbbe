"""Goals and funnels of an application: made, listed, taken away."""

from collections.abc import Sequence
from uuid import UUID

from tracker.application import Application
from tracker.errors import conflict, invalid, not_found
from tracker.goal import MAX_STEPS, MIN_STEPS, Funnel, Goal, GoalStep
from tracker.management.audit import COMMAND, Actor, note
from tracker.management.known_application import known, locked
from tracker.management.names import id_of, name_of
from tracker.store import custom_parameter_definitions, funnels, goals
from tracker.store.database import Database, Transaction

MAX_GOALS = 20
MAX_FUNNELS = 10


def list_(database: Database, app_id: str) -> tuple[list[Goal], list[Funnel]]:
    """Return both, the oldest first. Raises Refused for an unknown application."""
    with database.transaction() as tx:
        application = known(tx, app_id)
        return goals.list_rows(tx, application.id), funnels.list_rows(tx, application.id)


def numbers_of(database: Database, app_id: str) -> list[str]:
    """Return the keys of the custom parameters that a goal's value may come from."""
    with database.transaction() as tx:
        return _numbers(tx, known(tx, app_id))


def create_goal(
    database: Database, app_id: str, *, name: str, step: str, value_parameter: str | None = None, by: Actor = COMMAND
) -> UUID:
    """Make a goal and return its id. Raises Refused."""
    columns = {"name": name_of(name), "step": _step(step), "value_parameter": value_parameter or None}
    with database.transaction() as tx:
        application = locked(tx, app_id)
        if columns["value_parameter"] is not None and value_parameter not in _numbers(tx, application):
            raise invalid("There is no such number parameter.", value_parameter=["There is no such number parameter."])
        if len(goals.list_rows(tx, application.id)) >= MAX_GOALS:
            raise conflict(f"An application has at most {MAX_GOALS} goals: take another away first.")
        goal_id = goals.insert(tx, application.id, **columns)  # type: ignore[arg-type] # columns by name
        note(tx, by, application, "goal.created", str(goal_id), after={**columns, "step": str(columns["step"])})
    return goal_id


def delete_goal(database: Database, app_id: str, goal_id: str, *, by: Actor = COMMAND) -> None:
    """Take a goal away. Raises Refused where there is none."""
    with database.transaction() as tx:
        application = locked(tx, app_id)
        gone = goals.delete(tx, application.id, id_of(goal_id, "goal"))
        if gone is None:
            raise not_found("The application has no such goal.")
        note(tx, by, application, "goal.deleted", goal_id, before=gone)


def create_funnel(database: Database, app_id: str, *, name: str, steps: Sequence[str], by: Actor = COMMAND) -> UUID:
    """Make a funnel and return its id. Raises Refused."""
    columns = {"name": name_of(name), "steps": [_step(step) for step in steps]}
    if not MIN_STEPS <= len(steps) <= MAX_STEPS:
        reason = f"A funnel has {MIN_STEPS} to {MAX_STEPS} steps."
        raise invalid(reason, steps=[reason])
    with database.transaction() as tx:
        application = locked(tx, app_id)
        if len(funnels.list_rows(tx, application.id)) >= MAX_FUNNELS:
            raise conflict(f"An application has at most {MAX_FUNNELS} funnels: take another away first.")
        funnel_id = funnels.insert(tx, application.id, **columns)  # type: ignore[arg-type] # columns by name
        after = {**columns, "steps": [str(step) for step in columns["steps"]]}
        note(tx, by, application, "funnel.created", str(funnel_id), after=after)
    return funnel_id


def delete_funnel(database: Database, app_id: str, funnel_id: str, *, by: Actor = COMMAND) -> None:
    """Take a funnel away. Raises Refused where there is none."""
    with database.transaction() as tx:
        application = locked(tx, app_id)
        gone = funnels.delete(tx, application.id, id_of(funnel_id, "funnel"))
        if gone is None:
            raise not_found("The application has no such funnel.")
        note(tx, by, application, "funnel.deleted", funnel_id, before=gone)


def _numbers(tx: Transaction, application: Application) -> list[str]:
    definitions = custom_parameter_definitions.by_application(tx, [application.id]).get(application.id, ())
    return sorted(definition.parameter_key for definition in definitions if definition.parameter_type == "number")


def _step(text: str) -> GoalStep:
    try:
        return GoalStep.read(text)
    except ValueError as error:
        raise invalid(str(error), step=[str(error)]) from None
