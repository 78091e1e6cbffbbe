"""The pages of one application: its traffic, what is odd about its data, and its webhooks."""

import csv
import io
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from flask import Response, request

from tracker.dashboard import first_hit as first_hits
from tracker.dashboard import panels, reported, traffic
from tracker.dashboard.formats import Days
from tracker.dashboard.labels import label_of
from tracker.dashboard.origin import origin
from tracker.dashboard.page import HEADERS, PATH, address, fragment, home, page, streamed
from tracker.dashboard.ranges import CHOSEN, NAMES, Range, range_of
from tracker.dashboard.services import current_services
from tracker.dashboard.site_days import UTC_ZONE, now_there, zone_of
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
    """Return the numbers of an application over a time: first the head, then each part as its report comes."""
    services = current_services()
    shown = frame(app_id)
    application = application_named(app_id)
    app_id, now = application.app_id, now_there(application, services.clock.now())
    asked = panels.asked_of(request.args, range_of(request.args, now), now)
    time = asked.time
    days = Days(Words(language()))
    notes = annotations.list_(services.database, app_id, time.shown.first, time.shown.last)
    by_reports = bool(asked.filters) or zone_of(application) != UTC_ZONE
    numbers = None if by_reports else traffic.read(services, app_id, time, days, now, notes)
    # The tag, and what may be wrong, are not for those who only look.
    is_guest = viewer().share is not None
    fresh = not is_guest and (numbers is None or numbers.empty) and not ever_counted(services.reading, app_id=app_id)
    if fresh:
        first = first_hits.look(services, application, now)
        return page("fresh.html", script=True, first=first, **shown, origin=origin() + home().removesuffix(PATH))
    questions: dict[str, Callable[[], object]] = {}
    if by_reports:
        in_utc = range_of(request.args, services.clock.now())
        questions["traffic"] = partial(reported.read_or_in_utc, services, app_id, asked, days, notes, in_utc=in_utc)
    questions |= panels.questions(services, app_id, asked)
    if has_visits := time.name != "24h":
        # They take longer than all else together, so they come last, into the place that is kept for them.
        questions["visits"] = partial(reported.visits, services, app_id, asked, with_sessions=by_reports)
    return streamed(
        "application.html",
        questions,
        script=True,
        **shown,
        **_of_panels(asked),
        ranges=NAMES,
        numbers=numbers,
        has_visits=has_visits,
        parameters=_parameters(app_id, asked, numbers),
        written=days.written,
        live=services.live.read(app_id),
        notes=notes,
        today=now.date(),
        day_in_full=days.full,
        when=_span(days, time.shown),
        compared=_compared(days, time, by_reports=by_reports),
        zone=zone_of(application),
    )


def _parameters(app_id: str, asked: panels.Asked, numbers: traffic.Traffic | None) -> list[dict[str, Any]]:
    """Return what custom parameters were, which statistics know: of whole days, and of all hits."""
    if numbers is not None:
        return numbers.parameters
    if asked.filters or asked.time.name == "24h":
        return []
    return traffic.parameters_of(current_services(), app_id, asked.time)


def panel(app_id: str) -> Response:
    """Return one panel of the page: a part of it, for whoever has chosen another one of its group."""
    services = current_services()
    application = application_named(app_id)
    now = now_there(application, services.clock.now())
    asked = panels.asked_of(request.args, range_of(request.args, now), now)
    group = request.args.get("group", "")
    shown = panels.of_group(services, application.app_id, group, asked)
    return fragment(
        "panel.html", home=address(application.app_id), group=group, panel=shown, is_shown=True, **_of_panels(asked)
    )


def _of_panels(asked: panels.Asked) -> dict[str, Any]:
    """Return what the template of a panel needs beside the panel."""
    return {
        "asked": asked.time,
        "filters": asked.filters,
        "chosen": asked.panels,
        "groups": panels.GROUPS,
        "is_group_shown": lambda panel, group: panels.is_shown(panel, group, asked),
        "query": lambda **changed: _query(asked, changed),
        "label": partial(label_of, Words(language())),
    }


def panel_csv(app_id: str) -> Response:
    """Return a panel with up to 1,000 values as CSV, of the time and the filters of the page that leads here."""
    services = current_services()
    application = application_named(app_id)
    now = now_there(application, services.clock.now())
    name = request.args.get("panel", "pages")
    asked = panels.asked_of(request.args, range_of(request.args, now), now)
    panel = panels.rows_of(services, application.app_id, name, asked, limit=_MAX_CSV_ROWS)
    rows = [(panel.dimension, panel.measure), *((value or "", str(count)) for value, count in panel.rows)]
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([safe_cell(cell) for cell in row] for row in rows)
    file = f"{name}-{asked.time.shown.first}-{asked.time.shown.last}.csv"
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


def _query(asked: panels.Asked, changed: Mapping[str, object]) -> str:
    """Return the query of this page's address, with some of it changed; what is None is left out."""
    time: dict[str, object] = {"range": asked.time.name}
    if asked.time.name == CHOSEN:
        time = {"from": asked.time.period.first, "to": asked.time.period.last}
    if "range" in changed:
        time = {}
    merged = {**time, **asked.filters, **asked.panels, **changed}
    return "?" + urlencode({name: str(value) for name, value in merged.items() if value is not None})


def _span(days: Days, period: Period) -> str:
    if period.first == period.last:
        return days.full(period.first)
    return Words(language())("day.span", first=days.full(period.first), last=days.full(period.last))


def _compared(days: Days, asked: Range, *, by_reports: bool) -> str:
    words = Words(language())
    if asked.name == "24h":
        return words("compared.hours")
    part = asked.goes_on and not by_reports
    return words("compared.part" if part else "compared.whole", period=_span(days, asked.before))
