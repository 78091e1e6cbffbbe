"""Browsers that lack something: each way of sending, and pages that may store nothing."""

import pytest

from tests.browser.conftest import Tracked, Visit
from tests.browser.gate import Gate
from tests.browser.site import Site
from tests.browser.waiting_hits import names, wait_until_waiting

NO_KEEPALIVE = "delete Request.prototype.keepalive;"
NO_STORAGE = """for (const name of ['localStorage', 'sessionStorage'])
    Object.defineProperty(window, name, {get() { throw new DOMException('no', 'SecurityError') }});"""
FULL_STORAGE = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') };"


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (NO_KEEPALIVE, "ping"),
        (NO_KEEPALIVE + "delete Navigator.prototype.sendBeacon;", "xhr"),
        (NO_KEEPALIVE + "Navigator.prototype.sendBeacon = () => false;", "xhr"),
        ("delete window.fetch; delete Navigator.prototype.sendBeacon;", "xhr"),
        ("", "fetch"),
    ],
)
def test_each_way_of_sending_needs_no_preflight(
    visit: Visit, site: Site, tracked: Tracked, gate: Gate, *, script: str, kind: str
) -> None:
    with visit(script) as page:
        kinds: list[str] = []
        page.on("request", lambda request: kinds.append(request.resource_type) if "/v1/" in request.url else None)
        page.goto(site.url("/"))
        tracked.wait_for(1)
        page.wait_for_function("true")  # Meanwhile the events that have happened come in.
        assert kinds == [kind]
    (request,) = gate.requests
    assert request.headers["Content-Type"].lower() == "text/plain;charset=utf-8"


def test_by_xhr_retry_after_is_obeyed_as_well(visit: Visit, site: Site, tracked: Tracked, gate: Gate) -> None:
    with visit(NO_KEEPALIVE + "delete Navigator.prototype.sendBeacon;") as page:
        gate.answer(503, headers={"Retry-After": "1"})
        page.goto(site.url("/"))
        wait_until_waiting(page, 1)
        tracked.wait_for(1)
    first, second = gate.requests
    assert second.at - first.at >= 1


@pytest.mark.parametrize("script", [NO_STORAGE, FULL_STORAGE], ids=["disabled", "full"])
def test_without_storage_a_page_still_counts_and_waits(
    visit: Visit, site: Site, tracked: Tracked, gate: Gate, script: str
) -> None:
    with visit(script) as page:
        page.goto(site.url("/"))
        tracked.wait_for(1)
        gate.go_away()
        with page.expect_event("requestfailed"):
            page.evaluate("ALT.trackEvent('offline')")
        gate.come_back()
        page.evaluate("ALT.trackEvent('back')")
        rows = tracked.wait_for(3)
        assert names(rows) == ["back", "offline", "page_view"]
        assert len({row["session_id"] for row in rows}) == 1
        page.evaluate("ALT.optOut(); ALT.trackEvent('no')")
        page.evaluate("ALT.optIn(); ALT.trackEvent('yes')")
        assert names(tracked.wait_for(4)) == ["back", "offline", "page_view", "yes"]
