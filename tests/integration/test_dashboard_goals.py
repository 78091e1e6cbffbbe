"""Goals, funnels and notes: changed by who may, noted, shown with their numbers, as CSV, hostile text as text."""

import csv
import html
import io
import re
from datetime import timedelta
from uuid import uuid4

import pytest

from tests.support.browsing import Browsing, cards, text_of
from tests.support.facts import make_facts
from tests.support.goal_visits import version_in, visit
from tests.support.managing import Managing, data, error
from tests.support.queued_hits import NOON, drain, enqueue, hit_of
from tests.support.raw_hits import make_months
from tracker.application import Application
from tracker.config import Settings
from tracker.dashboard.formats import NOTHING
from tracker.management import annotations, applications, audit, goals, keys
from tracker.queueing.connection import Connection
from tracker.store.database import Database
from tracker.store.partitions import Month

HOME = "/dashboard/applications/shop"
HOSTILE = "<script>alert('x')</script>{{ 7*7 }}"


@pytest.fixture
def visited(database: Database, redis: Connection, application: Application, settings: Settings) -> None:
    visit(database, redis, application, settings)


def table(answer: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer)))


@pytest.mark.usefixtures("visited")
def test_goals_and_funnels_are_made_shown_and_taken_away(owner: Browsing, database: Database) -> None:
    made = owner.post(
        f"{HOME}/goals", action="goal", name=f"Order {HOSTILE}", kind="page", value="/thanks", value_parameter="price"
    )
    assert (made.status_code, made.location) == (303, f"{HOME}/goals?saved=1")
    steps = {
        "kind1": "page",
        "value1": "/cart",
        "kind2": "page",
        "value2": "/till",
        "kind4": "page",
        "value4": "/thanks",
    }
    owner.post(f"{HOME}/goals", action="funnel", name="Till", **steps, kind3="page", value3=" ")
    page = owner.get(f"{HOME}/goals")
    said = text_of(page)
    assert "Rate 33.3%" in said
    assert "Google 1 / 2 50.0%" in said
    assert "direct 0 / 1 0%" in said
    [to] = re.findall(r'class="linked"><a href="([^"]*)">Google</a>', page.text)
    of_source = owner.get(html.unescape(to))
    assert "Source: Google" in text_of(of_source)
    assert cards(of_source)["sessions"] == "2", "in the same period"
    assert "Value price 30" in said
    assert "Step Visits Of the first Of the one before Lost" in said
    steps_said = ("1. Page /cart 3 100%", "2. Page /till 2 66.7% 66.7% 1", "3. Page /thanks 1 33.3% 50.0% 1")
    assert f" {NOTHING} {NOTHING} ".join(steps_said[:2]) + f" {steps_said[2]}" in said
    assert "<script>alert" not in page.text
    [goal], [funnel] = goals.list_(database, "shop")
    assert table(owner.get(f"{HOME}/goals.csv?panel=goals").text) == [
        ["goal", "source", "visits", "visits_with_goal", "conversions", "value"],
        [f"Order {HOSTILE}", "Google", "2", "1", "1", "30"],
        [f"Order {HOSTILE}", "", "1", "0", "0", "0"],
    ]
    assert table(owner.get(f"{HOME}/goals.csv?panel={funnel.id}").text) == [
        ["step", "visits", "share", "share_of_previous", "lost"],
        ["", "3", "", "", ""],
        ["page:/cart", "3", "1.000000", "", ""],
        ["page:/till", "2", "0.666667", "0.666667", "1"],
        ["page:/thanks", "1", "0.333333", "0.500000", "1"],
    ]
    assert table(owner.get(f"{HOME}/goals.csv?panel=returning").text)[1][1:] == ["0", "3"]
    assert owner.get(f"{HOME}/goals.csv?panel={uuid4()}").status_code == 404
    japanese = owner.get(f"{HOME}/goals", headers={"Accept-Language": "ja"})
    assert "達成率" in japanese.text
    owner.post(f"{HOME}/goals", action="delete_goal", id=str(goal.id))
    owner.post(f"{HOME}/goals", action="delete_funnel", id=str(funnel.id))
    assert goals.list_(database, "shop") == ([], [])
    noted = [row["action"] for row in audit.list_(database, limit=4)]
    assert noted == ["funnel.deleted", "goal.deleted", "funnel.created", "goal.created"]


