"""Filters of an application's page, and the page of all of a panel's values, in which one is sought."""

import html
import re
from datetime import timedelta
from urllib.parse import quote

import pytest

from tests.integration.test_dashboard_panels import HOME, HOSTILE, panels, with_three_visits
from tests.support.browsing import Browsing, cards, chart_rows
from tests.support.counted import fold_everything
from tests.support.facts import make_facts
from tests.support.managing import Managing
from tests.support.queued_hits import NOON, drain, enqueue, hit_of
from tracker.application import Application
from tracker.config import Settings
from tracker.dashboard.panel_kinds import GROUPS, kind_of
from tracker.queueing.connection import Connection
from tracker.store.database import Database
from tracker.traffic_filters import MAX_FILTERS


@pytest.fixture
def browsing(
    managing: Managing, application_key: str, database: Database, redis: Connection, application: Application
) -> Browsing:
    return with_three_visits(managing, application_key, database, redis, application)


def test_a_value_filters_stands_in_the_address_and_is_taken_off_again(
    browsing: Browsing, database: Database, settings: Settings
) -> None:
    make_facts(database, settings.facts_url)
    [link] = re.findall(r'href="([^"]*)">Google</a>', browsing.get(f"{HOME}?range=30d").text)
    page = browsing.get(HOME + html.unescape(link))
    assert html.unescape(link) == "?range=30d&source=Google"
    assert cards(page) == {
        "requests": "1",
        "visitors": "1",
        "sessions": "1",
        "page_views": "1",
        "views_per_session": "1.0",
        "bounce_rate": "100%",
        "duration": "0 s",
    }
    assert [row[1] for row in chart_rows(page)].count("1") == 1, "its chart is of these hits alone"
    assert panels(page.text)["Pages"] == [("/cart", "1")]
    [chip] = re.findall(r'<a class="chip" href="([^"]*)"', page.text)
    assert chip == "?range=30d"
    assert 'href="?source=Google&amp;range=7d"' in page.text, "another time keeps the filter"
    assert 'name="source" value="Google"' in page.text
    nothing = browsing.get(f"{HOME}?page=%3Cscript%3Ealert%281%29%3C%2Fscript%3E")
    assert nothing.status_code == 200
    assert "<script>alert" not in nothing.text
    assert cards(nothing)["requests"] == "0"
    assert browsing.get(f"{HOME}?page=%00").status_code == 400
    assert browsing.get(f"{HOME}?page={'x' * 1001}").status_code == 400


def test_as_many_filters_as_a_page_says_count_and_one_more_is_refused(
    browsing: Browsing, database: Database, settings: Settings
) -> None:
    make_facts(database, settings.facts_url)
    chosen = [f"{dimension}.is_not=x" for names in GROUPS.values() for dimension in map(dimension_of, names)]
    page = browsing.get(f"{HOME}?{'&'.join(chosen[:MAX_FILTERS])}&places=cities&campaigns=utm_terms")
    assert cards(page)["requests"] == "3"
    sought = browsing.get(f"{HOME}/values?panel=cities&find=a&{'&'.join(chosen[:MAX_FILTERS])}")
    assert "Reports cannot be shown" not in page.text + sought.text
    for path in ("", "/values"):
        refused = browsing.get(f"{HOME}{path}?panel=pages&{'&'.join(chosen[: MAX_FILTERS + 1])}")
        assert refused.status_code == 400
        assert f"At most {MAX_FILTERS} filters can be chosen at once." in refused.text


def dimension_of(panel: str) -> str:
    return kind_of(panel).dimension


def test_a_page_within_the_site_has_the_sources_of_its_visits_and_they_filter(
    browsing: Browsing, database: Database, settings: Settings, redis: Connection, application: Application
) -> None:
    """Nobody came to the till from elsewhere."""
    thanks = "https://shop.example/thanks?utm_campaign=Late"
    visit = [
        {"url": "https://shop.example/?utm_campaign=Spring", "referrer": "https://www.google.com/"},
        {"url": "https://shop.example/till", "referrer": "https://shop.example/", "event_name": "buy"},
        {"url": thanks, "referrer": "https://pay.example/"},
    ]
    times = [NOON - timedelta(days=1, minutes=20 - number) for number in range(3)]
    enqueue(
        redis,
        [
            hit_of(application, 50 + number, created_at=time, client_sub_id="buyer", **one)
            for number, (time, one) in enumerate(zip(times, visit, strict=True))
        ],
    )
    drain(redis, database)
    fold_everything(database)
    make_facts(database, settings.facts_url)
    page = browsing.get(f"{HOME}?event=buy")
    assert cards(page)["requests"] == "1"
    shown = panels(page.text)
    assert shown["Sources"] == [("Google", "1")]
    assert shown["Campaigns"] == [("Spring", "1")]
    channels = browsing.get(f"{HOME}/panel?event=buy&group=sources&sources=channels").text
    assert panels(channels)["Channels"] == [("Campaign", "1")]
    [link] = re.findall(r'href="([^"]*)">Google</a>', page.text)
    both = browsing.get(HOME + html.unescape(link))
    assert cards(both)["requests"] == "1"
    of_google = browsing.get(f"{HOME}?source=Google")
    assert cards(of_google)["requests"] == "4", "all hits of the two visits that came from there"
    assert cards(of_google)["sessions"] == "2"
    late = browsing.get(f"{HOME}?utm_campaign=Late")
    assert cards(late)["requests"] == "0", "no visit began there"
    assert "Nothing in this period matches the filters." in late.text
    within = panels(browsing.get(f"{HOME}/panel?country=JP&group=sources&sources=channels").text)
    assert within["Channels"] == [("Within the site", "1")]


