"""The clients themselves, from their registries: each call is stored as its client means it, and heard as it expects.

`make test-clients` runs this: the packages are fetched, with pinned versions and hashes, into a folder that is kept.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route, sync_playwright

from tests.support.command_line import PROJECT
from tests.support.needed import need
from tests.support.receiving import queued_hits
from tests.support.serving import Serving, serving
from tests.support.waiting import wait_until
from tracker.application import Application
from tracker.hit import Hit
from tracker.management import applications, settings
from tracker.queueing.connection import Connection
from tracker.store.database import Database

pytestmark = [pytest.mark.clients, pytest.mark.usefixtures("application")]

CLIENTS = PROJECT / "tests/data/clients"
CHROMIUM = Path("/usr/bin/chromium")
SITE = "http://localhost:9"
ALIASES = "7,94db1cb1-74f4-4a40-ad6c-962362670409,shop.example,their-write-key"


def _cache(*locks: str) -> Path:
    """A folder for what these locks say, of all runs."""
    mark = sha256(b"".join((CLIENTS / lock).read_bytes() for lock in locks)).hexdigest()[:16]
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "access-log-tracker-clients" / f"{locks[0]}-{mark}"


def _installed(folder: Path, *command: str) -> Path:
    """Run an installation into a folder unless it is whole; one that broke off is begun anew."""
    if not (folder / "whole").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for lock in ("package.json", "package-lock.json"):
            shutil.copy(CLIENTS / lock, folder)
        subprocess.run(command, cwd=folder, check=True, timeout=300)
        (folder / "whole").touch()
    return folder


@pytest.fixture(scope="module")
def node_modules() -> Path:
    need(shutil.which("npm") is not None, "npm is missing: apt-get install nodejs npm")
    command = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    return _installed(_cache("package-lock.json"), *command) / "node_modules"


@pytest.fixture(scope="module")
def python_packages() -> Path:
    folder = _cache("requirements.txt")
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "--target", str(folder / "packages"))
    return _installed(folder, *pip, "-r", str(CLIENTS / "requirements.txt")) / "packages"


@pytest.fixture
def server(
    environment: dict[str, str], redis: Connection, database: Database, application: Application, tmp_path: Path
) -> Iterator[Serving]:
    settings.change(database, application.app_id, {"dialects": "matomo,umami,plausible,segment", "aliases": ALIASES})
    with serving(environment, tmp_path) as running:
        yield running


def by_event(redis: Connection) -> dict[str, Hit]:
    return {f"{hit.event_name} {hit.url or ''}".strip(): hit for hit in queued_hits(redis)}


def test_the_clients_for_node(server: Serving, redis: Connection, node_modules: Path) -> None:
    command = ["node", str(CLIENTS / "send.mjs"), f"http://127.0.0.1:{server.port}", str(node_modules.parent)]
    run = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    said: dict[str, Any] = json.loads(run.stdout)
    assert said["matomo_bulk"] == {"status": "success", "tracked": 1, "invalid": 0}
    assert "404" in said["matomo_refused"]
    assert set(said["umami"]) == {"cache", "sessionId", "visitId"}
    assert said["umami_refused"] == 400
    assert "segment_error" not in said
    hits = by_event(redis)
    assert {hit.app_id for hit in hits.values()} == {"shop"}
    page = hits["page_view https://shop.example/matomo"]
    assert (page.client_sub_id, page.custom_params) == ("visitor-1", {"title": "Page"})
    event = hits["matomo event https://shop.example/matomo"]
    assert event.event_data == {"category": "video", "action": "matomo event", "value": 9.5}
    assert "matomo bulk https://shop.example/bulk" in hits
    umami = hits["page_view https://shop.example/umami"]
    assert (umami.referrer, umami.custom_params) == ("https://search.example/", {"title": "Page"})
    assert hits["umami event"].event_data == {"plan": "pro"}
    segment = hits["segment event"]
    assert (segment.client_sub_id, segment.event_data) == ("visitor-2", {"plan": "pro"})
    assert hits["page_view https://shop.example/segment"].client_sub_id == "visitor-3"
    identified = [hit for hit in queued_hits(redis) if hit.event_name == "identify"]
    assert [hit.event_data for hit in identified] == [{"plan": "pro"}, {"plan": "pro"}]
    assert len(queued_hits(redis)) == 9


def test_the_clients_for_python(server: Serving, redis: Connection, python_packages: Path) -> None:
    command = [sys.executable, str(PROJECT / "tests/support/sending_clients.py"), f"http://127.0.0.1:{server.port}"]
    alone = {"PATH": os.environ["PATH"], "PYTHONPATH": str(python_packages)}
    run = subprocess.run(command, env=alone, check=True, capture_output=True, text=True, timeout=120)
    assert json.loads(run.stdout) == {}
    hits = by_event(redis)
    umami = hits["umami python https://shop.example/python"]
    assert (umami.event_data, umami.custom_params) == ({"plan": "pro"}, {"title": "Page"})
    segment = hits["segment python"]
    assert (segment.client_sub_id, segment.event_data) == ("visitor-4", {"plan": "pro"})


PAGE = """<!doctype html><title>Page</title><script type=module>
  import Plausible from "/plausible-tracker/build/module/index.js"
  import {init, track} from "/@plausible-analytics/tracker/plausible.js"
  const base = new URLSearchParams(location.search).get("base")
  const older = Plausible({domain: "shop.example", apiHost: base, trackLocalhost: true})
  older.trackPageview()
  older.trackEvent("older event", {props: {plan: "pro"}})
  init({domain: "shop.example", endpoint: base + "/api/event", captureOnLocalhost: true, autoCapturePageviews: false})
  track("newer event", {props: {plan: "pro"}, revenue: {amount: 9.5, currency: "EUR"}})
