"""Goals and funnels of an application: how often they are reached, and by whom; changed by who may."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from flask import Response, g, request

from tracker.dashboard.application_page import frame
from tracker.dashboard.changing import change
from tracker.dashboard.formats import Days
from tracker.dashboard.labels import label_of
from tracker.dashboard.page import HEADERS, address, streamed
from tracker.dashboard.range_choice import range_choice
from tracker.dashboard.ranges import WHOLE_DAYS, range_of
from tracker.dashboard.services import DashboardServices, current_services
from tracker.dashboard.sign_in import see
from tracker.dashboard.site_days import days_of, now_there
from tracker.dashboard.viewer import application_named, viewer
from tracker.dashboard.wording import Words, language
from tracker.errors import Refused, not_found
from tracker.goal import MAX_STEPS, STEP_KINDS, Funnel, Goal, GoalStep
from tracker.management import goals
from tracker.management.versions import version_of
from tracker.reading.export_lines import safe_cell
from tracker.reports import funnels as funnel_reports
from tracker.reports import goals as goal_reports
from tracker.reports import returning as returning_reports
from tracker.reports.funnels import FunnelReport
from tracker.reports.goals import GoalsReport
from tracker.reports.returning import ReturningReport
from tracker.reports.zone_days import ZoneDays

PERMISSION: Final = "settings:write"
_SOURCES: Final = 5
"""Sources of a goal that are shown; the CSV has more."""
_STEP_WIDTH: Final = 120
"""Letters of a step that are shown; the form that changes it has all of them."""


def show(app_id: str) -> Response:
    """Return the page."""
    return _page(app_id)


def save(app_id: str) -> Response:
    """Make a goal or a funnel, change one, or take one away."""
    actions = {
        "goal": _goal,
        "change_goal": _change_goal,
        "delete_goal": _delete_goal,
        "funnel": _funnel,
        "change_funnel": _change_funnel,
        "delete_funnel": _delete_funnel,
    }
    answer, refused = change(app_id, PERMISSION, actions)
    if refused is not None:
        return _page(app_id, refused=refused)
    return answer or see(f"{address(app_id)}/goals?saved=1")


def panel_csv(app_id: str) -> Response:
    """Return what a panel shows, all of it, as CSV: `goals`, `returning`, or a funnel by its id. Raises Refused."""
    services = current_services()
    application = application_named(app_id)
    asked = range_of(request.args, now_there(application, services.clock.now()), WHOLE_DAYS)
    days = days_of(application, asked)
    known, paths = goals.list_(services.database, application.app_id)
    name = request.args.get("panel", "goals")
    funnel = next((known_funnel for known_funnel in paths if str(known_funnel.id) == name), None)
    if name == "goals":
        rows = _goal_rows(known, _goals_report(services, application.app_id, days, known))
    elif name == "returning":
        returning = _returning(services, application.app_id)
        rows = [("week", "weeks_later", "visitors")]
        rows += [(str(c.week), str(n), str(count)) for c in returning.cohorts for n, count in enumerate(c.came)]
    elif funnel is not None:
        report = _funnel_report(services, application.app_id, days, funnel)
        rows = _funnel_rows(funnel, report)
    else:
        raise not_found("There is no such panel.")
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([safe_cell(cell) for cell in row] for row in rows)
    kind = name if funnel is None else "funnel"
    file = f"{kind}-{asked.shown.first}-{asked.shown.last}.csv"
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{file}"'}
    return Response(text.getvalue(), headers=headers, content_type="text/csv; charset=utf-8")


def _goal_rows(known: Sequence[Goal], report: GoalsReport) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("goal", "source", "visits", "visits_with_goal", "conversions", "value")]
    for number, goal in enumerate(known):
        for row in report.sources:
            came = row.conversions[number]
            value = "" if came.value is None else f"{came.value:.15g}"
            rows.append((goal.name, row.source or "", str(row.visits), str(came.visits), str(came.hits), value))
    return rows


def _funnel_rows(funnel: Funnel, report: FunnelReport) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("step", "visits", "share", "share_of_previous", "lost")]
    rows.append(("", str(report.visits), "", "", ""))
    for step, count, before in zip(funnel.steps, report.reached, report.before, strict=True):
        lost = "" if before is None else str(before - count)
        rows.append((str(step), str(count), _part(count, report.reached[0]), _part(count, before), lost))
    return rows


def _part(count: int, whole: int | None) -> str:
    return f"{count / whole:.6f}" if whole else ""


def _goal(app_id: str, fields: Mapping[str, str]) -> None:
    goals.create_goal(current_services().database, app_id, **_goal_of(fields), by=viewer().actor)


def _change_goal(app_id: str, fields: Mapping[str, str]) -> None:
    seen, by = frozenset({fields.get("version", "")}), viewer().actor
    goals.change_goal(current_services().database, app_id, fields.get("id", ""), _goal_of(fields), by=by, expected=seen)


def _goal_of(fields: Mapping[str, str]) -> dict[str, str]:
    """Return what a form says of a goal; of its value only where it was there to choose."""
    said = {"name": fields.get("name", ""), "step": _step(fields, "")}
    return {**said, "value_parameter": fields["value_parameter"]} if "value_parameter" in fields else said


def _delete_goal(app_id: str, fields: Mapping[str, str]) -> None:
    goals.delete_goal(current_services().database, app_id, fields.get("id", ""), by=viewer().actor)


def _funnel(app_id: str, fields: Mapping[str, str]) -> None:
    goals.create_funnel(
        current_services().database, app_id, name=fields.get("name", ""), steps=_steps(fields), by=viewer().actor
    )


def _change_funnel(app_id: str, fields: Mapping[str, str]) -> None:
    wanted = {"name": fields.get("name", ""), "steps": _steps(fields)}
    seen, by = frozenset({fields.get("version", "")}), viewer().actor
    goals.change_funnel(current_services().database, app_id, fields.get("id", ""), wanted, by=by, expected=seen)


def _delete_funnel(app_id: str, fields: Mapping[str, str]) -> None:
    goals.delete_funnel(current_services().database, app_id, fields.get("id", ""), by=viewer().actor)


def _steps(fields: Mapping[str, str]) -> list[str]:
    return [_step(fields, str(n)) for n in range(1, MAX_STEPS + 1) if fields.get(f"value{n}", "").strip()]


def _step(fields: Mapping[str, str], number: str) -> str:
    return f"{fields.get(f'kind{number}', '')}:{fields.get(f'value{number}', '')}"


def _goal_fields(goal: Goal) -> dict[str, str]:
    """Return what the fields of the form hold that changes a goal."""
    version = version_of(goals.shown_goal(goal))
    worth = goal.value_parameter or ""
    return {"name": goal.name, "value_parameter": worth, "version": version, **_step_fields("", goal.step)}


def _funnel_fields(funnel: Funnel) -> dict[str, str]:
    """Return what the fields of the form hold that changes a funnel; those of steps it has not are empty."""
    fields = {"name": funnel.name, "version": version_of(goals.shown_funnel(funnel))}
    for number in range(1, MAX_STEPS + 1):
        step = funnel.steps[number - 1] if number <= len(funnel.steps) else None
        fields |= _step_fields(str(number), step)
    return fields


def _step_fields(number: str, step: GoalStep | None) -> dict[str, str]:
    return {f"kind{number}": step.kind if step else "", f"value{number}": step.value if step else ""}


def _page(app_id: str, *, refused: Refused | None = None) -> Response:
    services = current_services()
    shown = frame(app_id)
    application = application_named(app_id)
    app_id = application.app_id
    asked = range_of(request.args, now_there(application, services.clock.now()), WHOLE_DAYS)
    known, paths = goals.list_(services.database, app_id)
    may_change = viewer().may(PERMISSION)
    # What is changed stands alone: forms of twenty goals and ten funnels would be up to 500 KB.
    changed = g.get("entered", {}).get("id") or request.args.get("change")
    is_there = changed in {*(str(goal.id) for goal in known), *(str(funnel.id) for funnel in paths)}
    if is_alone := may_change and (refused is not None or is_there):
        known = [goal for goal in known if str(goal.id) == changed]
        paths = [funnel for funnel in paths if str(funnel.id) == changed]
    days = days_of(application, asked)
    # One report for all goals, one for each funnel, and who came again, whatever the time.
    questions: dict[str, Callable[[], object]] = {}
    steps = [*(goal.step for goal in known), *(step for funnel in paths for step in funnel.steps)]
    if known:
        questions["goals"] = partial(_goals_report, services, app_id, days, known, steps)
    for funnel in paths:
        questions[str(funnel.id)] = partial(_funnel_report, services, app_id, days, funnel, steps)
    if not is_alone:
        questions["returning"] = partial(_returning, services, app_id)
    return streamed(
        "goals.html",
        questions,
        status=200 if refused is None else refused.status,
        **shown,
        **range_choice(asked, WHOLE_DAYS),
        time=asked.in_address,
        zone=days.zone,
        known=known,
        funnels=paths,
        sources=_SOURCES,
        label=partial(label_of, Words(language())),
        week=Days(Words(language())).short,
        may_change=may_change,
        numbers=goals.numbers_of(services.database, app_id) if may_change else [],
        goal_fields=_goal_fields,
        funnel_fields=_funnel_fields,
        changed=changed,
        is_alone=is_alone,
        step_width=_STEP_WIDTH,
        kinds=STEP_KINDS,
        max_steps=MAX_STEPS,
        refused=refused,
        saved="saved" in request.args,
    )


def _goals_report(
    services: DashboardServices, app_id: str, days: ZoneDays, known: Sequence[Goal], together: Sequence[GoalStep] = ()
) -> GoalsReport:
    return goal_reports.read(
        services.database, services.readers, app_id=app_id, goals=known, days=days, together=together
    )


def _funnel_report(
    services: DashboardServices, app_id: str, days: ZoneDays, funnel: Funnel, together: Sequence[GoalStep] = ()
) -> FunnelReport:
    return funnel_reports.read(
        services.database, services.readers, app_id=app_id, steps=funnel.steps, days=days, together=together
    )


def _returning(services: DashboardServices, app_id: str) -> ReturningReport:
    return returning_reports.read(services.database, services.readers, app_id=app_id, now=services.clock.now())
