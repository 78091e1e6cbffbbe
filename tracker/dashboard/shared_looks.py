"""Looks at what goes on now, answered in front of Flask where somebody has just been answered the same.

Fifty who look ask 25 times a second and are told the same thing. What is remembered is the whole answer to a share link
or to a session, as long as `LiveReader` says the same. Whether they still may look is asked each time: a link, a key, a
session or an entered password that ends, ends with the next look. The other way, which all else goes, is
`live_page.now`; it takes twice as long.
"""

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from werkzeug.http import parse_cookie

from tracker.application import hash_key
from tracker.dashboard.live_page import LOOK_AGAIN, SEEN, until_next_look
from tracker.dashboard.page import PATH
from tracker.dashboard.services import DashboardServices
from tracker.dashboard.session_cookie import ADMIN, PERSON, SessionCookie
from tracker.dashboard.share_password import COOKIE as PASSWORD_COOKIE
from tracker.dashboard.share_password import entered_until
from tracker.dashboard.viewer import COOKIE
from tracker.errors import DatabaseUnavailable, Refused
from tracker.reading.live import LiveView
from tracker.store import dashboard_sign_outs, shares
from tracker.store.shares import Share

if TYPE_CHECKING:  # Names for type checkers; at run time the module does not exist.
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_END: Final = "/live/now"
_SHARE: Final = f"{PATH}/share/"
_MAX_REMEMBERED: Final = 500
_OF_A_BODY: Final = ("content-length", "content-type")

Key = tuple[str, str, str]
"""What an answer depends on: the path, the cookies, the languages that the browser prefers."""
Standing = tuple[Share | None, datetime]
"""What changes as soon as a right to look does: the link, and when its application, its keys included, was changed."""


@dataclass(frozen=True, slots=True)
class _Right:
    """By which somebody may look: a session of a key of an application, or the hash of a link's token."""

    app_id: str = ""
    session_id: str = ""
    token_hash: str | None = None
    until: float = math.inf
    """When what the browser keeps of it ends, in seconds since 1970."""

    def standing(self, services: DashboardServices) -> Standing | None:
        """Ask how it stands; None where it has ended. Raises DatabaseUnavailable."""
        with services.database.look() as tx:
            if self.token_hash is not None:
                return shares.find(tx, self.token_hash)
            is_signed_out, changed_at = dashboard_sign_outs.of_application(tx, self.session_id, self.app_id)
        return None if is_signed_out or changed_at is None else (None, changed_at)


@dataclass(frozen=True, slots=True)
class _Remembered:
    """An answer: by which right it was given, how that stood right before, and what it was made of."""

    right: _Right
    standing: Standing | None
    app_id: str
    view: LiveView
    headers: list[tuple[str, str]]
    etag: str
    body: bytes


class SharedLooks:
    """WSGI: answers what it remembers, and leaves all else to `others`. One of it a process. Thread-safe."""

    def __init__(self, others: "WSGIApplication", parts: Callable[[], DashboardServices]) -> None:
        self._others, self._parts = others, parts
        self._remembered: OrderedDict[Key, _Remembered] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        is_look = path.endswith(_END) and path.startswith(PATH) and environ["REQUEST_METHOD"] == "GET"
        if not is_look or environ.get("QUERY_STRING") or environ.get("CONTENT_LENGTH", "") not in {"", "0"}:
            return self._others(environ, start_response)
        key = (path, environ.get("HTTP_COOKIE", ""), environ.get("HTTP_ACCEPT_LANGUAGE", ""))
        with self._lock:
            known = self._remembered.get(key)
        standing = None
        # Whoever has not been let in is asked nothing here: wrong tokens are counted and held up over there.
        if known is not None:
            services = self._parts()
            try:
                if services.clock.now().timestamp() < known.right.until:
                    standing = known.right.standing(services)
                if standing is not None and standing == known.standing and _is_as_it_was(known, services):
                    if standing[0] is not None:
                        services.share_reads.take(standing[0], is_look=True)
                    return _answer(known, environ, services, start_response)
            except (DatabaseUnavailable, Refused):
                standing = None  # The other way meets the same, and explains it.
        return self._ask_others(key, standing, environ, start_response)

    def _ask_others(
        self, key: Key, standing: Standing | None, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Remember the answer with how its right stood before; where that is not known, for the next time's sake."""
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:  # noqa: ANN401 PEP 3333
            started.append((status, headers))
            return start_response(status, headers, exc_info)

        answer = self._others(environ, start)
        if SEEN not in environ or not started[-1:] or not started[-1][0].startswith("200"):
            return answer
        right = _right_of(environ, self._parts())
        if right is None:
            return answer
        body = b"".join(answer)
        if (close := getattr(answer, "close", None)) is not None:
            close()
        headers = [(name, value) for name, value in started[-1][1] if name != LOOK_AGAIN]
        etag = next(value for name, value in headers if name.lower() == "etag")
        app_id, view = environ[SEEN]
        with self._lock:
            self._remembered[key] = _Remembered(right, standing, app_id, view, headers, etag, body)
            self._remembered.move_to_end(key)
            while len(self._remembered) > _MAX_REMEMBERED:
                self._remembered.popitem(last=False)
        return [body]


def _is_as_it_was(known: _Remembered, services: DashboardServices) -> bool:
    return services.live.latest(known.app_id) is known.view


def _answer(
    known: _Remembered, environ: "WSGIEnvironment", services: DashboardServices, start_response: "StartResponse"
) -> Iterable[bytes]:
    again = (LOOK_AGAIN, str(until_next_look(services.clock.now())))
    if known.etag in environ.get("HTTP_IF_NONE_MATCH", ""):
        status = HTTPStatus.NOT_MODIFIED
        headers = [(name, value) for name, value in known.headers if name.lower() not in _OF_A_BODY]
        start_response(f"{status.value} {status.phrase}", [*headers, again])
        return []
    start_response("200 OK", [*known.headers, again])
    return [known.body]


def _right_of(environ: "WSGIEnvironment", services: DashboardServices) -> _Right | None:
    """Return by which right somebody was let in: a link or a key; None for the operator and for people."""
    path = environ["PATH_INFO"].removesuffix(_END)
    cookies = parse_cookie(environ.get("HTTP_COOKIE", ""))
    if path.startswith(_SHARE):
        until = entered_until(cookies.get(PASSWORD_COOKIE, ""), services.secret_key)
        return _Right(token_hash=hash_key(path.removeprefix(_SHARE)), until=until)
    presented = cookies.get(COOKIE)
    if presented is None or services.secret_key is None:
        return None
    session = SessionCookie(services.secret_key).read(presented, services.clock.now())
    if session is None or session.key in {ADMIN, PERSON}:
        return None
    return _Right(str(session.app_id), session.id, until=session.ends_at)
