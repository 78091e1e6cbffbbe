"""Goals and funnels are changed in the browser: by who saw what they were, noted, and counted anew for all days."""

import html
import re

import pytest

from tests.support.browsing import Browsing, text_of
from tests.support.goal_visits import version_in, visit
from tracker.application import Application
from tracker.config import Settings
from tracker.management import audit, goals
from tracker.queueing.connection import Connection
from tracker.store.database import Database

HOME = "/dashboard/applications/shop"
HOSTILE = "<script>alert('x')</script>{{ 7*7 }}"


@pytest.fixture
def visited(database: Database, redis: Connection, application: Application, settings: Settings) -> None:
    visit(database, redis, application, settings)


def form_of(owner: Browsing, thing: object) -> str:
    """The page on which a goal or a funnel is changed, as its list leads there."""
    [link] = re.findall(rf'<a href="([^"#]*change={thing}[^"#]*)#{thing}"', owner.get(f"{HOME}/goals").text)
    return owner.get(f"{HOME}/goals{html.unescape(link)}").text


@pytest.mark.usefixtures("visited")
def test_a_goal_and_a_funnel_are_changed_and_all_days_counted_by_what_they_are_now(
    owner: Browsing, database: Database
) -> None:
    goal = goals.create_goal(database, "shop", name="Order", step="page:/cart", value_parameter="price")
    funnel = goals.create_funnel(database, "shop", name="Way", steps=["page:/cart", "page:/till"])
    page = owner.get(f"{HOME}/goals")
    assert "Rate 100%" in text_of(page)
    seen, also_seen = (version_in(form_of(owner, thing.id), thing.id) for thing in (goal, funnel))
    form = {"action": "change_goal", "id": str(goal.id), "version": seen}
    wanted = {"name": f"Paid {HOSTILE}", "kind": "page", "value": "/thanks"}
    assert owner.post(f"{HOME}/goals", **form, **wanted).location == f"{HOME}/goals?saved=1"
    steps = {"kind1": "page", "value1": "/cart", "kind2": "event", "value2": "buy", "kind3": "page", "value3": "/x"}
    changed = {"action": "change_funnel", "id": str(funnel.id), "version": also_seen, "name": "Way", **steps}
    assert owner.post(f"{HOME}/goals", **changed).status_code == 303
    [now], [way] = goals.list_(database, "shop")
    assert (now.id, now.name, str(now.step), now.value_parameter) == (goal.id, wanted["name"], "page:/thanks", "price")
    assert list(map(str, way.steps)) == ["page:/cart", "event:buy", "page:/x"]
    page = owner.get(f"{HOME}/goals")
    assert "Rate 33.3%" in text_of(page)
    assert "<script>alert" not in page.text
    noted = [(row["action"], row["before"], row["after"]) for row in audit.list_(database, limit=2)]
    assert noted == [
        (
            *("funnel.updated", {"steps": ["page:/cart", "page:/till"]}),
            {"steps": ["page:/cart", "event:buy", "page:/x"]},
        ),
        (
            *("goal.updated", {"name": "Order", "step": "page:/cart"}),
            {"name": wanted["name"], "step": "page:/thanks"},
        ),
    ]
    for language in ("en", "ja"):
        owner.language = language
        again = owner.post(f"{HOME}/goals", **form, **{**wanted, "value": f"/else-{language}"})
        assert again.status_code == 412, "somebody who has not seen the change"
        assert f'name="next" value="{HOME}/goals"' in again.text, "another language shows the same page"
        assert 'role="alert"><span lang="en">' not in again.text
        assert f'value="/else-{language}"' in again.text, "what was entered stays"
    wrong = owner.post(f"{HOME}/goals", **{**form, "version": version_in(again.text, goal.id)}, name="x", kind="page")
    assert wrong.status_code == 400
    kept = owner.post(
        f"{HOME}/goals", **{**form, "version": version_in(again.text, goal.id)}, **wanted, value_parameter=""
    )
    assert kept.status_code == 303
    assert goals.list_(database, "shop")[0][0].value_parameter is None
    before = len(audit.list_(database, limit=50))
    page = form_of(owner, goal.id)
    owner.post(f"{HOME}/goals", **{**form, "version": version_in(page, goal.id)}, **wanted, value_parameter="")
    assert len(audit.list_(database, limit=50)) == before, "nothing changed, nothing noted"
