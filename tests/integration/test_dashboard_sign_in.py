"""Signing in to the dashboard: who comes in, for how long, and what ends it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.browsing import OWN, Browsing, heading, text_of
from tests.support.managing import Managing, data
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.config import Settings
from tracker.dashboard.session_cookie import Session, SessionCookie
from tracker.management import keys
from tracker.queueing.connection import Connection
from tracker.store.database import Database
from tracker.web.authentication import MAX_FAILURES, FailedKeys

HOME = "/dashboard/applications/shop"


class StandingClock(SystemClock):
    """It stands at a quarter past its minute's beginning."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC).replace(second=15)

    def now(self) -> datetime:
        return self._now


@pytest.fixture
def browsing(managing: Managing) -> Browsing:
    return Browsing(managing)


@pytest.mark.usefixtures("application")
def test_the_holder_of_a_key_signs_in_sees_the_application_and_signs_out(
    browsing: Browsing, application_key: str
) -> None:
    asked = browsing.get(f"{HOME}?range=30d")
    assert (asked.status_code, asked.location) == (
        303,
        "/dashboard/sign-in?next=%2Fdashboard%2Fapplications%2Fshop%3Frange%3D30d",
    )
    assert heading(browsing.get(asked.location)) == "Sign in"
    entered = browsing.sign_in(application_key, next=f"{HOME}?range=30d")
    assert (entered.status_code, entered.location) == (303, f"{HOME}?range=30d")
    assert heading(browsing.get(entered.location)) == "Shop"
    assert browsing.get("/dashboard").location == HOME
    left = browsing.post("/dashboard/sign-out")
    assert (left.status_code, left.location) == (303, "/dashboard/sign-in")
    assert browsing.cookie() is None
    assert browsing.get(HOME).status_code == 303


@pytest.mark.usefixtures("application")
def test_the_cookie_is_for_the_dashboard_alone_and_holds_no_key(managing: Managing, application_key: str) -> None:
    settings = Browsing(managing).sign_in(application_key).headers["Set-Cookie"]
    assert [part.strip() for part in settings.split(";")[1:] if "xpires" not in part] == [
        "Max-Age=43200",
        "HttpOnly",
        "Path=/dashboard",
        "SameSite=Strict",
    ]
    assert application_key not in settings
    headers = {**OWN, "Origin": "https://localhost"}
    secure = Browsing(managing).post("/dashboard/sign-in", key=application_key, headers=headers)
    assert "; Secure" in secure.headers["Set-Cookie"], "the browser itself says so"
    forwarded = {**OWN, "X-Forwarded-Proto": "https"}
    believed = Browsing(managing).post("/dashboard/sign-in", key=application_key, headers=forwarded)
    assert "; Secure" not in believed.headers["Set-Cookie"], "nobody in front is believed about it"


def test_behind_a_trusted_proxy_the_cookie_is_secure_where_the_browser_came_by_https(
    settings: Settings, application_key: str
) -> None:
    managing = Managing(replace(settings, trusted_proxies=1))
    for forwarded, is_secure in (("https", True), ("http", False), ("https, http", False), ("", False)):
        headers = {**OWN, "X-Forwarded-Proto": forwarded}
        answer = Browsing(managing).post("/dashboard/sign-in", key=application_key, headers=headers)
        assert ("; Secure" in answer.headers["Set-Cookie"]) is is_secure, forwarded
    managing.close()


