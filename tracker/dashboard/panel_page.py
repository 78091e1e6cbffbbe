"""One panel alone: the part of a page that another one of its group is in, all of its values, and those as CSV."""

import csv
import io
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from flask import Response, request

from tracker.dashboard import carried_filters, panels
from tracker.dashboard.application_page import frame
from tracker.dashboard.asked_here import asked_here
from tracker.dashboard.breaks import breakable
from tracker.dashboard.labels import IN_WORDS, OF_HOSTS, label_of
from tracker.dashboard.list_pages import bytes_of, first_of_page, how_many_fit
from tracker.dashboard.page import HEADERS, address, fragment, page
from tracker.dashboard.panel_kinds import COUNTED
from tracker.dashboard.panel_links import address_of, of_panels, query_of
from tracker.dashboard.panels import Asked, Panel
from tracker.dashboard.services import current_services
from tracker.dashboard.sign_in import see
from tracker.dashboard.viewer import application_named
from tracker.dashboard.wording import Words, language
from tracker.domains import ENCODED, ascii_host
from tracker.errors import Refused, invalid
from tracker.reading.export_lines import safe_cell
from tracker.reports.dimensions import PARAMETER
from tracker.traffic_filters import filters_of

_MAX_ROWS: Final = 1000
"""Values of a file, and those among which is searched."""
_QUESTIONS: Final = 20
"""Each of so many values at once, among which hosts of other letters are looked for."""
_PAGE_BYTES: Final = 120_000
"""About as much of a page's HTML is values: with its files it stays below 200 KB, however long they are."""
_ROW_BYTES: Final = 470
"""What a row takes beside its value, which it shows and links to."""
_DETAILS: Final = ("bounce_rate", "duration")
"""What is told of each value on a page of many, where the panel counts visits.

What visits were like that had a page, or a browser, takes ten seconds of 10,000,000 hits; where they came from and with
which page they began tells whole visits apart.
"""
_MAX_SEARCHED: Final = 200
"""Characters of what is searched for."""


def panel(app_id: str) -> Response:
    """Return one panel of the page: a part of it, for whoever has chosen another one of its group."""
    app_id, asked = _asked(app_id)
    group = request.args.get("group", "")
    shown = panels.of_group(current_services(), app_id, group, asked)
    whole = _whole(app_id, shown, asked)
    return fragment("panel.html", home=address(app_id), group=group, panel=shown, whole=whole, **of_panels(asked))


def values(app_id: str) -> Response:
    """Return a page of a panel with many of its values, or with those in which a text occurs."""
    shown = frame(app_id)
    app_id, asked = _asked(app_id)
    name, text = request.args.get("panel", "pages"), request.args.get("find", "").strip()
    if len(text) > _MAX_SEARCHED or "\0" in text:
        raise invalid("There is no such value.", find=["There is no such value."])
    if not carried_filters.stand_well(asked.filters, refused=False):
        return see(address_of(address(app_id), asked, "values", panel=name, find=text or None))
    listed = _searched(app_id, name, asked, text) if text else _rows(app_id, name, asked)
    after = first_of_page(listed.rows)
    fitting = _fitting(listed, asked, after)
    part = _common_part(listed, text) if text else None
    about = asked.also(listed.dimension, "contains", part) if part else asked
    return page(
        "values.html",
        details=_details(app_id, name, about) if listed.rows and listed.measure not in COUNTED else {},
        details_of=_DETAILS,
        **shown,
        **of_panels(asked),
        panel=listed,
        whole=_whole(app_id, listed, asked),
        rows=listed.rows[after : after + fitting],
        after=after,
        next_page=after + fitting if after + fitting < len(listed.rows) else None,
        text=text,
        part=part,
    )


def _fitting(panel: Panel, asked: Asked, after: int) -> int:
    """Return how many values from that one on a page has room for, one at least."""
    words = Words(language())

    def size(value: str | None) -> int:
        link, label = query_of(asked, {panel.filter_name: value}), label_of(words, panel.dimension, value or "")
        return _ROW_BYTES + bytes_of(link, value if label != value else "") + len(breakable(label).encode())

    return how_many_fit((size(value) for value, _ in panel.rows[after:]), _PAGE_BYTES)


