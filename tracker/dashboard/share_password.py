"""The password of a share link: asked for, and what the browser keeps once it was right.

That is a cookie of the link alone, signed, for twelve hours. It ends with the link, and with TRACKER_SECRET_KEY. A
frame on another site has no cookies: a link with a password names no origins.
"""

import hashlib
import hmac
import math
from datetime import timedelta
from typing import Final

from flask import Response, g, request
from itsdangerous import BadData, URLSafeSerializer

from tracker.dashboard.form import form
from tracker.dashboard.origin import is_https, require_own_page
from tracker.dashboard.page import here, home, page
from tracker.dashboard.services import current_services
from tracker.dashboard.sign_in import own_path, see
from tracker.dashboard.signed import signer
from tracker.errors import Refused, SettingsInvalid
from tracker.management import passwords
from tracker.store.shares import Share
from tracker.web.request_headers import client_address

COOKIE: Final = "tracker_share"
_ENDPOINTS: Final = {"dashboard.share-password", "dashboard.share-password-left"}
LASTS: Final = timedelta(hours=12)
_CLOCKS_APART: Final = 60.0
"""Seconds by which the clock of the machine that wrote a cookie may be ahead."""
_PURPOSE: Final = "access-log-tracker share link passwords 1"


class PasswordNeeded(Exception):
    """Somebody comes by a link with a password, and has not entered it; `share` is the link."""

    def __init__(self, share: Share) -> None:
        super().__init__()
        self.share = share


def require(share: Share) -> None:
    """Raise PasswordNeeded where a link has a password that this browser has not entered. Raises SettingsInvalid."""
    if share.password_hash is None or request.endpoint in _ENDPOINTS:
        return
    if not _was_entered(share):
        raise PasswordNeeded(share)


def entered_until(cookie: str, secret_key: str | None) -> float:
    """Return until when a cookie says that a password was entered, in seconds since 1970; without end of none."""
    try:
        at: float = _serializer(secret_key).loads(cookie)[1]
    except (BadData, SettingsInvalid):
        return math.inf
    return at + LASTS.total_seconds()


def _was_entered(share: Share) -> bool:
    try:
        mark, at = _serializer(current_services().secret_key).loads(request.cookies.get(COOKIE, ""))
    except BadData:
        return False
    age = current_services().clock.now().timestamp() - at
    return -_CLOCKS_APART <= age < LASTS.total_seconds() and hmac.compare_digest(mark, _mark(share))


def ask(needed: PasswordNeeded) -> Response:  # noqa: ARG001 Flask hands it over
    """Return the form, which leads back here."""
    return _form(here(), status=401)


def leave(app_id: str) -> Response:  # noqa: ARG001 as above
    """Lead from the address that passwords are sent to, where a page is sought, to the link."""
    return see(_link_path())


def enter(app_id: str) -> Response:  # noqa: ARG001 `share.identify` has found it
    """Take a password; a right one opens the link. Wrong ones count against the address, as wrong keys do."""
    require_own_page()
    services, share = current_services(), g.viewer.share
    fields = form()
    link_path = _link_path()
    path = _path_of_link(fields.get("next"))
    try:
        _require_right(share, fields.get("password", ""))
    except Refused as refused:
        del g.viewer
        return _form(path, status=refused.status, refused=refused)
    answer = see(path)
    answer.set_cookie(
        COOKIE,
        _serializer(current_services().secret_key).dumps((_mark(share), int(services.clock.now().timestamp()))),
        max_age=LASTS,
        path=link_path,
        secure=is_https(services.proxies),
        httponly=True,
        samesite="Lax",
    )
    return answer


def _require_right(share: Share, password: str) -> None:
    """Raise Refused for a wrong password, and where too many have been tried from this address, or at this link."""
    services = current_services()
    address, failed = client_address(request.environ, services.proxies), services.key_check.failed_keys
    if failed.are_too_many(address):
        raise failed.refused()
    services.share_reads.take_guess(share, address)
    if share.password_hash is not None and not passwords.is_right(password, share.password_hash):
        failed.failed(address, "")
        raise Refused("UNAUTHORIZED", 401, "The password is not the one of this link.")


def _link_path() -> str:
    return f"{home()}/share/{g.share_token}"


def _path_of_link(given: str | None) -> str:
    """Return a path of the link's pages as it is, anything else as the link's own, where passwords are sent too."""
    path, link_path = own_path(given), _link_path()
    is_of_link = path == link_path or path.startswith((f"{link_path}/", f"{link_path}?"))
    return path if is_of_link and path.partition("?")[0] != f"{link_path}/password" else link_path


def _form(path: str, *, status: int, refused: Refused | None = None) -> Response:
    answer = page("share_password.html", status=status, link=_link_path(), next=path, here=path, refused=refused)
    if refused is not None and refused.retry_after is not None:
        answer.headers["Retry-After"] = str(refused.retry_after)
    return answer


def _mark(share: Share) -> str:
    """Return what tells that the password of this link was entered, and nothing about it."""
    return hashlib.sha256(f"{share.id} {share.password_hash}".encode()).hexdigest()


def _serializer(secret: str | None) -> URLSafeSerializer:
    if secret is None:
        raise SettingsInvalid("TRACKER_SECRET_KEY is not set: the dashboard signs with it who has entered a password.")
    return signer(secret, _PURPOSE)
