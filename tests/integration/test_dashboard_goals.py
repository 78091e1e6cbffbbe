"""Goals, funnels and notes: changed by who may, noted, shown with their numbers, as CSV, hostile text as text."""

import csv
import io
from datetime import timedelta
from uuid import uuid4

import pytest

from tests.support.browsing import Browsing, text_of
from tests.support.counted import fold_everything
from tests.support.facts import make_facts
from tests.support.managing import Managing
from tests.support.queued_hits import NOON, define, drain, enqueue, hit_of
from tracker.application import Application
from tracker.config import Settings
from tracker.dashboard.formats import NOTHING
from tracker.management import annotations, applications, audit, goals, keys
from tracker.queueing.connection import Connection
from tracker.store.database import Database

HOME = "/dashboard/applications/shop"
HOSTILE = "<script>alert('x')</script>{{ 7*7 }}"


@pytest.fixture
def owner(managing: Managing, application_key: str) -> Browsing:
    opened = Browsing(managing)
    opened.sign_in(application_key)
    return opened


@pytest.fixture
def visited(database: Database, redis: Connection, application: Application, settings: Settings) -> None:
    """Three visits of yesterday: all to the cart, two to the till, one thanks, with a value of 30."""
    define(database, application, "price", "number")
    google = "https://www.google.com/"
    way = [
        ("a", "/cart", google, None),
        ("a", "/till", None, None),
        ("a", "/thanks", None, {"price": 30}),
        ("b", "/cart", google, None),
        ("b", "/till", None, None),
        ("c", "/cart", None, None),
    ]
    times = [NOON - timedelta(days=1) + timedelta(minutes=number) for number in range(len(way))]
    hits = [
        hit_of(
            application,
            number,
            created_at=time,
            url=f"https://shop.example{page}",
            referrer=referrer if page == "/cart" else "https://shop.example/",
            client_sub_id=who,
            custom_params=params,
        )
        for number, (time, (who, page, referrer, params)) in enumerate(zip(times, way, strict=True), start=1)
    ]
    enqueue(redis, hits)
    drain(redis, database)
    fold_everything(database)
    make_facts(database, settings.facts_url)


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
    assert "Conversion rate 33.3%" in said
    assert "Google 1 / 2 50.0%" in said
    assert "direct 0 / 1 0.0%" in said
    assert "Value price 30" in said
    assert f"1. Page /cart 3 100.0% {NOTHING} 2. Page /till 2 66.7% 1 3. Page /thanks 1 33.3% 1" in said
    assert "<script>alert" not in page.text
    [goal], [funnel] = goals.list_(database, "shop")
    assert table(owner.get(f"{HOME}/goals.csv?panel=goals").text) == [
        ["goal", "source", "visits", "visits_with_goal", "conversions", "value"],
        [f"Order {HOSTILE}", "Google", "2", "1", "1", "30"],
        [f"Order {HOSTILE}", "", "1", "0", "0", "0"],
    ]
    assert table(owner.get(f"{HOME}/goals.csv?panel={funnel.id}").text) == [
        *(["step", "visits"], ["", "3"], ["page:/cart", "3"], ["page:/till", "2"], ["page:/thanks", "1"])
    ]
    assert table(owner.get(f"{HOME}/goals.csv?panel=returning").text)[1][1:] == ["0", "3"]
    assert owner.get(f"{HOME}/goals.csv?panel={uuid4()}").status_code == 404
    japanese = owner.get(f"{HOME}/goals", headers={"Accept-Language": "ja"})
    assert "コンバージョン率" in japanese.text
    owner.post(f"{HOME}/goals", action="delete_goal", id=str(goal.id))
    owner.post(f"{HOME}/goals", action="delete_funnel", id=str(funnel.id))
    assert goals.list_(database, "shop") == ([], [])
    noted = [row["action"] for row in audit.list_(database, limit=4)]
    assert noted == ["funnel.deleted", "goal.deleted", "funnel.created", "goal.created"]


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
    goal_id = goals.create_goal(database, "shop", name="Secret goal", step="event:x")
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
    for browsing, home in ((reader, HOME), (stranger, HOME), (stranger, "/dashboard/applications/stranger")):
        answer = browsing.post(f"{home}/goals", action="delete_goal", id=str(goal_id))
        assert answer.status_code == 404
    assert reader.post(f"{HOME}/notes", action="add", day="2026-01-01", text="x").status_code == 404
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert owner.post(f"{HOME}/goals", headers=foreign, action="delete_goal", id=str(goal_id)).status_code == 403
    assert [goal.name for goal in goals.list_(database, "shop")[0]] == ["Secret goal"]