def test_the_week_that_goes_on_has_no_shade_beside_those_that_are_over(
    owner: Browsing, database: Database, redis: Connection, application: Application, settings: Settings
) -> None:
    days = [NOON - timedelta(weeks=weeks) for weeks in (2, 1, 0, 5)]
    make_months(database, *{Month(day.year, day.month) for day in days})
    hits = [hit_of(application, at, created_at=day, client_sub_id="a") for at, day in enumerate(days, start=1)]
    enqueue(redis, hits[:3])
    drain(redis, database)
    make_facts(database, settings.facts_url)
    page = owner.get(f"{HOME}/goals")
    assert "goes on to the right" not in page.text
    assert re.findall(r'<td class="n ([a-z]+\d*)"[^>]*>([^<]*)<', page.text)[:2] == [
        *(("heat10", "100%"), ("running", "100%"))
    ]
    assert "the last number of each row is of this week, which is not over" in text_of(page)
    enqueue(redis, hits[3:])
    drain(redis, database)
    make_facts(database, settings.facts_url)
    assert "goes on to the right" in owner.get(f"{HOME}/goals").text, "six weeks are wider than a phone"


@pytest.mark.usefixtures("visited")
def test_conversions_over_http_are_those_of_the_page(
    owner: Browsing, managing: Managing, database: Database, application: Application
) -> None:
    reader = keys.create(database, "shop", permissions=["stats:read"])[1]
    goals.create_goal(database, "shop", name="Order", step="page:/thanks", value_parameter="price")
    goals.create_goal(database, "shop", name="Till", step="page:/till")
    funnel_id = goals.create_funnel(database, "shop", name="Way", steps=["page:/cart", "page:/till", "page:/thanks"]).id
    shop = "/v1/applications/shop"
    told = data(managing.get(f"{shop}/goals/conversions", key=reader))
    assert (told["visits"], told["exact"], told["up_to_date"], told["timezone"]) == (3, True, True, "UTC")
    order, till = told["goals"]
    assert {name: order[name] for name in ("name", "step", "visits_with_goal", "conversions", "value")} == {
        "name": "Order",
        "step": "page:/thanks",
        "visits_with_goal": 1,
        "conversions": 1,
        "value": 30.0,
    }
    assert order["rate"] == pytest.approx(1 / 3)
    assert order["sources"] == [
        {"source": "Google", "visits": 2, "visits_with_goal": 1, "rate": 0.5, "conversions": 1, "value": 30.0},
        {"source": None, "visits": 1, "visits_with_goal": 0, "rate": 0.0, "conversions": 0, "value": 0.0},
    ]
    assert (till["visits_with_goal"], till["value"]) == (2, None)
    rows = [
        [goal["name"], row["source"] or "", str(row["visits"]), str(row["visits_with_goal"]), str(row["conversions"])]
        for goal in told["goals"]
        for row in goal["sources"]
    ]
    assert rows == [row[:5] for row in table(owner.get(f"{HOME}/goals.csv?panel=goals").text)[1:]]
    way = data(managing.get(f"{shop}/funnels/{funnel_id}/conversions", key=reader))
    assert [(step["step"], step["visits"], step["rate_of_previous"], step["lost"]) for step in way["steps"]] == [
        ("page:/cart", 3, None, None),
        ("page:/till", 2, pytest.approx(2 / 3), 1),
        ("page:/thanks", 1, 0.5, 1),
    ]
    assert [["", str(way["visits"])], *([step["step"], str(step["visits"])] for step in way["steps"])] == [
        row[:2] for row in table(owner.get(f"{HOME}/goals.csv?panel={funnel_id}").text)[1:]
    ]
    day = NOON.date()
    nothing = data(managing.get(f"{shop}/goals/conversions?start_date={day}&end_date={day}", key=reader))
    assert (nothing["visits"], nothing["goals"][0]["rate"], nothing["goals"][0]["sources"]) == (0, None, [])
    for wrong in ("start_date=yesterday", f"start_date={day}&end_date=2020-01-01", "start_date=1990-01-01", "other=1"):
        for path in ("goals", f"funnels/{funnel_id}"):
            refused = managing.get(f"{shop}/{path}/conversions?{wrong}", key=reader)
            assert error(refused) == (400, "VALIDATION_ERROR"), wrong
    assert error(managing.get(f"{shop}/funnels/{uuid4()}/conversions", key=reader)) == (404, "NOT_FOUND")
    tracking = keys.create(database, "shop", permissions=["track", "settings:write"])[1]
    assert error(managing.get(f"{shop}/goals/conversions", key=tracking)) == (403, "FORBIDDEN")
    _, stranger = applications.create(database, name="Stranger", app_id="stranger")
    for path in ("goals/conversions", f"funnels/{funnel_id}/conversions"):
        assert error(managing.get(f"{shop}/{path}", key=stranger)) == (404, "APPLICATION_NOT_FOUND")
    assert error(managing.get(f"/v1/applications/stranger/funnels/{funnel_id}/conversions", key=stranger)) == (
        *(404, "NOT_FOUND"),
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "", "kind": "page", "value": "/x"},
        {"name": "x", "kind": "page", "value": ""},
        {"name": "x", "kind": "page", "value": "no-slash"},
        {"name": "x", "kind": "nothing", "value": "/x"},
        {"name": "x", "kind": "event", "value": "e" * 1001},
        {"name": "x" * 256, "kind": "event", "value": "e"},
        {"name": "x", "kind": "event", "value": "e", "value_parameter": "unknown"},
    ],
)
def test_what_is_no_goal_is_refused(
    owner: Browsing, database: Database, application: Application, fields: dict[str, str]
) -> None:
    for language in ("en", "ja"):
        owner.language = language
        refused = owner.post(f"{HOME}/goals", action="goal", **fields)
        assert refused.status_code == 400
        assert 'role="alert"' in refused.text
        if language == "ja":
            assert 'role="alert"><span lang="en">' not in refused.text, "in Japanese too"
    one = {"kind1": "page", "value1": "/x"}
    assert owner.post(f"{HOME}/goals", action="funnel", name="x", **one).status_code == 400, "one step"
    assert goals.list_(database, "shop") == ([], [])


