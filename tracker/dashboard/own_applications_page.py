"""Where somebody begins whom a provider has signed in: the applications that are theirs, and invitations to others."""

from collections.abc import Mapping
from functools import partial

from flask import Response

from tracker.dashboard.form import form
from tracker.dashboard.once import once
from tracker.dashboard.origin import require_own_page
from tracker.dashboard.page import address, page
from tracker.dashboard.provider_sign_in import person_of
from tracker.dashboard.services import current_services
from tracker.dashboard.sign_in import see
from tracker.dashboard.viewer import viewer
from tracker.errors import Refused, not_found
from tracker.management import members
from tracker.management.members import MemberIdentity


def show() -> Response:
    """Return the list, or the way to the one application where there is nothing to choose."""
    services, person = current_services(), _person()
    memberships = members.memberships(services.database, person)
    invitations = members.invitations_to(services.database, person, services.clock.now())
    if len(memberships) == 1 and not invitations:
        return see(address(memberships[0].app_id))
    return _page(person)


def accept() -> Response:
    """Use an invitation that was made to the person's address."""
    require_own_page()
    person, fields = _person(), form()
    try:
        return once(fields, partial(_join, person, fields))
    except Refused as refused:
        return _page(person, refused)


def _join(person: MemberIdentity, fields: Mapping[str, str]) -> Response:
    services = current_services()
    return see(address(members.join_by_email(services.database, fields.get("id", ""), services.clock.now(), person)))


def _page(person: MemberIdentity, refused: Refused | None = None) -> Response:
    services = current_services()
    return page(
        "own_applications.html",
        status=200 if refused is None else refused.status,
        memberships=members.memberships(services.database, person),
        invitations=members.invitations_to(services.database, person, services.clock.now()),
        email=person.email,
        refused=refused,
    )


def _person() -> MemberIdentity:
    """Return who is reading. Raises Refused (NOT_FOUND) for whoever a key or the admin token has signed in."""
    identity, provider = viewer().identity, current_services().provider
    if identity is None or provider is None:
        raise not_found("There is nothing at this address.")
    return person_of(provider, identity)