def panel_csv(app_id: str) -> Response:
    """Return a panel with up to 1,000 values as CSV, of the time and the filters of the page that leads here.

    `share` is a part of all there are, from 0 to 1; empty where that is not known.
    """
    app_id, asked = _asked(app_id)
    name = request.args.get("panel", "pages")
    panel = _rows(app_id, name, asked)
    of_all = panel.all_of(_whole(app_id, panel, asked))
    rows = [(panel.dimension, panel.measure, "share")]
    rows += [(value or "", str(count), f"{count / of_all:.6f}" if of_all else "") for value, count in panel.rows]
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([safe_cell(cell) for cell in row] for row in rows)
    # The key of a parameter may be any text, which a header could not hold.
    file = f"{'parameter' if name.startswith(PARAMETER) else name}-{asked.time.shown.first}-{asked.time.shown.last}.csv"
    return Response(
        text.getvalue(),
        headers={**HEADERS, "Content-Disposition": f'attachment; filename="{file}"'},
        content_type="text/csv; charset=utf-8",
    )


def _asked(app_id: str) -> tuple[str, Asked]:
    """Return the application's own spelling of its name, and what the address asks about. Raises Refused."""
    application = application_named(app_id)
    asked = asked_here(application, filters_of(carried_filters.named()), panel=request.args.get("panel", ""))
    if asked.unknown is not None:
        raise asked.unknown
    return application.app_id, asked


def _rows(app_id: str, name: str, asked: Asked, *, questions: int = 1) -> Panel:
    return panels.rows_of(current_services(), app_id, name, asked, limit=_MAX_ROWS, questions=questions)


def _details(app_id: str, name: str, asked: Asked) -> Mapping[str | None, Mapping[str, float | None]]:
    """Return _DETAILS by value; nothing where that takes more than a report may, which costs the page nothing else."""
    try:
        return panels.measured(current_services(), app_id, name, asked, _DETAILS, limit=_MAX_ROWS)
    except Refused as refused:
        if refused.status != HTTPStatus.SERVICE_UNAVAILABLE:
            raise
        return {}


def _whole(app_id: str, panel: Panel, asked: Asked) -> Mapping[str, int]:
    """Return how much there is in all of what a panel counts."""
    with_visits = panel.measure not in COUNTED or panels.counts_visits(asked)
    return panels.whole(current_services(), app_id, asked, with_visits=with_visits)


def _searched(app_id: str, name: str, asked: Asked, text: str) -> Panel:
    """Return the values in which the text occurs as they are shown or, unless that is in words, stored; in any case.

    Of a list that is longer than what is read of it, reports look for them: for letters beyond ASCII among all hosts
    that have some, as a part of a name is no part of what stands for it in ASCII. Where there are more of these than
    the 20,000 most frequent, the page says so.
    """
    panel, words = _rows(app_id, name, asked), Words(language())
    dimension = panel.dimension
    if panel.is_cut and dimension not in IN_WORDS:
        panel = _rows(app_id, name, asked.also(dimension, "contains", text))
        if dimension in OF_HOSTS and not text.isascii():
            encoded = asked.also(dimension, "contains", ENCODED)
            panel = panel.also(_rows(app_id, name, encoded, questions=_QUESTIONS))
    sought = text.casefold()

    def fits(value: str) -> bool:
        is_stored = dimension not in IN_WORDS and sought in value.casefold()
        return is_stored or sought in label_of(words, dimension, value).casefold()

    return panel.only(fits)


def _common_part(panel: Panel, text: str) -> str | None:
    """Return by which part of their stored values a filter takes all that were found; None where there is none."""
    if panel.dimension in IN_WORDS:
        return None
    values = [value.lower() for value, _ in panel.rows if value is not None]
    parts = (text, ascii_host(text) if panel.dimension in OF_HOSTS else None)
    return next((part for part in parts if part and all(part.lower() in value for value in values)), None)
