"""The form for signing in, the way out, and the switch of language."""

from typing import Any, Final
from urllib.parse import unquote, urlsplit

from flask import Response, redirect, request

from tracker.dashboard import viewer, wording
from tracker.dashboard.form import form
from tracker.dashboard.origin import is_https, origin, require_own_page
from tracker.dashboard.page import HEADERS, home, page
from tracker.dashboard.services import DashboardServices, current_services
from tracker.dashboard.session_cookie import LASTS, Session, SessionCookie
from tracker.errors import Refused
from tracker.store import dashboard_sign_outs
from tracker.web.authentication import KeyHolder
from tracker.web.request_headers import client_address

_YEAR: Final = 365 * 86_400
_MAX_KEY_LENGTH: Final = 1000
_MAX_PATH_LENGTH: Final = 8000


def show() -> Response:
    """Return the form. Raises SettingsInvalid where there is no TRACKER_SECRET_KEY to sign sessions with."""
    SessionCookie(current_services().secret_key)
    done = removal_done()
    return sign_in_form(
        next=own_path(request.args.get("next")), ended="ended" in request.args, removal=done, refused=None
    )


def removal_done() -> str | None:
    """Return how the application was removed with which a form has just led here: `deleted`, `purged`; else None."""
    return next((name for name in ("deleted", "purged") if name == request.args.get("done")), None)


def sign_in() -> Response:
    """Take a key; a good one opens a session. Wrong ones count against the address, like those of the API."""
    require_own_page()
    services = current_services()
    cookie = SessionCookie(services.secret_key)
    fields = form()
    presented, path = fields.get("key", "").strip(), own_path(fields.get("next"))
    try:
        holder = _holder(services, presented)
    except Refused as refused:
        return sign_in_form(status=refused.status, next=path, ended=False, refused=refused)
    session = viewer.session_of(holder, cookie, services.key_check.admin_token)
    answer = see(path)
    open_session(answer, session, cookie)
    return answer


def open_session(answer: Response, session: Session, cookie: SessionCookie) -> None:
    """Give the browser the cookie of a session."""
    services = current_services()
    answer.set_cookie(
        viewer.COOKIE,
        cookie.write(session, services.clock.now()),
        max_age=LASTS,
        path=home(),
        secure=is_https(services.proxies),
        httponly=True,
        samesite="Strict",
    )


def end_session(answer: Response) -> None:
    """Take the cookie of the session away from the browser."""
    answer.delete_cookie(viewer.COOKIE, path=home(), httponly=True, samesite="Strict")


def sign_in_form(
    *,
    status: int = 200,
    refused: Refused | None,
    by_provider: bool = False,
    removal: str | None = None,
    **values: Any,  # noqa: ANN401 what the template shows
) -> Response:
    """Return the form, with what was refused; `by_provider` says that no key was."""
    services = current_services()
    answer = page(
        "sign_in.html",
        status=status,
        has_token=bool(services.key_check.admin_token),
        provider=None if services.provider is None else services.provider.settings.name,
        refused=refused,
        by_provider=by_provider,
        removal=removal,
        **values,
    )
    if refused is not None and refused.retry_after is not None:
        answer.headers["Retry-After"] = str(refused.retry_after)
    return answer


def _holder(services: DashboardServices, presented: str) -> KeyHolder:
    """Return who presents a key with which numbers may be read. Raises Refused."""
    if not presented or len(presented) > _MAX_KEY_LENGTH:
        raise Refused("INVALID_API_KEY", 401, "No key was given.")
    holder = services.key_check.holder(client_address(request.environ, services.proxies), presented)
    if holder.key is not None and not holder.key.may(viewer.PERMISSION):
        raise Refused("FORBIDDEN", 403, f"The API key lacks the permission `{viewer.PERMISSION}`.")
    return holder


def sign_out() -> Response:
    """End the session, also for whoever has a copy of its cookie. Raises DatabaseUnavailable: it goes on then.

    Whoever a provider has signed in is led to its own page for signing out, if it has one.
    """
    require_own_page()
    services = current_services()
    now = services.clock.now()
    cookie = request.cookies.get(viewer.COOKIE)
    session = None if cookie is None else SessionCookie(services.secret_key).read(cookie, now)
    if session is not None:
        with services.database.transaction() as tx:
            dashboard_sign_outs.add(tx, session.id, expires_at=now + LASTS, now=now)
    elsewhere = None
    if session is not None and session.identity is not None and services.provider is not None:
        elsewhere = services.provider.logout_url(f"{origin()}{home()}/sign-in")
    answer = see(f"{home()}/sign-in") if elsewhere is None else page("again.html", to=elsewhere)
    end_session(answer)
    return answer


def choose_language() -> Response:
    """Remember the language that was chosen."""
    require_own_page()
    fields = form()
    answer = see(own_path(fields.get("next")))
    chosen = wording.known(fields.get("language"))
    if chosen is not None:
        secure = is_https(current_services().proxies)
        answer.set_cookie(
            wording.COOKIE, chosen, max_age=_YEAR, path=home(), secure=secure, httponly=True, samesite="Lax"
        )
    return answer


def own_path(path: str | None) -> str:
    """Return a path of the dashboard as it is, anything else as its beginning: nobody is sent elsewhere from here."""
    if not path or len(path) > _MAX_PATH_LENGTH or not path.isascii() or not path.isprintable() or "\\" in path:
        return home()
    try:
        split = urlsplit(path)
    except ValueError:
        return home()  # What looks like a broken address of IPv6.
    inside = split.path == home() or split.path.startswith(f"{home()}/")
    # Browsers take a dot that is written as %2e for a dot.
    climbs = ".." in unquote(split.path).split("/")
    return path if inside and not split.scheme and not split.netloc and not climbs else home()


def see(path: str) -> Response:
    """Send the browser on, to fetch another page."""
    answer = redirect(path, 303)
    answer.headers.extend(HEADERS)
    return Response(answer.get_data(), answer.status_code, answer.headers)
