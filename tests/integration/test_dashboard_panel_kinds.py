"""Panels of hosts, versions, click ids, answers, modules, clients and custom parameters: each filters and is a file."""

import csv
import html
import io
import re
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from tests.integration.test_dashboard_panels import HOME, HOSTILE, PHONE, panels
from tests.support.browsing import Browsing, cards, text_of
from tests.support.counted import fold_everything
from tests.support.facts import make_facts
from tests.support.managing import Managing
from tests.support.queued_hits import NOON, define, drain, enqueue, hit_of
from tests.support.share_links import share
from tracker.application import Application
from tracker.config import Settings
from tracker.queueing.connection import Connection
from tracker.store.database import Database

LONG = "日本" * 600
ALL = f"{HOME}?range=30d"


def store(
    database: Database, redis: Connection, application: Application, settings: Settings, *hits: dict[str, Any]
) -> None:
    """Store hits of the day before, each a visitor's own unless it names one, as facts and statistics."""
    enqueue(
        redis,
        [
            hit_of(
                application,
                number,
                created_at=NOON - timedelta(days=1, minutes=number),
                **{"client_sub_id": f"c{number}", **hit},
            )
            for number, hit in enumerate(hits, 1)
        ],
    )
    drain(redis, database)
    fold_everything(database)
    make_facts(database, settings.facts_url)


@pytest.fixture
def stored(database: Database, redis: Connection, application: Application, settings: Settings) -> None:
    store(
        database,
        redis,
        application,
        settings,
        {
            "url": "https://shop.example/a?gclid=abc",
            "user_agent": PHONE,
            "module_id": "web",
            "event_name": "buy",
            "event_data": {"status": 200},
        },
        {"url": "https://xn--mnchen-3ya.example/a", "module_id": HOSTILE, "event_data": {"status": 404}},
    )


SHOWN = {
    "pages=hosts": ("Hosts", "host", [("münchen.example", "1"), ("shop.example", "1")]),
    "sources=click_ids": ("Click ids", "click_id", [("gclid (Google Ads)", "1")]),
    "devices=browser_versions": (
        "Versions",
        "browser_version",
        [("not known", "1"), ("Mobile Safari 17", "1")],
    ),
    "events=statuses": ("HTTP status", "status", [("200 (OK)", "1"), ("404 (Not Found)", "1")]),
    "events=modules": ("Modules", "module", [(HOSTILE, "1"), ("web", "1")]),
    "events=clients": ("Clients", "client", [("c1", "1"), ("c2", "1")]),
}


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("shown", SHOWN)
def test_each_value_filters_stands_on_a_chip_and_in_a_file(owner: Browsing, shown: str) -> None:
    heading, dimension, rows = SHOWN[shown]
    group, _, name = shown.partition("=")
    page = owner.get(f"{ALL}&{shown}").text
    assert sorted(panels(page)[heading]) == sorted(rows)
    [section] = re.findall(rf'<section class="panel part" id="{group}">.*?</section>', page, re.DOTALL)
    links = re.findall(r'class="linked"><a href="([^"]*)"', section)
    assert len(links) == len([label for label, _ in rows if label != "not known"])
    for link in links:
        filtered = owner.get(HOME + html.unescape(link))
        assert cards(filtered)["requests"] == "1", link
        assert filtered.text.count('class="chip"') == 1
        assert "<script>alert" not in filtered.text
        japanese = owner.get(HOME + html.unescape(link), headers={"Accept-Language": "ja"})
        assert japanese.status_code == 200
    sheet = list(csv.reader(io.StringIO(owner.get(f"{HOME}/panel.csv?range=30d&panel={name}").text)))
    assert sheet[0][0] == dimension
    assert len(sheet) == 1 + len(rows)
    listed = owner.get(f"{HOME}/values?range=30d&panel={name}")
    assert listed.status_code == 200
    assert len(re.findall(r"</svg>", listed.text)) == len(rows)


def test_what_a_log_was_answered_stands_where_events_would(
    owner: Browsing, database: Database, redis: Connection, application: Application, settings: Settings
) -> None:
    store(database, redis, application, settings, {"event_data": {"status": 404}}, {"event_data": {"status": 404}})
    page = owner.get(ALL).text
    assert panels(page)["HTTP status"] == [("404 (Not Found)", "2")]
    filtered = owner.get(f"{ALL}&status=404").text
    assert panels(filtered)["HTTP status"] == [("404 (Not Found)", "2")]
    [to] = re.findall(r'<a href="([^"]*)#events" [^>]*>Events</a>', page)
    chosen = owner.get(HOME + html.unescape(to)).text
    assert "HTTP status" not in panels(chosen), "what was asked for is shown, and says that it is empty"
    assert "No data for this period." in chosen
    typed = owner.get(f"{ALL}&filter_by=status&filter_how=is&filter_value={quote('404 (Not Found)')}")
    assert typed.location.endswith("&status=404")


