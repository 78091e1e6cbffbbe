"""Filters of custom parameters that are gone or called as a comparison is, and those that have an opposite already."""

import html
import re
from urllib.parse import quote

import pytest

from tests.integration.test_dashboard_panel_kinds import ALL, HOME, store
from tests.support.browsing import Browsing, cards, text_of
from tests.support.queued_hits import define
from tracker.application import Application
from tracker.config import Settings
from tracker.management import parameters, segments
from tracker.queueing.connection import Connection
from tracker.store.database import Database

SAID = {"en": "There is no custom parameter 'plan'.", "ja": "カスタムパラメーター「plan」はありません。"}


@pytest.fixture
def stored(database: Database, redis: Connection, application: Application, settings: Settings) -> None:
    for key in ("plan", "a", "a.contains"):
        define(database, application, key, "string")
    both = {"plan": "pro", "a": "xy", "a.contains": "x"}
    hits = [{"custom_params": both}, {"custom_params": {"a": "x"}}, {"custom_params": {"a": "axe", "a.contains": "b"}}]
    store(database, redis, application, settings, *({"url": "https://shop.example/b", **hit} for hit in hits))


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_filter_of_a_parameter_that_is_gone_says_so_and_is_taken_off(
    owner: Browsing, database: Database, language: str
) -> None:
    owner.language = language
    assert cards(owner.get(f"{ALL}&param:plan=pro"))["requests"] == "1"
    parameters.delete(database, "shop", "plan")
    page = owner.get(f"{ALL}&param:plan=pro")
    assert page.status_code == 400
    assert SAID[language] in html.unescape(text_of(page))
    assert "doctor" not in page.text
    [chip] = re.findall(r'class="chip" href="([^"]*)"', page.text)
    assert cards(owner.get(HOME + html.unescape(chip)))["requests"] == "3"
    for path in ("/values?", "/panel.csv?", "/panel?group=pages&"):
        refused = owner.get(f"{HOME}{path}range=30d&param:plan=pro")
        assert refused.status_code == 400
        assert SAID[language] in html.unescape(text_of(refused)), path
        assert "filters:" not in refused.text
    alone = owner.get(f"{HOME}/values?panel=param:plan")
    assert alone.status_code == 400
    assert SAID[language] in html.unescape(text_of(alone))
    assert "dimensions:" not in alone.text


@pytest.mark.usefixtures("stored")
def test_a_key_that_ends_as_a_comparison_is_a_filter_of_its_own(owner: Browsing, database: Database) -> None:
    page = owner.get(ALL).text
    assert set(re.findall(r'href="[^"]*(param:a[^=&"]*)=x"', page)) == {"param:a", "param:a.contains.is"}
    chosen = owner.get(f"{ALL}&param:a.contains.is=x")
    assert cards(chosen)["requests"] == "1"
    assert "Parameter a.contains: x" in chosen.text
    assert cards(owner.get(f"{ALL}&param:a.contains=x"))["requests"] == "3", "what has x in it, of another parameter"
    [turn] = re.findall(r'class="turn" href="([^"]*)"', chosen.text)
    assert "param:a.contains.is_not=x" in turn
    assert cards(owner.get(HOME + html.unescape(turn)))["requests"] == "2"
    panel = owner.get(f"{HOME}/panel?range=30d&page=/b&group=parameters&parameters=param:a.contains").text
    assert set(re.findall(r"[?;](param:a[^=&]*)=[xb]\"", panel)) == {"param:a.contains.is"}
    saved = segments.create(database, "shop", name="One", filters={"param:a.contains.is": "x"})
    assert saved.filters == {"param:a.contains.is": "x"}


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("value", ["/b", "/" + "日" * 300], ids=["in the query", "in the path"])
def test_a_filter_whose_opposite_is_there_is_not_turned_round(owner: Browsing, value: str) -> None:
    page = owner.get(f"{ALL}&page={quote(value)}&page.is_not=/c")
    path = page.location if page.status_code == 303 else ""
    page = owner.get(path) if path else page
    assert page.text.count('class="chip"') == 2
    assert 'aria-label="Instead:' not in page.text
    if path:
        turned = owner.get(f"{path}&turned=0")
        assert turned.location == path, "nothing is dropped"


@pytest.mark.usefixtures("stored")
def test_a_place_beyond_a_list_that_is_shorter_by_now_is_its_beginning(owner: Browsing) -> None:
    assert "/<wbr>b" in owner.get(f"{HOME}/values?range=30d&panel=pages&after=1").text
    assert owner.get(f"{ALL}&after=900").status_code == 200
    assert owner.get(f"{HOME}/values?range=30d&panel=pages&after=x").status_code == 400


@pytest.mark.usefixtures("stored")
def test_goals_are_listed_where_the_one_to_be_changed_is_gone(owner: Browsing) -> None:
    listed, unknown = owner.get(f"{HOME}/goals"), owner.get(f"{HOME}/goals?change=none")
    assert text_of(unknown) == text_of(listed)
