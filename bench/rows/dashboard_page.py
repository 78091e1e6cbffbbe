"""The dashboard's page of an application with large facts, over HTTP, whole: as somebody who is signed in gets it.

The last day goes on: it has no tally, and its file is replaced before each page, as after each hit, so that no answer
is kept from the page before. The server is started anew for each round, and its first page opens the engine.

Pages whose filter leaves a third of the hits or more are a row of their own, and so are the pages beside traffic: they
are asked for after the others. When the first byte of each comes, which is what is shown without any report, is a row
of all.
"""

from contextlib import closing
from datetime import timedelta
from statistics import median
from urllib.parse import urlencode

from bench import hits
from bench.effort import Effort
from bench.errors import NotMeasured
from bench.report_questions import FUNNEL, GOALS
from bench.results import Row
from bench.rows import reports
from bench.served_facts import ServedFacts
from bench.signed_in import Reader, Timed, p95, signed_in
from bench.stage import Stage
from tracker.management import goals
from tracker.store.database import Database

NAME = "dashboard page"
WIDE_NAME = "dashboard page, wide filters"
OTHERS_NAME = "dashboard, other pages"
FIRST_NAME = "dashboard, first byte"
_FIRST_BYTE_TARGET = 100
"""Milliseconds."""
_LAST = reports.FIRST + timedelta(days=reports.DAYS - 1)
_SAME_PAGE = "the same once more"
_BASE = f"/applications/{hits.APP_ID}"


def _of(days: int, place: str = "", /, **filters: str) -> str:
    query = {"from": str(_LAST - timedelta(days=days - 1)), "to": str(_LAST), **filters}
    return f"{_BASE}{place}?{urlencode(query)}"


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
_OTHERS = {
    "goals": _of(reports.DAYS, "/goals"),
    "all pages": _of(reports.DAYS, "/values", panel="pages"),
    "all sources": _of(reports.DAYS, "/values", panel="sources"),
    "live": f"{_BASE}/live",
    "data quality": _of(reports.DAYS, "/quality"),
    "the list of applications": "",
    "operations": "/operations",
    "settings": f"{_BASE}/settings",
    "keys": f"{_BASE}/keys",
}
Times = dict[str, list[Timed]]
"""By page."""
_PANELS = 5
"""Those of campaigns and of events are shown where there are some."""


def measure(stage: Stage, effort: Effort) -> list[Row]:
    facts = reports.made_facts(stage.folder, effort.facts)
    tally = reports.tally_until(stage.folder, effort.facts, _LAST - timedelta(days=1))
    _make_goals(stage)
    times: Times = {}
    with closing(ServedFacts(stage, facts.files, tally)) as served:
        for _ in range(effort.rounds):
            with signed_in(stage, served.folder.path) as reader:
                _round(reader, served, times)
    stage.empty_tables()
    groups = {NAME: _PAGES, WIDE_NAME: _WIDE, OTHERS_NAME: _OTHERS}
    rows = [_row(name, facts.hits, {page: times[page] for page in pages}) for name, pages in groups.items()]
    return [*rows, _row_of_first_bytes(times)]


def _round(reader: Reader, served: ServedFacts, times: Times) -> None:
    for name, path in (_PAGES | _WIDE | _OTHERS).items():
        if name != _SAME_PAGE:
            served.hit()
        page = reader.get(path)
        if name not in _OTHERS and page.text.count('class="panel part"') < _PANELS:
            raise NotMeasured(f"the page was answered without some of its parts: {page.text[-500:]}")
        times.setdefault(name, []).append(page)


def _row(name: str, facts: int, times: Times) -> Row:
    asked = [one.whole for page, taken in times.items() if page != _SAME_PAGE for one in taken]
    medians = {
        page: [round(median(one.whole for one in taken), 3), round(median(one.cpu for one in taken), 3)]
        for page, taken in times.items()
    }
    slowest = max(medians, key=lambda page: medians[page][0])
    shown = "; ".join(f"{page} {medians[page][0]:.2f} s" for page in (slowest, _SAME_PAGE) if page in medians)
    return Row(
        name=name, value=round(p95(asked), 2), unit="s (p95)", target=1.0, direction="at most",
        details={
            "summary": f"{len(asked)} pages over {facts:,} hits; median {median(asked):.2f} s; {shown}",
            "seconds": {page: [round(one.whole, 3) for one in taken] for page, taken in times.items()},
            "medians": medians,
        },
    )  # fmt: skip


def _row_of_first_bytes(times: Times) -> Row:
    """Return the row of what is sent before any report; the first page of a server, which opens it, is stated apart."""
    milliseconds = {page: [one.first * 1000 for one in taken] for page, taken in times.items()}
    first_pages = milliseconds.pop(next(iter(_PAGES)))
    medians = {page: round(median(taken), 1) for page, taken in milliseconds.items()}
    slowest = max(medians, key=lambda page: medians[page])
    return Row(
        name=FIRST_NAME, value=round(p95([one for taken in milliseconds.values() for one in taken]), 1),
        unit="ms (p95)", target=_FIRST_BYTE_TARGET, direction="at most",
        details={
            "summary": f"slowest: {slowest}, {medians[slowest]:.0f} ms; of a server that has just begun "
            f"{median(first_pages):.0f} ms",
            "medians": medians,
            "first_pages_of_servers": [round(one, 1) for one in first_pages],
        },
    )  # fmt: skip


def _make_goals(stage: Stage) -> None:
    """Make goals and a funnel, once a stage."""
    with closing(Database(stage.environment["DATABASE_URL"], name="bench")) as database:
        known, _ = goals.list_(database, hits.APP_ID)
        if not known:
            for step in GOALS:
                goals.create_goal(database, hits.APP_ID, name=step, step=step)
            goals.create_funnel(database, hits.APP_ID, name="a funnel", steps=FUNNEL)
