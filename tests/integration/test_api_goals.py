"""Goals and funnels over HTTP: made, listed, taken away, refused, and the same that the dashboard shows."""

from uuid import uuid4

import pytest

from tests.support.browsing import Browsing, text_of
from tests.support.managing import Managing, data, error
from tracker.application import Application
from tracker.management import applications, audit, keys
from tracker.store.database import Database

SHOP = "/v1/applications/shop"


def test_goals_and_funnels_are_made_listed_and_taken_away(
    managing: Managing, database: Database, application: Application, application_key: str
) -> None:
    managing.put(f"{SHOP}/custom-parameters/price", {"parameter_type": "number"})
    owner = keys.create(database, "shop", permissions=["settings:write"])[1]
    reader = keys.create(database, "shop", permissions=["stats:read"])[1]
    made = managing.post(
        f"{SHOP}/goals", {"name": "Order", "step": "page: /order/*", "value_parameter": "price"}, key=owner
    )
    assert made.status_code == 201
    goal = data(made)
    assert {name: goal[name] for name in ("name", "step", "value_parameter")} == {
        "name": "Order",
        "step": "page:/order/*",
        "value_parameter": "price",
    }
    steps = ["page:/*", "event:cart", "page:/order/*"]
    funnel = data(managing.post(f"{SHOP}/funnels", {"name": "Till", "steps": steps}, key=owner))
    assert funnel["steps"] == steps
    assert data(managing.get(f"{SHOP}/goals", key=reader)) == {"items": [goal]}
    assert data(managing.get(f"{SHOP}/funnels", key=reader)) == {"items": [funnel]}
    browsing = Browsing(managing)
    browsing.sign_in(application_key)
    shown = text_of(browsing.get("/dashboard/applications/shop/goals"))
    assert "Order" in shown
    assert "Till" in shown
    assert error(managing.post(f"{SHOP}/goals", {"name": "x", "step": "page:/"}, key=reader)) == (403, "FORBIDDEN")
    assert error(managing.delete(f"{SHOP}/goals/{goal['id']}", key=reader)) == (403, "FORBIDDEN")
    assert data(managing.delete(f"{SHOP}/goals/{goal['id'].upper()}", key=owner)) == goal
    assert error(managing.delete(f"{SHOP}/goals/{goal['id']}", key=owner)) == (404, "NOT_FOUND")
    assert data(managing.delete(f"{SHOP}/funnels/{funnel['id']}", key=owner)) == funnel
    assert [data(managing.get(f"{SHOP}/{kind}")) for kind in ("goals", "funnels")] == [{"items": []}] * 2
    noted = [row["action"] for row in audit.list_(database, limit=50)]
    assert [noted.count(f"{kind}.{what}") for kind in ("goal", "funnel") for what in ("created", "deleted")] == [1] * 4


def test_goals_and_funnels_are_changed_by_who_saw_them(
    managing: Managing, database: Database, application: Application
) -> None:
    managing.put(f"{SHOP}/custom-parameters/price", {"parameter_type": "number"})
    reader = keys.create(database, "shop", permissions=["stats:read"])[1]
    goal = data(managing.post(f"{SHOP}/goals", {"name": "Order", "step": "page:/order", "value_parameter": "price"}))
    funnel = data(managing.post(f"{SHOP}/funnels", {"name": "Till", "steps": ["page:/a", "page:/b"]}))
    for path, made, wanted in (
        (f"{SHOP}/goals/{goal['id']}", goal, {"step": "event:order"}),
        (f"{SHOP}/funnels/{funnel['id']}", funnel, {"steps": ["page:/a", "event:b", "page:/c"]}),
    ):
        seen = managing.get(path, key=reader)
        assert data(seen) == made
        assert error(managing.patch(path, wanted, key=reader)) == (403, "FORBIDDEN")
        changed = managing.patch(path, wanted, headers={"If-Match": seen.headers["ETag"]})
        assert (changed.status_code, data(changed)) == (200, {**made, **wanted})
        assert changed.headers["ETag"] not in ("", seen.headers["ETag"])
        late = {"If-Match": seen.headers["ETag"]}
        assert error(managing.patch(path, {"name": "Late"}, headers=late)) == (412, "PRECONDITION_FAILED")
        assert error(managing.delete(path, headers=late)) == (412, "PRECONDITION_FAILED")
        assert data(managing.patch(path, {"name": "Any"}))["name"] == "Any"
        for wrong in ({"name": ""}, {"other": 1}, {"step": "/x"}, {"steps": ["page:/x"]}):
            assert error(managing.patch(path, wrong)) == (400, "VALIDATION_ERROR"), wrong
        assert data(managing.get(path)) == {**made, **wanted, "name": "Any"}
    goal_path = f"{SHOP}/goals/{goal['id']}"
    assert error(managing.patch(goal_path, {"value_parameter": "nothing"})) == (400, "VALIDATION_ERROR")
    managing.delete(f"{SHOP}/custom-parameters/price")
    assert data(managing.patch(goal_path, {"name": "Still", "value_parameter": "price"}))["name"] == "Still"
    assert data(managing.patch(goal_path, {"value_parameter": None}))["value_parameter"] is None
    assert error(managing.patch(goal_path, {"value_parameter": "price"})) == (400, "VALIDATION_ERROR")
    noted = [row["action"] for row in audit.list_(database, limit=50)]
    assert (noted.count("goal.updated"), noted.count("funnel.updated")) == (4, 2)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("goals", {"name": "", "step": "page:/"}),
        ("goals", {"name": "x", "step": "/thanks"}),
        ("goals", {"name": "x", "step": "page:thanks"}),
        ("goals", {"name": "x", "step": "page:/" + "x" * 1100}),
        ("goals", {"name": "x", "step": "page:/", "value_parameter": "nothing"}),
        ("goals", {"name": "x"}),
        ("goals", {"name": "x", "step": "page:/", "other": 1}),
        ("funnels", {"name": "x", "steps": ["page:/"]}),
        ("funnels", {"name": "x", "steps": ["page:/"] * 9}),
        ("funnels", {"name": "x", "steps": "page:/"}),
        ("funnels", {"name": "x", "steps": ["page:/", None]}),
    ],
)
def test_what_is_none_is_refused(
    managing: Managing, application: Application, kind: str, body: dict[str, object]
) -> None:
    assert error(managing.post(f"{SHOP}/{kind}", body)) == (400, "VALIDATION_ERROR")
    assert data(managing.get(f"{SHOP}/{kind}")) == {"items": []}


def test_there_are_so_many_and_each_is_of_its_application(
    managing: Managing, database: Database, application: Application
) -> None:
    for number in range(20):
        goal = data(managing.post(f"{SHOP}/goals", {"name": f"Goal {number}", "step": "page:/"}))
    assert error(managing.post(f"{SHOP}/goals", {"name": "More", "step": "page:/"})) == (409, "CONFLICT")
    _, stranger = applications.create(database, name="Stranger", app_id="stranger")
    goals = "/v1/applications/stranger/goals"
    for path in (f"{goals}/{goal['id']}", f"{goals}/{uuid4()}", f"{goals}/nonsense"):
        assert error(managing.delete(path, key=stranger)) == (404, "NOT_FOUND")
    assert len(data(managing.get(f"{SHOP}/goals"))["items"]) == 20
