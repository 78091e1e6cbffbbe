"""Share links: one application, to look at only, framed where named, gone at once; a sub-path behind a proxy."""

import re
from dataclasses import replace

import pytest

from tests.support.browsing import Browsing, heading
from tests.support.managing import Managing
from tests.support.queued_hits import rows
from tests.support.share_links import share
from tracker.application import Application
from tracker.config import Settings
from tracker.dashboard import share_reads
from tracker.management import applications, audit, keys, shares
from tracker.store.database import Database
from tracker.web.authentication import MAX_FAILURES

HOME = "/dashboard/applications/shop"
SHARE = "/dashboard/share"


def test_a_link_shows_one_application_to_anybody_and_changes_nothing(
    owner: Browsing, managing: Managing, database: Database, application: Application
) -> None:
    path = share(owner)
    guest = Browsing(managing)
    for page in ("", "/live", "/goals"):
        answer = guest.get(f"{path}{page}")
        assert (answer.status_code, heading(answer)) == (200, "Shop"), page
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert not re.findall(r'method="post" action="(?!/dashboard/language)', answer.text), "nothing to change"
        links = set(re.findall(r'href="(/dashboard[^"?]*)', answer.text))
        assert {link for link in links if not link.startswith((path, "/dashboard/files/"))} == set()
    for page in ("/live/now", "/panel?group=pages", "/panel.csv", "/goals.csv"):
        assert guest.get(f"{path}{page}").status_code in (200, 503), page
    for page in ("/settings", "/keys", "/webhooks", "/quality", "/access", "/first-hit"):
        assert guest.get(f"{path}{page}").status_code in (303, 404)
    assert guest.get(HOME).status_code == 303
    assert guest.get("/dashboard/operations").status_code == 303
    for page in ("", "/goals", "/notes"):
        assert guest.post(f"{path}{page}", action="add", day="2026-01-31", text="x").status_code in (303, 404, 405)
    assert guest.cookie() is None
    token = path.rpartition("/")[2]
    stored = str(rows(database, "SELECT * FROM shares"))
    assert token not in stored
    assert token not in owner.get(f"{HOME}/access").text
    assert token not in str(audit.list_(database, limit=50))


def test_a_page_that_cannot_be_shown_leads_back_to_where_one_was(owner: Browsing, managing: Managing) -> None:
    path = share(owner)
    guest = Browsing(managing)
    for reader, at, back in (
        (guest, f"{path}?from=x&to=y", path),
        (guest, f"{path}/values?panel=nothing", path),
        (owner, f"{HOME}/goals?from=x&to=y", HOME),
        (owner, "/dashboard/applications/another", "/dashboard"),
        (guest, f"{path[:-1]}~", "/dashboard"),
    ):
        answer = reader.get(at)
        assert answer.status_code in (400, 404), at
        assert re.findall(r'<p><a href="([^"]*)">Back', answer.text) == [back], at


def test_a_link_that_is_revoked_is_gone_with_the_next_request_and_no_other_is(
    owner: Browsing, managing: Managing, database: Database, application: Application
) -> None:
    first, second = share(owner), share(owner, name="Second")
    guest = Browsing(managing)
    assert guest.get(f"{first}/live/now").status_code == 200
    revoked = shares.list_(database, "shop")[0]
    assert owner.post(f"{HOME}/access", action="revoke", id=str(revoked["id"])).status_code == 303
    for page in ("", "/live", "/live/now", "/panel?group=pages", "/panel.csv", "/goals"):
        assert guest.get(f"{first}{page}").status_code == 404
    assert guest.get(second).status_code == 200
    assert owner.post(f"{HOME}/access", action="revoke", id=str(revoked["id"])).status_code == 404
    noted = [(row["action"], row["actor_kind"]) for row in audit.list_(database, limit=50)]
    assert noted[:3] == [("share.revoked", "key"), ("share.created", "key"), ("share.created", "key")]
    applications.delete(database, "shop")
    assert guest.get(second).status_code == 404


def test_a_link_may_be_framed_by_the_origins_that_it_names_and_by_no_others(
    owner: Browsing, managing: Managing, application: Application
) -> None:
    path = share(owner, frame_origins="https://WWW.Example.org/ http://localhost:8000, https://bücher.example")
    guest = Browsing(managing)
    named = "frame-ancestors https://www.example.org http://localhost:8000 https://xn--bcher-kva.example"
    for page in ("", "/live", "/live/now", "/panel?group=pages", "/goals"):
        policy = guest.get(f"{path}{page}").headers["Content-Security-Policy"]
        assert named in policy.split("; "), policy
        assert policy.count("frame-ancestors") == 1
    framed = guest.get(path, headers={"Sec-Fetch-Dest": "iframe"})
    assert "<header" not in framed.text
    assert "frame-ancestors 'none'" in owner.get(HOME).headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in guest.get(f"{SHARE}/{'x' * 43}").headers["Content-Security-Policy"]
    for wrong in (
        "*",
        "https://*.example",
        "example.org",
        "https://a.example/path",
        "javascript:alert(1)",
        "'self'",
        "https://a.example;script-src",
        "https://user@a.example",
        "data:",
        "https://a.example:99999",
    ):
        refused = owner.post(f"{HOME}/access", action="share", name="x", frame_origins=wrong)
        assert refused.status_code == 400, wrong
    many = " ".join(f"https://n{number}.example" for number in range(11))
    assert owner.post(f"{HOME}/access", action="share", name="x", frame_origins=many).status_code == 400
    assert owner.post(f"{HOME}/access", action="share", name=" ").status_code == 400


