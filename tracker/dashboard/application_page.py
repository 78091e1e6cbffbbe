"""The pages of one application: its traffic, what is odd about its data, and its webhooks."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from flask import Response, request

from tracker.application import Application
from tracker.dashboard import carried_filters, filter_form, panels, parameter_panels, reported, together, traffic
from tracker.dashboard import first_hit as first_hits
from tracker.dashboard.asked_here import asked_here
from tracker.dashboard.equal_times import EqualTimes
from tracker.dashboard.formats import Days
from tracker.dashboard.list_pages import bytes_of, how_many_fit
from tracker.dashboard.origin import origin
from tracker.dashboard.page import PATH, TRAFFIC_PAGE, address, fragment, home, page, streamed
from tracker.dashboard.panel_links import address_of, of_panels
from tracker.dashboard.range_choice import range_choice
from tracker.dashboard.ranges import Range, range_of
from tracker.dashboard.services import current_services
from tracker.dashboard.sign_in import see
from tracker.dashboard.site_days import UTC_ZONE, zone_of
from tracker.dashboard.viewer import application_named, viewer
from tracker.dashboard.wording import Words, language
from tracker.management import annotations, applications, segments, webhooks
from tracker.reading import drift, stored
from tracker.reading.overview import first_counted
from tracker.traffic_filters import fitting

WEBHOOKS: Final = "webhooks:write"
"""The permission that webhooks are read with."""
_QUALITY_RANGES: Final = ("today", "7d", "30d", "month", "90d")
"""No longer ones: `tracker.reading.drift` reads hits."""
_FEW: Final = 50
_NOTES: Final = 20
_NOTES_BYTES: Final = 28_000
"""Notes that are listed below the chart, and bytes of HTML that they may take."""


def show(app_id: str) -> Response:
    """Return the numbers of an application over a time: first the head, then each part as its report comes."""
    services = current_services()
    shown = frame(app_id)
    application = application_named(app_id)
    app_id, is_typed = application.app_id, filter_form.is_sent(request.args)
    named = carried_filters.named()
    filters, refused = fitting(named)
    if is_typed and (added := filter_form.read(request.args, Words(language()))):
        wanted, refused = fitting({**named, **added})
        filters = filters if refused else wanted
    elif saved := _saved(app_id):
        filters, refused = fitting(saved)
    asked = asked_here(application, filters)
    time, now = asked.time, asked.now
    if (is_typed and refused is None) or not carried_filters.stand_well(filters, refused=refused is not None):
        if refused is not None:
            raise refused
        return see(address_of(address(app_id), asked))
    days = Days(Words(language()))
    notes = annotations.list_(services.database, app_id, time.shown.first, time.shown.last)
    by_reports = bool(asked.filters) or zone_of(application) != UTC_ZONE
    since = first_counted(services.reading, app_id=app_id)
    has_earlier = since is not None and since <= time.compared_from
    compares = has_earlier and time.compares
    asked = together.with_all(services, app_id, asked, compares=compares)
    earlier = EqualTimes(services, app_id, asked, is_patient=False)
    numbers = None
    if not by_reports:
        numbers = traffic.read(services, app_id, time, days, now=now, notes=notes, compares=compares, earlier=earlier)
    # The tag, and what may be wrong, are not for those who only look.
    if since is None and not asked.is_guest and (numbers is None or numbers.empty):
        return first_run(application)
    saved_filters = [] if asked.is_guest else segments.list_(services.database, app_id)
    questions: dict[str, Callable[[], object]] = {}
    if by_reports:
        in_utc = range_of(request.args, services.clock.now())
        questions["traffic"] = partial(
            reported.read_or_in_utc, services, app_id, asked, days, notes, in_utc=in_utc, compares=compares
        )
    if asks_whole := not by_reports or time.name == "24h" or panels.counts_visits(asked):
        with_visits = panels.counts_visits(asked)
        questions["whole"] = partial(panels.whole, services, app_id, asked, with_visits=with_visits)
    of_visits: dict[str, Callable[[], object]] = {}
    if has_visits := time.name != "24h":
        of_visits["visits"] = partial(reported.visits, services, app_id, asked, compares=compares)
    # Where something is filtered, visits take longer than all else together: they come last, into the place that is
    # kept for them. Else panels wait for what the first question looks up, and visits are found meanwhile.
    of_groups = panels.questions(services, app_id, asked)
    questions |= {**of_groups, **of_visits} if asked.filters else {**of_visits, **of_groups}
    return streamed(
        TRAFFIC_PAGE,
        questions,
        script=True,
        status=200 if (why := refused or asked.unknown) is None else why.status,
        refused=refused,
        unknown=asked.unknown,
        typed=filter_form.typed(request.args),
        **shown,
        **of_panels(asked),
        numbers=numbers,
        has_visits=has_visits,
        asks_whole=asks_whole,
        compares=compares,
        **parameter_panels.page_of(_parameters(app_id, asked, numbers)),
        live=services.live.read(app_id),
        notes=notes,
        notes_listed=how_many_fit((300 + bytes_of(note["text"][:560]) for note in notes[:_NOTES]), _NOTES_BYTES),
        segments=saved_filters,
        long_segments={one.id for one in saved_filters if carried_filters.are_long(fitting(one.filters)[0])},
        today=now.date(),
        day_in_full=days.full,
        has_earlier=has_earlier,
        compared=partial(_compared, Words(language()), days, time),
        since=None if has_earlier or since is None or not time.compares else days.full(since),
        zone=zone_of(application),
    )


def _saved(app_id: str) -> Mapping[str, str]:
    """Return the saved filters that an address names; nothing where it names none, or they are gone."""
    name = request.args.get(carried_filters.SAVED)
    if name is None or viewer().share is not None:
        return {}
    known = segments.list_(current_services().database, app_id)
    return next((segment.filters for segment in known if str(segment.id) == name), {})


def first_run(application: Application, *, api_key: str | None = None) -> Response:
    """Return the page of an application in which nothing was counted: the tag, and what is known of the first hit.

    With `api_key` it is the answer to the form that has made the application, and shows its first key this once.
    """
    services = current_services()
    return page(
        "fresh.html",
        script=True,
        **frame(application.app_id),
        first=first_hits.look(services, application, services.clock.now()),
        origin=origin() + home().removesuffix(PATH),
        api_key=api_key,
    )


def _parameters(app_id: str, asked: panels.Asked, numbers: traffic.Traffic | None) -> list[dict[str, Any]]:
    """Return what custom parameters were, which statistics know: of whole days, and of all hits."""
    if numbers is not None:
        return numbers.parameters
    if asked.filters or asked.time.name == "24h":
        return []
    return traffic.parameters_of(current_services(), app_id, asked.time)


def quality(app_id: str) -> Response:
    """Return what arrives beside the definitions of custom parameters, and what was left out."""
    services = current_services()
    shown = frame(app_id)
    asked = range_of(request.args, services.clock.now(), _QUALITY_RANGES)
    about = {"app_id": shown["application"].app_id, "period": asked.period}
    return page(
        "quality.html",
        **shown,
        **range_choice(asked, _QUALITY_RANGES),
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


def _compared(words: Words, days: Days, asked: Range, until: str) -> str:
    """Return what “before” is, and up to where: a time that goes on is compared with as much of the one before."""
    period = words("compared.hours") if asked.name == "24h" else words("compared.whole", period=days.span(asked.before))
    return words("sentences").join([period, words("compared.until." + until)]) if until else period