def test_there_are_so_many_goals_and_no_more(owner: Browsing, database: Database, application: Application) -> None:
    for number in range(goals.MAX_GOALS):
        goals.create_goal(database, "shop", name=str(number), step="event:x")
    assert owner.post(f"{HOME}/goals", action="goal", name="x", kind="event", value="x").status_code == 409


def test_notes_stand_beside_the_numbers_of_their_day(
    owner: Browsing, database: Database, application: Application, visited: None
) -> None:
    day = (NOON - timedelta(days=1)).date()
    noted = owner.post(f"{HOME}/notes", action="add", day=f"{day:%Y/%m/%d}", text=HOSTILE, next=f"{HOME}?range=30d")
    assert (noted.status_code, noted.location) == (303, f"{HOME}?range=30d")
    assert owner.post(f"{HOME}/notes", action="add", day="2020-01-01", text="Long ago").status_code == 303
    page = owner.get(HOME)
    assert "<script>alert" not in page.text
    assert page.text.count('class="note"') == 1
    assert "Long ago" not in page.text
    assert 'class="note"' in owner.get(f"{HOME}?range=12m").text
    [note] = annotations.list_(database, "shop", day, day)
    for wrong in ({"day": "", "text": "x"}, {"day": "2026-02-30", "text": "x"}, {"day": "2026-01-01", "text": " "}):
        assert owner.post(f"{HOME}/notes", action="add", **wrong).status_code == 400
    away = owner.post(f"{HOME}/notes", action="delete", id=str(note["id"]), next="https://evil.example/")
    assert away.location == "/dashboard"
    assert annotations.list_(database, "shop", day, day) == []
    assert [row["action"] for row in audit.list_(database, limit=3)] == [
        "annotation.deleted",
        "annotation.created",
        "annotation.created",
    ]


def test_who_only_reads_changes_nothing_and_a_stranger_sees_nothing(
    owner: Browsing, managing: Managing, database: Database, application: Application
) -> None:
    goal_id = goals.create_goal(database, "shop", name="Secret goal", step="event:x").id
    _, api_key = keys.create(database, "shop", permissions=["stats:read"])
    reader = Browsing(managing)
    reader.sign_in(api_key)
    page = reader.get(f"{HOME}/goals")
    assert "Secret goal" in page.text
    assert 'name="action"' not in page.text
    assert 'action="add"' not in reader.get(HOME).text
    _, stranger_key = applications.create(database, name="Stranger", app_id="stranger")
    stranger = Browsing(managing)
    stranger.sign_in(stranger_key)
    assert stranger.get(f"{HOME}/goals").status_code == 404
    version = version_in(owner.get(f"{HOME}/goals?change={goal_id}").text, goal_id)
    wanted = {"name": "Mine", "kind": "event", "value": "y", "version": version}
    for browsing, home in ((reader, HOME), (stranger, HOME), (stranger, "/dashboard/applications/stranger")):
        for action in ("delete_goal", "change_goal"):
            answer = browsing.post(f"{home}/goals", action=action, id=str(goal_id), **wanted)
            assert answer.status_code == 404
    assert reader.post(f"{HOME}/notes", action="add", day="2026-01-01", text="x").status_code == 404
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert owner.post(f"{HOME}/goals", headers=foreign, action="delete_goal", id=str(goal_id)).status_code == 403
    assert [goal.name for goal in goals.list_(database, "shop")[0]] == ["Secret goal"]