@pytest.mark.usefixtures("application")
def test_a_link_on_another_site_is_followed_once_more_from_here(browsing: Browsing) -> None:
    """The browser has kept the cookie back; asked by a page of the same site it sends it."""
    linked = browsing.get(f"{HOME}?range=30d", headers={"Sec-Fetch-Site": "cross-site"})
    assert linked.status_code == 200
    assert f'content="0; url={HOME}?range=30d"' in linked.text
    assert "Shop" not in linked.text
    outside = browsing.get("/dashboard/..%2f..%2f/evil.example", headers={"Sec-Fetch-Site": "cross-site"})
    assert 'content="0; url=/dashboard"' in outside.text
    assert browsing.get(HOME, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303


@pytest.mark.usefixtures("application")
def test_wrong_keys_are_refused_and_rationed_together_with_those_of_the_api(
    managing: Managing, browsing: Browsing, application_key: str, redis: Connection
) -> None:
    # They count by the minute, and a slow machine may need more than the rest of one.
    check = replace(managing.parts.key_check, failed_keys=FailedKeys(redis, StandingClock()))
    managing.parts = replace(managing.parts, key_check=check)
    refused = browsing.sign_in("alt_wrong")
    assert (refused.status_code, browsing.cookie()) == (401, None)
    assert "unknown, revoked or expired" in text_of(refused)
    assert browsing.sign_in("").status_code == 401
    for _ in range(MAX_FAILURES - 1):
        managing.get("/v1/applications", key="alt_wrong")
    late = browsing.sign_in("alt_wrong")
    assert late.status_code == 429
    assert 0 < int(late.headers["Retry-After"]) <= 60
    assert browsing.sign_in(application_key).status_code == 303, "a right key counts whoever else is there"
    assert Browsing(managing, address="192.0.2.7").sign_in(application_key).status_code == 303


def test_a_key_without_the_permission_does_not_come_in(
    browsing: Browsing, database: Database, application: Application
) -> None:
    _, key = keys.create(database, application.app_id, permissions=["track", "webhooks:write"])
    refused = browsing.sign_in(key)
    assert (refused.status_code, browsing.cookie()) == (403, None)
    assert "stats:read" in text_of(refused)


def test_a_session_ends_with_its_key(managing: Managing, database: Database, application: Application) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    row, key = keys.create(database, application.app_id, permissions=["stats:read"], expires_at=soon)
    browsing = Browsing(managing)
    browsing.sign_in(key)
    assert browsing.get(HOME).status_code == 200
    keys.revoke(database, application.app_id, str(row.id))
    ended = browsing.get(HOME)
    assert (ended.status_code, browsing.cookie()) == (303, None)
    assert "Your session has ended" in text_of(browsing.get(ended.location))


def test_a_session_ends_when_its_key_expires_loses_its_permission_or_is_replaced(
    managing: Managing, database: Database, application: Application, application_key: str
) -> None:
    row, key = keys.create(database, application.app_id, permissions=["stats:read", "track"])
    holder, owner = Browsing(managing), Browsing(managing)
    holder.sign_in(key)
    owner.sign_in(application_key)
    keys.update(database, application.app_id, str(row.id), {"permissions": ["track"]})
    assert holder.get(HOME).status_code == 303
    keys.update(database, application.app_id, str(row.id), {"permissions": ["stats:read"]})
    holder.sign_in(key)
    assert holder.get(HOME).status_code == 200
    with database.transaction() as tx:
        tx.execute("UPDATE api_keys SET expires_at = now() - interval '1 second'")
        # As whatever changes a key does: what is written by hand alone is noticed some seconds later.
        tx.execute("UPDATE applications SET updated_at = now()")
    assert holder.get(HOME).status_code == 303
    assert owner.get(HOME).status_code == 200
    assert managing.post("/v1/applications/shop/api-keys/first/rotate", {"grace_seconds": 0}).status_code == 201
    assert owner.get(HOME).status_code == 303


def test_a_session_of_the_operator_ends_with_the_admin_token(settings: Settings, application: Application) -> None:
    before, after = Managing(settings), Managing(replace(settings, admin_token="another admin token"))
    browsing, later = Browsing(before), Browsing(after)
    browsing.sign_in(settings.admin_token)
    assert browsing.get(HOME).status_code == 200
    later.set_cookie(str(browsing.cookie()))
    assert later.get(HOME).status_code == 303
    none = Managing(replace(settings, admin_token=None))
    nobody = Browsing(none)
    nobody.set_cookie(str(browsing.cookie()))
    assert nobody.get(HOME).status_code == 303
    assert nobody.sign_in("").status_code == 401
    for managing in (before, after, none):
        managing.close()


@pytest.mark.usefixtures("application")
def test_after_twelve_hours_and_under_another_signature_a_cookie_counts_no_more(
    settings: Settings, browsing: Browsing
) -> None:
    now = datetime.now(UTC)
    cookie = SessionCookie(settings.secret_key)
    operator = Session("admin", None, cookie.binding(str(settings.admin_token)))
    browsing.set_cookie(cookie.write(operator, now - timedelta(hours=11, minutes=59)))
    assert browsing.get(HOME).status_code == 200
    another = SessionCookie("another secret key")
    for bad in (
        cookie.write(operator, now - timedelta(hours=12)),
        cookie.write(operator, now + timedelta(minutes=5)),
        another.write(Session("admin", None, another.binding(str(settings.admin_token))), now),
        cookie.write(operator, now)[:-1],
        "x" * 3000,
        "",
    ):
        browsing.set_cookie(bad)
        assert browsing.get(HOME).status_code == 303, bad


def test_a_form_of_another_site_does_nothing(managing: Managing, application_key: str) -> None:
    foreign: tuple[dict[str, str], ...] = (
        {},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
    )
    for headers in foreign:
        browsing = Browsing(managing)
        assert browsing.post("/dashboard/sign-in", key=application_key, headers=headers).status_code == 403
        assert browsing.cookie() is None
        browsing.sign_in(application_key)
        for path in ("/dashboard/sign-out", "/dashboard/language"):
            assert browsing.post(path, headers=headers, language="ja").status_code == 403, headers
        assert browsing.get(HOME).status_code == 200
        assert browsing.cookie("tracker_language") is None


def test_signing_in_leads_nowhere_else(browsing: Browsing, application_key: str) -> None:
    for path in (
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/dashboard/\\evil.example",
        "/dashboardx",
        "/v1/applications",
        "/dashboard/../v1",
        "/dashboard/%2e%2E//evil.example",
        "//[",
        "/dashboard\r\nSet-Cookie: a=b",
        "",
    ):
        assert browsing.sign_in(application_key, next=path).location == "/dashboard", path


def test_a_form_that_is_none_is_refused(managing: Managing, browsing: Browsing) -> None:
    for body, kind, status in (
        (b"{}", "application/json", 415),
        (b"key=%00", "application/x-www-form-urlencoded", 400),
        (b"key=" + b"k" * 9000, "application/x-www-form-urlencoded", 413),
        (b"&".join([b"a=b"] * 130), "application/x-www-form-urlencoded", 400),
    ):
        answer = managing.client.post("/dashboard/sign-in", data=body, headers={**OWN, "Content-Type": kind})
        assert answer.status_code == status, body[:20]
        assert answer.mimetype == "text/html"


def test_without_an_admin_token_the_form_says_so(settings: Settings, browsing: Browsing) -> None:
    managing = Managing(replace(settings, admin_token=None))
    assert "TRACKER_ADMIN_TOKEN is not set" in text_of(Browsing(managing).get("/dashboard/sign-in"))
    assert Browsing(managing).sign_in("").status_code == 401
    assert "TRACKER_ADMIN_TOKEN" not in text_of(browsing.get("/dashboard/sign-in"))
    managing.close()


def test_without_a_secret_key_the_page_says_what_to_set(settings: Settings) -> None:
    managing = Managing(replace(settings, secret_key=None))
    for path in ("/dashboard", "/dashboard/sign-in"):
        answer = Browsing(managing).get(path)
        assert answer.status_code == 503
        assert "TRACKER_SECRET_KEY" in text_of(answer)
    assert data(managing.get("/v1/applications"))["items"] == []
    managing.close()
