"""Whoever comes by an invitation: told what for, and, when they accept, given their key and signed in."""

from functools import partial

from flask import Response

from tracker.dashboard import viewer
from tracker.dashboard.form import form
from tracker.dashboard.link_tokens import found_by
from tracker.dashboard.once import once
from tracker.dashboard.origin import require_own_page
from tracker.dashboard.page import address, page
from tracker.dashboard.services import current_services
from tracker.dashboard.session_cookie import SessionCookie
from tracker.dashboard.sign_in import open_session
from tracker.management import members
from tracker.management.members import Invitation
from tracker.web.authentication import KeyHolder

MISSING = "The invitation is not there any more: it was used, withdrawn or has expired. Ask for another."


def show(token: str) -> Response:
    """Return what somebody is invited to. Only accepting uses the invitation up: previews of links fetch it, too."""
    provider = current_services().provider
    name = None if provider is None else provider.settings.name
    return page("invitation.html", invitation=_invitation(token), api_key=None, provider=name, token=token)


def accept(token: str) -> Response:
    """Use the invitation up, and show the person's key this once. Raises Refused."""
    require_own_page()
    return once(form(), partial(_join, token))


def _join(token: str) -> Response:
    services = current_services()
    cookie = SessionCookie(services.secret_key)
    invitation = _invitation(token)
    app_id, api_key = members.join(services.database, token, services.clock.now())
    holder: KeyHolder = services.key_check.holder(None, api_key)
    answer = page("invitation.html", script=True, invitation=invitation, api_key=api_key, to=address(app_id))
    open_session(answer, viewer.session_of(holder, cookie, services.key_check.admin_token), cookie)
    return answer


def _invitation(token: str) -> Invitation:
    services = current_services()
    return found_by(token, lambda: members.invitation_of(services.database, token, services.clock.now()), MISSING)