@pytest.mark.usefixtures("stored")
def test_clients_are_not_for_whoever_comes_by_a_share_link(owner: Browsing, managing: Managing) -> None:
    path = share(owner)
    guest = Browsing(managing)
    assert "events=clients" in owner.get(ALL).text
    page = guest.get(f"{path}?range=30d&events=clients").text
    assert panels(page)["Events"] == [("buy", "1")]
    assert "=clients&amp;" not in page
    assert '#events" data-part' in page
    assert 'value="client"' not in page
    assert guest.get(f"{path}?range=30d&events=statuses").status_code == 200
    for hidden in ("/panel.csv?panel=clients", "/values?panel=clients", "?client=c1", "?client.contains=c"):
        assert guest.get(path + hidden).status_code in (400, 404), hidden
        assert owner.get(HOME + hidden).status_code == 200, hidden


def test_values_of_custom_parameters_filter_and_are_files(
    owner: Browsing, database: Database, redis: Connection, application: Application, settings: Settings
) -> None:
    keys: dict[str, Any] = {
        "colour": "string",
        "price": "number",
        "big": "boolean",
        "sizes": "array",
        'a.b"\r\n<i>': "string",
    }
    for key, kind in keys.items():
        define(database, application, key, kind)
    hit = {"colour": HOSTILE, "price": 1.50, "big": True, "sizes": ["S", 'münchen "x"', 2], 'a.b"\r\n<i>': "x"}
    store(
        database,
        redis,
        application,
        settings,
        {"custom_params": hit},
        {"custom_params": {"colour": "red", "price": 20, "big": False, "sizes": ["s"]}},
        {"custom_params": {"colour": "red"}},
        {"custom_params": {"colour": LONG}},
        {},
    )
    page = owner.get(ALL).text
    of_parameters = page[page.index("Custom parameters") :]
    links = re.findall(r'class="linked"><a href="([^"]*)"', of_parameters)
    counts = [cards(owner.get(HOME + html.unescape(link)))["requests"] for link in links]
    rows = re.findall(r'class="linked"><a .*?<td class="n">([0-9]+)', of_parameters)
    assert list(zip(links, counts, strict=True)) == list(zip(links, rows, strict=True))
    names = {f"param:{quote(key)}{'.contains' if key == 'sizes' else ''}" for key in keys if key != "price"}
    assert set(re.findall(r"param:[^=&]*", "".join(links))) == names
    assert of_parameters.count("sizes.contains") == 3, "a number in a list is a part of others"
    assert LONG not in "".join(links), "reports take no such value"
    filtered = owner.get(f"{ALL}&param%3Acolour=red&parameters=param%3Aprice").text
    assert "Parameter colour: red" in filtered
    assert panels(filtered)["price"] == [("20", "1")]
    japanese = owner.get(f"{ALL}&param%3Acolour=red", headers={"Accept-Language": "ja"}).text
    assert "パラメーター「colour」：red" in japanese
    assert cards(owner.get(f"{ALL}&param%3Acolour.is_not=red"))["requests"] == "3"
    assert cards(owner.get(f"{ALL}&param%3Acolour.contains=RE"))["requests"] == "2"
    assert cards(owner.get(f"{ALL}&param%3Aa.b%22%0D%0A%3Ci%3E=x"))["requests"] == "1"
    for key in keys:
        answer = owner.get(f"{HOME}/panel.csv?range=30d&panel={quote('param:' + key)}")
        assert answer.status_code == 200
        assert re.search(r'filename="parameter-[0-9-]+\.csv"$', answer.headers["Content-Disposition"])
        assert f"{HOME}/panel.csv?range=30d&amp;panel=param:{quote(key, safe='')}" in page, key
    sheet = list(csv.reader(io.StringIO(owner.get(f"{HOME}/panel.csv?range=30d&panel=param:colour").text)))
    assert sheet[:2] == [["param:colour", "requests", "share"], ["red", "2", "0.400000"]]
    listed = owner.get(f"{HOME}/values?range=30d&panel=param:colour&find=RE")
    assert "Parameter colour" in text_of(listed)
    [to] = re.findall(r'class="linked"><a href="([^"]*)"', listed.text)
    assert cards(owner.get(html.unescape(to)))["requests"] == "2"
    assert owner.get(f"{HOME}/values?panel=param:nothing").status_code == 400
    assert owner.get(f"{ALL}&param%3Anothing=1").status_code in (200, 400)
    assert "<i>" not in of_parameters.replace("<i>(blank)</i>", "")
