"""The table `goals`."""

from uuid import UUID

from tracker.goal import Goal, GoalStep
from tracker.store.database import Transaction
from tracker.store.queries import execute, fetch_all, fetch_one


def list_rows(tx: Transaction, application_id: UUID) -> list[Goal]:
    """Return an application's goals, the oldest first."""
    rows = fetch_all(tx, "goals/list_rows", {"application_id": application_id})
    return [Goal(row["id"], row["name"], GoalStep.read(row["step"]), row["value_parameter"]) for row in rows]


def insert(tx: Transaction, application_id: UUID, *, name: str, step: GoalStep, value_parameter: str | None) -> UUID:
    """Add a goal and return its id."""
    params = {
        "application_id": application_id,
        "name": name,
        "step": str(step),
        "value_parameter": value_parameter,
    }
    row = fetch_one(tx, "goals/insert", params)
    assert row is not None
    goal_id: UUID = row["id"]
    return goal_id


def update(tx: Transaction, application_id: UUID, goal: Goal) -> None:
    """Give a goal other columns."""
    params = {"name": goal.name, "step": str(goal.step), "value_parameter": goal.value_parameter}
    execute(tx, "goals/update", {**params, "application_id": application_id, "id": goal.id})


def delete(tx: Transaction, application_id: UUID, goal_id: UUID) -> None:
    """Take a goal away."""
    execute(tx, "goals/delete", {"application_id": application_id, "id": goal_id})
