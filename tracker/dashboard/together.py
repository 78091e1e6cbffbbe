"""The questions of a page with filters, all of them, so that what the filters leave is read once. Pure."""

from dataclasses import replace

from tracker.dashboard import panels, reported
from tracker.dashboard.equal_times import COUNTS, VISITS, EqualTimes
from tracker.dashboard.panels import Asked
from tracker.dashboard.services import DashboardServices


def with_all(services: DashboardServices, app_id: str, asked: Asked, *, compares: bool) -> Asked:
    """Return what an address asks about, with all questions that its page may put to reports."""
    if not asked.filters:
        return asked
    shown = (name for group in asked.groups for name in panels.may_be_shown(group, asked))
    questions = [
        reported.series_question(asked),
        *panels.whole_questions(asked, with_visits=asked.time.name != "24h" or panels.counts_visits(asked)),
        *(panels.panel_question(name, asked) for name in shown),
    ]
    if compares:
        earlier = EqualTimes(services, app_id, asked)
        questions += [*reported.questions_before(asked), earlier.question(COUNTS), earlier.question(VISITS)]
    return replace(asked, together=tuple(questions))