def test_another_application_has_nothing_of_a_link(
    owner: Browsing, managing: Managing, database: Database, application: Application
) -> None:
    path = share(owner)
    _, stranger_key = applications.create(database, name="Stranger", app_id="stranger")
    stranger = Browsing(managing)
    stranger.sign_in(stranger_key)
    theirs = str(shares.list_(database, "shop")[0]["id"])
    for app_id in ("shop", "stranger"):
        assert stranger.post(f"/dashboard/applications/{app_id}/access", action="revoke", id=theirs).status_code == 404
    assert stranger.get(f"{HOME}/access").status_code == 404
    assert shares.list_(database, "stranger") == []
    _, reader_key = keys.create(database, "shop", permissions=["stats:read", "settings:write"])
    reader = Browsing(managing)
    reader.sign_in(reader_key)
    assert reader.post(f"{HOME}/access", action="share", name="x").status_code == 404
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert owner.post(f"{HOME}/access", headers=foreign, action="share", name="x").status_code == 403
    assert Browsing(managing).get(path).status_code == 200


def test_whoever_guesses_tokens_is_held_up_and_a_right_one_counts_all_the_same(
    owner: Browsing, managing: Managing, application: Application
) -> None:
    path = share(owner)
    guesser = Browsing(managing, address="203.0.113.9")
    answers = [guesser.get(f"{SHARE}/{number:043}").status_code for number in range(MAX_FAILURES + 2)]
    assert answers == [404] * MAX_FAILURES + [429] * 2
    assert guesser.get(path).status_code == 200
    assert Browsing(managing, address="203.0.114.9").get(f"{SHARE}/short").status_code == 404


def test_a_link_is_read_so_often_and_no_more(
    owner: Browsing, managing: Managing, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(share_reads, "AT_ONCE", 3)
    monkeypatch.setattr(share_reads, "PER_SECOND", 0.001)
    monkeypatch.setattr(share_reads, "LOOKS_PER_SECOND", 0.001)
    path, other = share(owner), share(owner, name="Other")
    guest = Browsing(managing)
    assert [guest.get(f"{path}/live/now").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert [guest.get(f"{path}/goals").status_code for _ in range(3)] == [200, 200, 200], "pages count by themselves"
    refused = guest.get(path)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    assert guest.get(other).status_code == 200


def test_fifty_may_look_at_the_live_page_of_one_link_for_as_long_as_they_like() -> None:
    assert share_reads.LOOKS_PER_SECOND >= 50 / 2


def test_below_a_sub_path_everything_leads_there_where_the_proxy_is_believed(
    settings: Settings, application_key: str, application: Application
) -> None:
    managing = Managing(replace(settings, trusted_proxies=1))
    prefix = {"X-Forwarded-Prefix": "/stats/", "X-Forwarded-For": "203.0.113.1"}
    browsing = Browsing(managing)
    same_origin = {"Sec-Fetch-Site": "same-origin"}
    assert browsing.get("/", headers=prefix).location == "/stats/dashboard"
    first = browsing.get("/dashboard", headers=prefix)
    assert first.location.startswith("/stats/dashboard/sign-in?next=%2Fstats%2Fdashboard")
    signed = browsing.post(
        "/dashboard/sign-in", headers={**same_origin, **prefix}, key=application_key, next="/stats/dashboard"
    )
    assert signed.location == "/stats/dashboard"
    assert "Path=/stats/dashboard" in signed.headers["Set-Cookie"]
    browsing.set_cookie(re.findall(r"tracker_session=([^;]+)", signed.headers["Set-Cookie"])[0])
    page = browsing.get(HOME, headers=prefix)
    leads = re.findall(r'(?:href|src|action)="(/[^"]*)"', page.text)
    assert len(leads) > 8
    assert {link for link in leads if not link.startswith("/stats/dashboard")} == set()
    assert 'src="http://localhost/stats/tracker.js"' in page.text.replace("&#34;", '"')
    for wrong in ("//evil.example", "/a/../b", "stats", "/a\\b", "/x?y", "https://evil.example", "/" + "a" * 300):
        bare = browsing.get("/", headers={**prefix, "X-Forwarded-Prefix": wrong})
        assert bare.location == "/dashboard", wrong
    managing.close()
    unbelieving = Managing(settings)
    assert Browsing(unbelieving).get("/", headers=prefix).location == "/dashboard"
    unbelieving.close()