</script>"""


def test_the_clients_for_pages(server: Serving, redis: Connection, node_modules: Path) -> None:
    need(CHROMIUM.exists(), f"{CHROMIUM} is missing: apt-get install chromium")

    def serve(route: Route) -> None:
        path = route.request.url.removeprefix(SITE).partition("?")[0]
        if path == "/":
            route.fulfill(body=PAGE, content_type="text/html")
            return
        # Imports within a package leave the ending out.
        file = node_modules / (path[1:] if path.endswith(".js") else f"{path[1:]}.js")
        route.fulfill(path=file, content_type="text/javascript")

    with sync_playwright() as playwright:
        # The page comes from nowhere that the browser knows, and might not call this machine otherwise.
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-features=LocalNetworkAccessChecks"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        page = browser.new_page(user_agent="Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0.0.0 Safari/537.36")
        page.add_init_script("Object.defineProperty(Navigator.prototype, 'webdriver', {get: () => false})")
        page.route(f"{SITE}/**", serve)
        page.goto(f"{SITE}/?base=http://127.0.0.1:{server.port}")
        wait_until(lambda: page.evaluate("1") and len(queued_hits(redis)) >= 3)
        browser.close()
    hits = {hit.event_name: hit for hit in queued_hits(redis)}
    assert {hit.app_id for hit in hits.values()} == {"shop"}
    assert str(hits["page_view"].url).startswith(f"{SITE}/?base=")
    assert hits["older event"].event_data == {"plan": "pro"}
    assert hits["newer event"].event_data == {"plan": "pro", "revenue": 9.5, "currency": "EUR"}


def test_on_the_event_loop_a_hit_for_two_applications_is_counted_for_both(
    server: Serving, redis: Connection, database: Database
) -> None:
    applications.create(database, name="All", app_id="all")
    settings.set_(database, "all", "dialects", "plausible")
    event = json.dumps({"n": "pageview", "u": "https://shop.example/", "d": "shop.example,all"})
    connection = server.connect()
    for _ in range(2):
        # The second time both are known, and still one of them has to be asked where it may wait.
        connection.request("POST", "/api/event", event, {"Content-Type": "text/plain"})
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (202, b"ok")
    connection.close()
    assert sorted(hit.app_id for hit in queued_hits(redis)) == ["all", "all", "shop", "shop"]
