"""The pages of one application: its traffic, what is odd about its data, and its webhooks."""

import csv
import io
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from flask import Response, request

from tracker.dashboard import first_hit as first_hits
from tracker.dashboard import panels, traffic
from tracker.dashboard.formats import Days
from tracker.dashboard.origin import origin
from tracker.dashboard.page import HEADERS, PATH, address, fragment, home, page
from tracker.dashboard.ranges import CHOSEN, NAMES, Range, range_of
from tracker.dashboard.services import current_services
from tracker.dashboard.viewer import application_named, viewer
from tracker.dashboard.wording import Words, language
from tracker.errors import invalid
from tracker.management import annotations, applications, webhooks
from tracker.reading import drift, stored
from tracker.reading.export_lines import safe_cell
from tracker.reading.overview import ever_counted
from tracker.reading.period import Period

WEBHOOKS: Final = "webhooks:write"
"""The permission that webhooks are read with."""
_QUALITY_RANGES: Final = ("7d", "30d", "90d")
_FEW: Final = 50
_MAX_CSV_ROWS: Final = 1000


def show(app_id: str) -> Response:
    """Return the numbers of an application over the time that was chosen."""
    services = current_services()
    shown = frame(app_id)
    now = services.clock.now()
    asked = range_of(request.args, now)
    words = Words(language())
    days = Days(words)
    filters = panels.filters_of(request.args)
    app_id = shown["application"].app_id
    notes = annotations.list_(services.database, app_id, asked.shown.first, asked.shown.last)
    numbers = traffic.read(services, app_id, asked, days, now, notes)
    # The tag, and what may be wrong, are not for those who only look.
    is_guest = viewer().share is not None
    fresh = numbers.empty and not is_guest and not ever_counted(services.reading, app_id=app_id)
    first = first_hits.look(services, application_named(app_id), now) if fresh else None
    return page(
        "application.html",
        script=fresh,
        first=first,
        **shown,
        asked=asked,
        ranges=NAMES,
        traffic=numbers,
        panels=None if fresh else panels.read(services, app_id, asked, now, filters),
        totals=panels.totals(services, app_id, asked, now, filters) if filters else None,
        filters=filters,
        query=lambda **changed: _query(asked, filters, changed),
        written=days.written,
        fresh=fresh,
        live=None if fresh else services.live.read(app_id),
        notes=notes,
        today=now.date(),
        day_in_full=days.full,
        origin=origin() + home().removesuffix(PATH),
        when=_span(words, days, asked.shown),
        compared=_compared(words, days, asked),
    )


def panel_csv(app_id: str) -> Response:
    """Return a panel with up to 1,000 values as CSV, of the time and the filters of the page that leads here."""
    services = current_services()
    now = services.clock.now()
    application = application_named(app_id)
    name = request.args.get("panel", "pages")
    asked, filters = range_of(request.args, now), panels.filters_of(request.args)
    panel = panels.rows_of(services, application.app_id, name, asked, now, filters, limit=_MAX_CSV_ROWS)
    rows = [(panel.dimension, panel.measure), *((value or "", str(count)) for value, count in panel.rows)]
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([safe_cell(cell) for cell in row] for row in rows)
    file = f"{name}-{asked.shown.first}-{asked.shown.last}.csv"
    return Response(
        text.getvalue(),
        headers={**HEADERS, "Content-Disposition": f'attachment; filename="{file}"'},
        content_type="text/csv; charset=utf-8",
    )


def quality(app_id: str) -> Response:
    """Return what arrives beside the definitions of custom parameters, and what was left out."""
    services = current_services()
    shown = frame(app_id)
    asked = range_of(request.args, services.clock.now())
    if asked.name not in _QUALITY_RANGES:
        raise invalid("There is no such range here.", range=["Must be one of " + ", ".join(_QUALITY_RANGES)])
    about = {"app_id": shown["application"].app_id, "period": asked.period}
    return page(
        "quality.html",
        **shown,
        asked=asked,
        ranges=_QUALITY_RANGES,
        drift=drift.read(services.reading, **about),
        left_out=stored.sum_filtered(services.reading, **about),
        few=_FEW,
    )


def frame(app_id: str) -> dict[str, Any]:
    """Return what every page of an application shows.

    This is what it is called, and whether something is wrong with its webhooks.

    Of webhooks, who may not read them learns no more than how many are disabled.
    """
    services = current_services()
    application = application_named(app_id)
    row = applications.show(services.database, application.app_id)
    of_it = [] if viewer().share else webhooks.list_(services.database, application.app_id)
    may = viewer().may(WEBHOOKS)
    return {
        "application": row,
        "webhooks": of_it if may else [],
        "may_see_webhooks": may,
        "domain": row.domain,
        "may": viewer().may,
        "disabled": sum(not webhook.is_active for webhook in of_it),
    }


def first_hit(app_id: str) -> Response:
    """Return whether the first hit is there, and if not, what may be wrong: a part of a page, asked for repeatedly."""
    services = current_services()
    application = application_named(app_id)
    first_hit = first_hits.look(services, application, services.clock.now())
    return fragment("first_hit.html", first=first_hit, home=address(application.app_id), domain=application.domain)


def _query(asked: Range, filters: Mapping[str, str], changed: Mapping[str, object]) -> str:
    """Return the query of this page's address, with some of it changed; what is None is left out."""
    time: dict[str, object] = {"range": asked.name}
    if asked.name == CHOSEN:
        time = {"from": asked.period.first, "to": asked.period.last}
    if "range" in changed:
        time = {}
    merged = {**time, **filters, **changed}
    return "?" + urlencode({name: str(value) for name, value in merged.items() if value is not None})


def _span(words: Words, days: Days, period: Period) -> str:
    if period.first == period.last:
        return days.full(period.first)
    return words("day.span", first=days.full(period.first), last=days.full(period.last))


def _compared(words: Words, days: Days, asked: Range) -> str:
    if asked.name == "24h":
        return words("compared.hours")
    return words("compared.part" if asked.goes_on else "compared.whole", period=_span(words, days, asked.before))
