"""The page of one application."""

from urllib.parse import quote

from flask import Response, request

from tracker.dashboard import traffic
from tracker.dashboard.formats import Days
from tracker.dashboard.page import page
from tracker.dashboard.parts import parts
from tracker.dashboard.ranges import NAMES, Range, range_of
from tracker.dashboard.reader import application_named, reader
from tracker.dashboard.sign_in import HOME, see
from tracker.dashboard.wording import Words, language
from tracker.errors import not_found
from tracker.management import applications
from tracker.reading.period import Period


def home() -> Response:
    """Where somebody begins: for the holder of a key the application's page."""
    own = reader().application
    if own is None:
        raise not_found("There is nothing at this address.")
    return see(address(own.app_id))


def address(app_id: str) -> str:
    """Where the page of an application stands."""
    return f"{HOME}/applications/{quote(app_id, safe='')}"


def show(app_id: str) -> Response:
    """The numbers of an application over the time that was chosen."""
    own = parts()
    application = application_named(app_id)
    asked = range_of(request.args, own.clock.now())
    words = Words(language())
    days = Days(words)
    found = traffic.read(own, application.app_id, asked, days)
    return page(
        "application.html",
        application=applications.show(own.database, application.app_id),
        asked=asked,
        ranges=NAMES,
        traffic=found,
        when=_span(words, days, asked.period),
        compared=_compared(words, days, asked),
    )


def _span(words: Words, days: Days, period: Period) -> str:
    if period.first == period.last:
        return days.full(period.first)
    return words("day.span", first=days.full(period.first), last=days.full(period.last))


def _compared(words: Words, days: Days, asked: Range) -> str:
    if asked.name == "24h":
        return words("compared.hours")
    return words("compared.part" if asked.goes_on else "compared.whole", period=_span(words, days, asked.before))
