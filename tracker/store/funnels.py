"""The table `funnels`."""

from collections.abc import Sequence
from uuid import UUID

from tracker.goal import Funnel, GoalStep
from tracker.store.database import Transaction
from tracker.store.queries import execute, fetch_all, fetch_one


def list_rows(tx: Transaction, application_id: UUID) -> list[Funnel]:
    """Return an application's funnels, the oldest first."""
    rows = fetch_all(tx, "funnels/list_rows", {"application_id": application_id})
    return [Funnel(row["id"], row["name"], tuple(map(GoalStep.read, row["steps"]))) for row in rows]


def insert(tx: Transaction, application_id: UUID, *, name: str, steps: Sequence[GoalStep]) -> UUID:
    """Add a funnel and return its id."""
    params = {"application_id": application_id, "name": name, "steps": [str(step) for step in steps]}
    row = fetch_one(tx, "funnels/insert", params)
    assert row is not None
    funnel_id: UUID = row["id"]
    return funnel_id


def update(tx: Transaction, application_id: UUID, funnel: Funnel) -> None:
    """Give a funnel another name and other steps."""
    params = {"name": funnel.name, "steps": list(map(str, funnel.steps))}
    execute(tx, "funnels/update", {**params, "application_id": application_id, "id": funnel.id})


def delete(tx: Transaction, application_id: UUID, funnel_id: UUID) -> None:
    """Take a funnel away."""
    execute(tx, "funnels/delete", {"application_id": application_id, "id": funnel_id})
