"""The dashboard's page of an application with large facts, over HTTP, whole: as somebody who is signed in gets it.

The last day goes on: it has no tally, and its file is replaced before each page, as after each hit, so that no answer
is kept from the page before. The server is started anew for each round, and its first page opens the engine.

Pages whose filter leaves a third of the hits or more are a row of their own: they are asked for after the others.
"""

import http.client
import time
from base64 import b64encode
from contextlib import closing
from datetime import timedelta
from math import ceil
from secrets import token_bytes, token_hex
from statistics import median
from urllib.parse import urlencode

from bench import hits, web
from bench.effort import Effort
from bench.errors import NotMeasured
from bench.results import Row
from bench.rows import reports
from bench.served_facts import ServedFacts
from bench.stage import Stage

NAME = "dashboard page"
WIDE_NAME = "dashboard page, wide filters"
_SHARE = 0.95
_TIMEOUT = 60.0
_NO_ANSWER = "Reports cannot be shown"
_LAST = reports.FIRST + timedelta(days=reports.DAYS - 1)
_SAME_PAGE = "the same once more"


def _of(days: int, **filters: str) -> str:
    return urlencode({"from": str(_LAST - timedelta(days=days - 1)), "to": str(_LAST), **filters})


_MONTH, _ONE_PAGE = _of(reports.DAYS), _of(reports.DAYS, page="/category-0/article-0")
_PAGES = {
    "the first of a server": _MONTH,
    "30 days": _MONTH,
    "20 days": _of(20),
    "7 days": _of(7),
    "30 days, of phones": _of(reports.DAYS, device="phone"),
    "30 days, of one country": _of(reports.DAYS, country="C3"),
    "30 days, of one source": _of(reports.DAYS, source="site-0.example"),
    "30 days, of one page": _ONE_PAGE,
    _SAME_PAGE: _ONE_PAGE,
}
"""In the order in which they are asked for."""
_WIDE = {
    "30 days, of desktops": _of(reports.DAYS, device="desktop"),
    "30 days, of all but tablets": _of(reports.DAYS, **{"device.is_not": "tablet"}),
    "30 days, of all but one source": _of(reports.DAYS, **{"source.is_not": "site-0.example"}),
}
Times = dict[str, list[tuple[float, float]]]
"""By page: seconds until its end, and seconds of CPU."""
_PANELS = 5
"""Those of campaigns and of events are shown where there are some."""


def measure(stage: Stage, effort: Effort) -> list[Row]:
    facts = reports.made_facts(stage.folder, effort.facts)
    tally = reports.tally_until(stage.folder, effort.facts, _LAST - timedelta(days=1))
    times: Times = {}
    with closing(ServedFacts(stage, facts.files, tally)) as served:
        for _ in range(effort.rounds):
            _round(stage, served, times)
    stage.empty_tables()
    groups = {NAME: _PAGES, WIDE_NAME: _WIDE}
    return [_row(name, facts.hits, {page: times[page] for page in pages}) for name, pages in groups.items()]


def _row(name: str, facts: int, times: Times) -> Row:
    asked = sorted(took for page, taken in times.items() if page != _SAME_PAGE for took, _ in taken)
    p95 = asked[ceil(_SHARE * len(asked)) - 1]
    medians = {page: [round(median(of), 3) for of in zip(*taken, strict=True)] for page, taken in times.items()}
    slowest = max(medians, key=lambda page: medians[page][0])
    shown = "; ".join(f"{page} {medians[page][0]:.2f} s" for page in (slowest, _SAME_PAGE) if page in medians)
    return Row(
        name=name, value=round(p95, 2), unit="s (p95)", target=1.0, direction="at most",
        details={
            "summary": f"{len(asked)} pages over {facts:,} hits; median {median(asked):.2f} s; {shown}",
            "seconds": {page: [round(took, 3) for took, _ in taken] for page, taken in times.items()},
            "medians": medians,
        },
    )  # fmt: skip


def _round(stage: Stage, served: ServedFacts, times: Times) -> None:
    token = token_hex(32)
    environment = {
        "TRACKER_FACTS_URL": str(served.folder.path),
        "TRACKER_ADMIN_TOKEN": token,
        "TRACKER_SECRET_KEY": b64encode(token_bytes(32)).decode(),
    }
    with (
        web.product(stage, environment) as (port, process),
        # One connection is one process's: what it has opened and looked at serves the pages that follow.
        closing(http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT)) as connection,
    ):
        cookie = _signed_in(connection, token)
        for name, query in (_PAGES | _WIDE).items():
            if name != _SAME_PAGE:
                served.hit()
            before, began = process.cpu_seconds, time.perf_counter()
            _get(connection, query, cookie)
            times.setdefault(name, []).append((time.perf_counter() - began, process.cpu_seconds - before))


def _signed_in(connection: http.client.HTTPConnection, token: str) -> str:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    connection.request("POST", "/dashboard/sign-in", urlencode({"key": token}), headers)
    answer = connection.getresponse()
    answer.read()
    if answer.status != http.HTTPStatus.SEE_OTHER:
        raise NotMeasured(f"signing in was answered by {answer.status}")
    return answer.headers.get("Set-Cookie", "").partition(";")[0]


def _get(connection: http.client.HTTPConnection, query: str, cookie: str) -> None:
    """Get a page to its end; NotMeasured where one of its parts has no answer."""
    headers = {"Cookie": cookie, "Accept-Language": "en"}
    connection.request("GET", f"/dashboard/applications/{hits.APP_ID}?{query}", headers=headers)
    answer = connection.getresponse()
    page = answer.read().decode()
    if answer.status != http.HTTPStatus.OK or _NO_ANSWER in page or page.count('class="panel part"') < _PANELS:
        raise NotMeasured(f"the page was answered by {answer.status}, not with all of its parts: {page[-500:]}")
