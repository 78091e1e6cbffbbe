"""What every change from a page of an application begins with: may they, is it our own form, what does it say."""

from collections.abc import Callable, Mapping

from flask import Response, g

from tracker.dashboard.form import MAX_FORM_BYTES, form
from tracker.dashboard.once import once
from tracker.dashboard.origin import require_own_page
from tracker.dashboard.services import current_services
from tracker.dashboard.viewer import application_named, viewer
from tracker.errors import Refused, invalid, not_found
from tracker.management.notify_receivers import notify_receivers

Action = Callable[[str, Mapping[str, str]], Response | None]
"""Changes something of the application of that app_id, as the form's fields say; returns a page of its own, or None."""


def require(permission: str) -> None:
    """Raise Refused (NOT_FOUND) for who may not: what one may not change is not there."""
    if not viewer().may(permission):
        raise not_found("There is nothing at this address.")


def change(app_id: str, permission: str, actions: Mapping[str, Action]) -> tuple[Response | None, Refused | None]:
    """Do what a form asks for, by its field `action`.

    Returns the page that the action makes, if any, or why it was refused; the page that says so has what was entered.
    The receivers hear of it, and a form that comes twice is done once. Raises Refused where nothing was tried: another
    application is not there for the holder of a key.
    """
    app_id = application_named(app_id).app_id
    require(permission)
    require_own_page()
    fields = form(max_bytes=MAX_FORM_BYTES)
    action = actions.get(fields.get("action", ""))
    if action is None:
        raise invalid("There is no such action.", action=["Must be one of " + ", ".join(actions)])
    try:
        answer = once(fields, lambda: action(app_id, fields))
    except Refused as refused:
        g.entered = fields
        return None, refused
    notify_receivers(current_services().redis, app_id)
    return answer, None


def one_of(text: str, numbers: tuple[int, ...]) -> int:
    """Return the number that a field chooses. Raises Refused for one that was not there to choose."""
    chosen = next((number for number in numbers if str(number) == text), None)
    if chosen is None:
        raise invalid("The form cannot be read.")
    return chosen