def test_a_filter_takes_the_others_too_and_what_contains_a_text(
    browsing: Browsing, database: Database, settings: Settings
) -> None:
    make_facts(database, settings.facts_url)
    page = browsing.get(f"{HOME}?range=30d&page=%2Fcart&sources=channels")
    assert cards(page)["requests"] == "2"
    assert "Page: /cart" in page.text
    other = re.search(r'class="turn" href="([^"]+)" aria-label="Instead: Page is not /cart"', page.text)
    assert other
    page = browsing.get(HOME + html.unescape(other[1]))
    assert cards(page)["requests"] == "1"
    assert panels(page.text)["Pages"] == [(f"/{HOSTILE}", "1")]
    assert "sources=channels" in page.text, "which panel is shown lasts"
    assert "<script>alert" not in page.text
    back = re.search(r'class="turn" href="([^"]+)" aria-label="Instead: Page: /cart"', page.text)
    assert back
    assert cards(browsing.get(HOME + html.unescape(back[1])))["requests"] == "2"
    assert cards(browsing.get(f"{HOME}?range=30d&page.contains=SCRIPT"))["requests"] == "1", "whatever the case"
    both = browsing.get(f"{HOME}?range=30d&page.contains=ca&page.is_not=%2Fcart")
    assert cards(both)["requests"] == "0"
    assert both.text.count('class="chip"') == 2
    assert 'class="turn" href="?range=30d">Remove all filters</a>' in both.text
    assert "Remove all filters" not in page.text, "where there is one, its chip does it"
    assert browsing.get(f"{HOME}?range=30d&page.contains={'x' * 1001}").status_code == 400
    japanese = browsing.get(f"{HOME}?range=30d&device.is_not=phone", headers={"Accept-Language": "ja"})
    assert "デバイス：スマートフォン以外" in japanese.text


def test_all_values_of_a_panel_have_a_page_in_which_one_is_sought(
    browsing: Browsing, database: Database, settings: Settings, redis: Connection, application: Application
) -> None:
    urls = [f"https://shop.example/Blog/{number}" for number in range(260)]
    hits = [
        hit_of(application, 100 + number, created_at=NOON - timedelta(days=2), client_sub_id="r", url=url)
        for number, url in enumerate(urls)
    ]
    enqueue(redis, hits)
    drain(redis, database)
    fold_everything(database)
    make_facts(database, settings.facts_url)
    page = browsing.get(f"{HOME}?range=30d&language=").text
    to = re.search(rf'href="{HOME}/values([^"]+)" aria-label="All of Pages"', page)
    assert to
    listed = browsing.get(f"{HOME}/values{html.unescape(to[1])}").text
    [following] = re.findall(r'<a href="([^"]*)">Next page</a>', listed)
    listed += browsing.get(f"{HOME}/values{html.unescape(following)}").text
    assert len(re.findall(r"<tr><th scope=\"row\">", listed)) == 262, "on two pages"
    assert "most frequent are shown" not in listed
    heads = re.findall(r'<th scope="col" class="n"[^>]*>([^<]*)</th>', listed)
    assert heads == ["Views", "Share"] * 2
    [cells] = re.findall(r"<wbr>7</a></span></th>(.*?)</tr>", listed)
    assert re.sub(r"<[^>]+>", " ", cells).split() == ["1", "0.4%"]
    begun = browsing.get(f"{HOME}/values?range=30d&panel=entry_pages").text
    heads = re.findall(r'<th scope="col" class="n"[^>]*>([^<]*)</th>', begun)
    assert heads == ["Visits", "Share", "Bounce rate", "Visit duration"]
    [cells] = re.findall(r"<wbr>0</a></span></th>(.*?)</tr>", begun)
    assert re.sub(r"<[^>]+>", " ", cells).split() == ["1", "25.0%", "0%", "0", "s"]
    sought = browsing.get(f"{HOME}/values?range=30d&panel=pages&find=bLOG%2F25").text
    assert len(re.findall(r"<tr><th scope=\"row\">", sought)) == 11, "25, and 250 to 259, whatever the case"
    assert "most frequent are shown" not in sought
    assert 'href="/dashboard/applications/shop?range=30d&amp;page=/Blog/25"' in sought
    filtered = re.search(r'<a href="([^"]+)">Show the traffic of: Page contains bLOG/25</a>', sought)
    assert filtered
    assert "page.contains=bLOG/25" in filtered[1]
    by_name = browsing.get(f"{HOME}/values?range=30d&panel=countries&find=japa").text
    assert "Japan" in by_name
    assert "Show the traffic of" not in by_name, "facts have a country's code, not what it is called"
    nothing = browsing.get(f"{HOME}/values?panel=pages&find={quote(HOSTILE)}nothing&page.is_not=%2Fcart")
    assert "No value has this in it." in nothing.text
    assert "<script>alert" not in nothing.text
    assert re.search(r'class="chip" href="\?range=7d&amp;panel=pages&amp;find=[^"]+"', nothing.text)
    assert browsing.get(f"{HOME}/values?panel=nothing").status_code == 404
    assert browsing.get(f"{HOME}/values?find={'x' * 201}").status_code == 400


