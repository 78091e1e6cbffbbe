"""All pages of the dashboard: who sees which, what their headers allow, and what the operator's pages say."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from tests.support import dashboard_pages
from tests.support.browsing import Browsing, heading, text_of
from tests.support.failed_hits import fail
from tests.support.managing import Managing
from tests.support.raw_hits import count_days, execute, fill
from tests.support.registered_webhooks import register, write_failed
from tests.support.servers_away import redis_away
from tracker import __version__
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.config import Settings
from tracker.embedded import Valkey
from tracker.management import applications, keys, webhooks
from tracker.reading import overview
from tracker.store.database import Database

HOME = "/dashboard/applications/shop"
PARTS = {f"{HOME}/live/now", f"{HOME}/first-hit", f"{HOME}/panel?group=pages"}
CSVS = {f"{HOME}/panel.csv", f"{HOME}/goals.csv"}
"""What a page asks for again and again."""
BY_LINK = ("/dashboard/share/", "/dashboard/invitation/")
"""Whoever has the link: `test_dashboard_share`, `test_dashboard_members`."""
FOR_EVERYBODY = {"/dashboard/sign-in/callback", "/dashboard/sign-in", "/dashboard/files/<mark>/<name>"}
NO_WEBHOOK = UUID(int=0)
URL = "https://user:password@hooks.example.com/in/T0123/0123456789secret?key=secret"


@pytest.fixture
def operator(managing: Managing) -> Browsing:
    opened = Browsing(managing)
    opened.sign_in(managing.admin_token)
    return opened


def pages(managing: Managing, app_id: str = "shop", webhook_id: UUID = NO_WEBHOOK) -> Iterator[str]:
    """Every path that shows a page to whoever has signed in."""
    for rule in managing.app.url_map.iter_rules():
        if rule.rule.startswith("/dashboard") and "GET" in (rule.methods or ()) and rule.rule not in FOR_EVERYBODY:
            if rule.rule.startswith(BY_LINK):
                continue
            path = rule.rule.replace("<app_id>", app_id).replace("<path:rest>", "nothing")
            path = path.replace("<filters>", dashboard_pages.FILTERS)
            path = path.replace("<uuid:webhook_id>", str(webhook_id)).replace("<int:delivery_id>", "1")
            yield f"{path}?group=pages" if path.endswith("/panel") else path


def test_the_list_of_pages_has_every_page(managing: Managing) -> None:
    routes = {
        rule.endpoint.removeprefix("dashboard.")
        for rule in managing.app.url_map.iter_rules()
        if rule.endpoint.startswith("dashboard.") and "GET" in (rule.methods or ())
    }
    assert routes == dashboard_pages.PAGES.keys() | dashboard_pages.NO_PAGES


@pytest.mark.usefixtures("application")
def test_nobody_sees_a_page_without_signing_in(managing: Managing) -> None:
    seen = list(pages(managing))
    assert len(seen) >= 6
    for path in seen:
        answer = Browsing(managing).get(path)
        assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/dashboard/sign-in"), path
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("application")
def test_another_applications_pages_and_the_operators_are_not_there_for_the_holder_of_a_key(
    managing: Managing, database: Database, application_key: str
) -> None:
    _, stranger_key = applications.create(database, name="Stranger", app_id="stranger")
    stranger = Browsing(managing)
    stranger.sign_in(stranger_key)
    assert stranger.get("/dashboard/").location == "/dashboard"
    assert stranger.get("/dashboard").location == "/dashboard/applications/stranger"
    seen = 0
    for path in pages(managing):
        if path in ("/dashboard", "/dashboard/"):
            continue
        answer = stranger.get(path)
        assert (answer.status_code, heading(answer)) == (404, "Not found"), path
        assert "Shop" not in answer.text
        seen += 1
    assert seen >= 5
    owner = Browsing(managing)
    owner.sign_in(application_key)
    assert owner.get("/dashboard/operations").status_code == 404
    assert "Operations" not in owner.get(HOME).text


def test_every_page_may_load_only_what_is_our_own_and_is_kept_by_nobody(
    managing: Managing, operator: Browsing, database: Database, application: Application
) -> None:
    webhook_id = register(database, application, "*", url=URL)
    write_failed(database, webhook_id)
    fill(database, application, 5, start=datetime.now(UTC) - timedelta(minutes=1))
    count_days(database, datetime.now(UTC).date(), datetime.now(UTC).date())
    for path in ["/dashboard/sign-in", *pages(managing, webhook_id=webhook_id)]:
        # With long filters in it, a page stays the same, and links to its parts beside it.
        kind = path.replace(f"/filtered/{dashboard_pages.FILTERS}", "").removesuffix("/")
        if path == "/dashboard/" or kind in CSVS:
            continue
        for language in ("en", "ja"):
            operator.language = language
            page = operator.get(path)
            scripted = kind in (HOME, f"{HOME}/live")
            is_part = kind in PARTS
            assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self';"), path
            assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
            assert page.headers["X-Content-Type-Options"] == "nosniff"
            assert page.headers["Referrer-Policy"] == "same-origin"
            assert page.headers["Cache-Control"] == "no-store"
            assert page.headers["Content-Language"] == language
            assert is_part or f'<html lang="{language}">' in page.text
            assert " style=" not in page.text
            assert "`" not in re.sub(r"<[^>]*>", "", page.text), "code is marked up"
            assert 'type="date"' not in page.text, "browsers write it in their own language"
            assert page.text.count("<script") == scripted
            assert ("script-src 'self'; connect-src 'self'" in page.headers["Content-Security-Policy"]) is scripted
            for address in re.findall(r'(?:src|href|action)="([^"]*)"', page.text):
                assert re.match(r"/dashboard|\?|#content|(?:\./|values|panel\.csv)\?", address), (path, address)


def test_files_are_kept_by_browsers_until_they_change(managing: Managing, operator: Browsing) -> None:
    [style] = re.findall(r'href="([^"]*\.css)"', operator.get("/dashboard/sign-in").text)
    first = Browsing(managing).get(style)
    assert (first.status_code, first.mimetype) == (200, "text/css")
    assert ("immutable" in first.headers["Cache-Control"], b"/*" in first.data) == (True, False), "nor its comments"
    again = Browsing(managing).get(style, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    old = Browsing(managing).get("/dashboard/files/0123456789abcdef/dashboard.css")
    assert (old.status_code, old.headers["Cache-Control"]) == (200, "no-cache")
    for nothing in ("secret.css", "..", "%2e%2e"):
        assert Browsing(managing).get(f"/dashboard/files/x/{nothing}").status_code == 404


def test_the_language_is_the_browsers_until_somebody_chooses(managing: Managing) -> None:
    browsing = Browsing(managing, language="fr, ja;q=0.5")
    assert heading(browsing.get("/dashboard/sign-in")) == "サインイン"
    chosen = browsing.post("/dashboard/language", language="en", next="/dashboard/sign-in")
    assert (chosen.status_code, chosen.location) == (303, "/dashboard/sign-in")
    assert heading(browsing.get("/dashboard/sign-in")) == "Sign in"
    browsing.post("/dashboard/language", language="<script>")
    assert browsing.cookie("tracker_language") == "en"
    assert heading(Browsing(managing, language="fr").get("/dashboard/sign-in")) == "Sign in"


def test_a_disabled_webhook_is_shown_to_who_may_see_it_and_counted_for_the_others(
    managing: Managing, operator: Browsing, database: Database, application: Application
) -> None:
    webhook_id = register(database, application, "session.started", url=URL)
    may, may_not = (
        keys.create(database, application.app_id, permissions=permissions)[1]
        for permissions in (["stats:read", "webhooks:write"], ["stats:read"])
    )
    one, other = Browsing(managing), Browsing(managing)
    one.sign_in(may)
    other.sign_in(may_not)
    assert "disabled" not in text_of(one.get(HOME))
    webhooks.disable(database, webhook_id, reason="Gone for 5 days.", now=SystemClock().now())
    for path in (HOME, f"{HOME}/quality"):
        assert "A webhook is disabled" in text_of(one.get(path))
    told = text_of(one.get(f"{HOME}/webhooks"))
    assert "https://hooks.example.com/in/T0123/0123… " in told
    assert "Gone for 5 days." in told
    assert "secret" not in told
    assert "password" not in told
    assert "A webhook is disabled" in text_of(other.get(HOME))
    hidden = other.get(f"{HOME}/webhooks")
    assert (hidden.status_code, "hooks.example.com" in hidden.text) == (404, False)
    assert "1 webhook disabled" in text_of(operator.get())
    assert "Gone for 5 days." in text_of(operator.get("/dashboard/operations"))


def test_the_operator_sees_all_applications_with_their_numbers_and_signs(
    operator: Browsing, database: Database, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(27):
        applications.create(database, name=f"Site {number}", app_id=f"site-{number:02}")
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    visitor = {"client_sub_id": "'v' || n % 3"}
    fill(database, application, 6, start=today - timedelta(hours=12), every="4 hours", **visitor)
    count_days(database, today.date() - timedelta(days=1), today.date())
    fail(database, application, 1)
    first = operator.get()
    assert "Shop shop 1 hit failed" in text_of(first)
    numbers = re.findall(r'<td class="n">.*?</span>([0-9≤,]+)</td>', first.text)
    assert numbers[:8] == ["3", "3", "3", "6", "0", "0", "0", "0"], "visitors and requests, of today and of the week"
    assert first.text.count('<th scope="row">') == 25
    assert text_of(first).count("no hits in 7 days") == 24
    [after] = re.findall(r'href="(\?after=[^"]*)"', first.text)
    second = operator.get(f"/dashboard{after}")
    assert second.text.count('<th scope="row">') == 3
    assert "Site 26" in second.text
    assert 'name="app_id"' in first.text
    assert operator.get("/dashboard?app_id=+site-26").location == "/dashboard/applications/site-26"
    assert operator.get("/dashboard?app_id=%2F%2Fevil.example").location.startswith("/dashboard/applications/%2F")
    assert operator.get("/dashboard?after=%00").status_code == 200
    monkeypatch.setattr(overview, "MAX_COUNTED_TOGETHER", 5)
    assert "7 days ≤ 6 " in text_of(operator.get()), "too many to count the different ones: the sum of the days"


def test_operations_tell_what_waits_fails_and_works_without_any_value(
    operator: Browsing, database: Database, application: Application
) -> None:
    tracking_id = fail(database, application, 1)
    reason = 'invalid input for inet: "2001:db8::1", from 192.0.2.7 (SQLSTATE 22P02)'
    execute(database, "UPDATE batch_queue SET error_message = %s WHERE id = %s", reason, tracking_id)
    page = operator.get("/dashboard/operations")
    told = text_of(page)
    assert "invalid input for inet: …, from … (SQLSTATE 22P02) 1" in told
    assert "192.0.2.7" not in page.text
    assert "No worker is registered" in told
    assert "No scheduler works" in told
    assert "Waiting hits 0" in told
    assert re.search(r"5, from [A-Z][a-z]{2} \d{4} to [A-Z][a-z]{2} \d{4}", told)


def test_operations_are_there_while_redis_is_away(operator: Browsing, valkey: Valkey) -> None:
    with redis_away(valkey):
        page = operator.get("/dashboard/operations")
    assert page.status_code == 200
    assert "Redis does not answer" in text_of(page)
    assert "Redis cannot be used: " in text_of(page), "the operator is told why"
    assert "Months in the database" in text_of(page)


@pytest.mark.usefixtures("application")
def test_the_operator_is_told_why_there_are_no_reports(operator: Browsing, managing: Managing) -> None:
    operator.language = "ja"
    told = operator.get(f"{HOME}/values")
    assert told.status_code == 503
    assert "スケジューラーを起動してください" in text_of(told)


def test_the_operator_is_told_to_migrate_a_database_that_is_empty(settings: Settings, empty_database_url: str) -> None:
    managing = Managing(replace(settings, database_url=empty_database_url, database_read_url=empty_database_url))
    operator = Browsing(managing)
    operator.sign_in(managing.admin_token)
    pages_told = [operator.get(), operator.get("/dashboard/operations")]
    managing.close()
    assert [page.status_code for page in pages_told] == [503, 200]
    for page in pages_told:
        assert "Run <code>python -m tracker migrate</code>" in page.text


@pytest.mark.usefixtures("application")
def test_the_foot_tells_the_version_to_those_who_have_signed_in(managing: Managing, operator: Browsing) -> None:
    assert text_of(operator.get(HOME)).strip().endswith(f"Access Log Tracker {__version__}")
    assert __version__ not in Browsing(managing).get("/dashboard/sign-in").text


@pytest.mark.usefixtures("application")
def test_tabs_of_a_browser_tell_pages_apart(operator: Browsing) -> None:
    tabs = ("", "/live", "/goals", "/quality", "/webhooks", "/settings", "/access", "/keys", "/changes")
    titles = [re.findall(r"<title>(.*)</title>", operator.get(f"{HOME}{tab}").text)[0] for tab in tabs]
    assert [title.partition(" · ")[0] for title in titles[:2]] == ["Traffic", "Live"]
    assert len(set(titles)) == len(tabs)
