"""Signing in at a provider (OpenID Connect): the way there and the way back.

Both ends are pages of our own that send the browser on: a form that leads to another site is stopped by `form-action`,
and a cookie that is `SameSite=Strict` does not come along when another site has sent the browser.
"""

import hmac
from typing import Final

from flask import Response, request

from tracker.dashboard import viewer
from tracker.dashboard.attempt_cookie import LASTS_SECONDS, PATH, AttemptCookie, PendingSignIn, name_of
from tracker.dashboard.form import form
from tracker.dashboard.link_tokens import LENGTH
from tracker.dashboard.origin import is_https, origin, require_own_page
from tracker.dashboard.page import address, home, page
from tracker.dashboard.services import DashboardServices, current_services
from tracker.dashboard.session_cookie import SessionCookie
from tracker.dashboard.sign_in import open_session, own_path, sign_in_form
from tracker.errors import Refused, not_found
from tracker.log import logger
from tracker.management import members
from tracker.oidc.identity import Identity, SignInAttempt, SignInProvider
from tracker.web.request_headers import client_address

CALLBACK: Final = f"{PATH}/callback"
"""Registered with the provider: what it sends browsers back to."""
_log = logger(__name__)


def start() -> Response:
    """Send the browser to the provider; what it has to bring back is in a cookie. Raises Refused."""
    require_own_page()
    services = current_services()
    provider = _provider(services)
    fields = form()
    path, invitation = own_path(fields.get("next")), fields.get("invitation", "")
    attempt = SignInAttempt(f"{origin()}{home()}{CALLBACK}")
    try:
        url = provider.authorization_url(attempt)
    except Refused as refused:
        return _refused(refused, path)
    answer = page("again.html", to=url)
    pending = PendingSignIn(attempt, path, invitation if len(invitation) == LENGTH else None)
    cookie, now = _cookie(services), services.clock.now()
    written = cookie.write(pending, now)
    for name in cookie.given_up(request.cookies, written, now):
        _forget(answer, name)
    answer.set_cookie(
        name_of(attempt.state),
        written,
        max_age=LASTS_SECONDS,
        path=home() + PATH,
        secure=is_https(services.proxies),
        httponly=True,
        samesite="Lax",
    )
    return answer


def callback() -> Response:
    """Take whoever comes back from the provider, and open their session. What was begun counts once."""
    services = current_services()
    provider = _provider(services)
    name = name_of(request.args.get("state", ""))
    pending = _cookie(services).read(request.cookies.get(name, ""), services.clock.now())
    path = home() if pending is None else pending.path
    try:
        identity = _identity(services, provider, pending)
        if pending is not None and pending.invitation is not None:
            path = address(_join(services, pending.invitation, person_of(provider, identity)))
    except Refused as refused:
        answer = _refused(refused, path)
    else:
        answer = page("again.html", to=path)
        cookie = SessionCookie(services.secret_key)
        open_session(answer, viewer.session_of_person(identity, cookie, provider), cookie)
        _log.info("signed in by the provider", subject=identity.subject)
    _forget(answer, name)
    return answer


def person_of(provider: SignInProvider, identity: Identity) -> members.MemberIdentity:
    """Return somebody as members are remembered."""
    return members.MemberIdentity(provider.settings.issuer, identity.subject, identity.email)


def _identity(services: DashboardServices, provider: SignInProvider, pending: PendingSignIn | None) -> Identity:
    """Return who came back. What is no answer to what this browser began counts with the wrong keys of its address."""
    failed, sender = services.key_check.failed_keys, client_address(request.environ, services.proxies)
    if failed.are_too_many(sender):
        raise failed.refused()
    answer = {name: request.args[name] for name in ("code", "state", "error", "iss") if name in request.args}
    if pending is None or not hmac.compare_digest(answer.get("state", "").encode(), pending.attempt.state.encode()):
        failed.failed(sender, answer.get("state", ""))
        raise Refused("FORBIDDEN", 403, "The sign-in was not begun in this browser, or took too long: begin it again.")
    try:
        return provider.identity(pending.attempt, answer)
    except Refused as refused:
        if refused.status == 403:  # noqa: PLR2004 the answer was not one, while a provider that is away is nobody's fault
            failed.failed(sender, answer.get("code", ""))
        raise


def _join(services: DashboardServices, token: str, person: members.MemberIdentity) -> str:
    return members.join(services.database, token, services.clock.now(), person)[0]


def _provider(services: DashboardServices) -> SignInProvider:
    if services.provider is None:
        raise not_found("There is nothing at this address.")
    return services.provider


def _cookie(services: DashboardServices) -> AttemptCookie:
    # Raises SettingsInvalid where the key cannot be used.
    SessionCookie(services.secret_key)
    return AttemptCookie(services.secret_key or "")


def _forget(answer: Response, name: str) -> None:
    answer.delete_cookie(name, path=home() + PATH, httponly=True, samesite="Lax")


def _refused(refused: Refused, path: str) -> Response:
    return sign_in_form(status=refused.status, next=path, ended=False, refused=refused, by_provider=True)