def test_of_a_list_that_is_longer_than_what_is_read_the_rest_is_searched_too(
    browsing: Browsing, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_facts(database, settings.facts_url)
    monkeypatch.setattr("tracker.dashboard.panel_page._MAX_ROWS", 1)
    listed = browsing.get(f"{HOME}/values?panel=pages").text
    assert "/<wbr>cart" in listed
    assert "The 1 most frequent" in listed
    assert "alert" in browsing.get(f"{HOME}/values?panel=pages&find=SCR").text


@pytest.mark.parametrize("longest", [1000, 3, 1])
def test_a_host_is_found_by_its_letters_and_by_how_it_is_stored(  # noqa: PLR0917 fixtures
    browsing: Browsing,
    database: Database,
    settings: Settings,
    redis: Connection,
    application: Application,
    monkeypatch: pytest.MonkeyPatch,
    longest: int,
) -> None:
    referrers = ["a.example", "b.example", "c.example"] * 2 + ["xn--mnchen-3ya.example", "xn--bcher-kva.example"]
    sources = [{"referrer": f"https://{host}/"} for host in referrers] + [
        {"url": "https://shop.example/?utm_source=Bad%20M%C3%BCnchen"}
    ]
    hits = [
        hit_of(application, 100 + number, created_at=NOON - timedelta(days=2), client_sub_id=f"r{number}", **source)
        for number, source in enumerate(sources)
    ]
    enqueue(redis, hits)
    drain(redis, database)
    fold_everything(database)
    make_facts(database, settings.facts_url)
    monkeypatch.setattr("tracker.dashboard.panel_page._MAX_ROWS", longest)

    def found(text: str, panel: str = "sources") -> tuple[list[str], list[str]]:
        page = browsing.get(f"{HOME}/values?range=30d&panel={panel}&find={quote(text)}").text
        rows = re.findall(r'<span(?: title="([^"]*)")?[^>]*>(.*?)</span></th>', page)
        values = [title or re.sub("<[^>]*>", "", shown) for title, shown in rows]
        return values, [html.unescape(link) for link in re.findall(r'<a href="([^"]+)">Show the traffic of', page)]

    munich = "xn--mnchen-3ya.example"
    assert set(found("ünche")[0]) == {munich, "bad münchen"}
    assert found("MÜNCHEN")[1] == [], "no text is in both"
    assert found("xn--mnchen") == ([munich], [f"{HOME}?range=30d&source.contains=xn--mnchen"])
    assert found("ünchen.ex") == ([munich], []), "a part of a label stands for another one in ASCII"
    assert found("bad mün") == (["bad münchen"], [f"{HOME}?range=30d&source.contains=bad+mün"])
    [link] = found("Bücher.example")[1]
    assert link.endswith("source.contains=xn--bcher-kva.example")
    assert cards(browsing.get(link))["sessions"] == "1"
    assert found("Bücher.example", "referrers")[0] == ["xn--bcher-kva.example"]
    missing = "There are more values than were looked through"
    assert missing not in browsing.get(f"{HOME}/values?range=30d&panel=sources&find=ünche").text
    if longest == 1:
        monkeypatch.setattr("tracker.dashboard.panel_page._QUESTIONS", 1)
        assert missing in browsing.get(f"{HOME}/values?range=30d&panel=sources&find=ünche").text
    chosen = browsing.get(f"{HOME}?range=30d&source={munich}").text
    assert f"Source: münchen.example ({munich}) <span" in chosen
