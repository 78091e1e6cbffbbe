"""A form that is sent twice does what it says once: whoever clicks twice gets the answer to the first click.

Each page puts a random text into its forms. By it, the session, the address and all of its fields a form is known
again by every process; changed, it is another one. A page that answers may hold a key that is shown once: it waits ten
minutes in Redis, under TRACKER_SECRET_KEY. What leads elsewhere is kept for the second click alone: who goes back to
the page and sends the same form again means it.
"""

import hashlib
import math
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Any, Final, TypeVar

import orjson
from flask import Response, request
from markupsafe import Markup

from tracker.dashboard.form import MAX_FORM_BYTES, form
from tracker.dashboard.services import current_services
from tracker.dashboard.viewer import COOKIE
from tracker.encryption import SecretBox
from tracker.errors import QueueUnavailable, Refused, SettingsInvalid, conflict
from tracker.queueing import form_answers
from tracker.queueing.connection import Connection
from tracker.web.body import BODY_READ

_Answer = TypeVar("_Answer", bound=Response | None)
FIELD: Final = "once"
_WAIT_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.05
_PAGE_SECONDS: Final = 600
_SECOND_CLICK_SECONDS: Final = 10
_PURPOSE: Final = b"access-log-tracker answers to forms 1"


def field() -> Markup:
    """Return the hidden field that a form needs to be known again."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, secrets.token_urlsafe(9))


def once(fields: Mapping[str, str], do: Callable[[], _Answer]) -> _Answer:
    """Do what a form says and return the answer, or the answer of before where the same form has come before.

    A form without the field, or while Redis is unavailable, is done as often as it comes; so is one that was refused.
    Raises what `do` raises, and Refused (CONFLICT) where the first one takes too long.
    """
    if not fields.get(FIELD):
        return do()
    mark = _mark(fields)
    try:
        earlier = _waited_for(partial(form_answers.claim, mark=mark))
    except QueueUnavailable:
        return do()
    if earlier == "":
        raise conflict("The form was sent twice, and the first is not done yet: see what came of it before you go on.")
    if earlier is not None:
        with suppress(SettingsInvalid):  # Another TRACKER_SECRET_KEY since then: no answer is kept any more.
            answer: _Answer = _read(_box().decrypt(earlier))
            return answer
    try:
        answer = do()
    except BaseException:
        _drop(mark)
        raise
    if answer is not None and answer.status_code >= HTTPStatus.BAD_REQUEST:
        _drop(mark)
        return answer
    seconds = _PAGE_SECONDS if answer is not None and answer.status_code == HTTPStatus.OK else _SECOND_CLICK_SECONDS
    try:
        form_answers.keep(current_services().redis, mark, _box().encrypt(_written(answer)), seconds=seconds)
    except QueueUnavailable:
        _drop(mark)  # A Redis that is full takes nothing, but lets go.
    return answer


def answered_before() -> Response | None:
    """Return the answer that this request's form had before, for somebody who may not send it any more.

    The first click may have ended its session, by a new key in the place of its own, or deleted what it was about.
    Nobody else comes by the answer: its mark holds the cookie and the random text of the form. Nor does who comes
    later than a second click: a session that somebody has ended is over.
    """
    if request.method != "POST" or BODY_READ in request.environ:
        return None
    with suppress(Refused, QueueUnavailable, SettingsInvalid):
        fields = form(max_bytes=MAX_FORM_BYTES)
        earlier = _waited_for(partial(form_answers.answer, mark=_mark(fields))) if fields.get(FIELD) else None
        if earlier:
            kept: Response | None = _read(_box().decrypt(earlier), seconds=_SECOND_CLICK_SECONDS)
            return kept
    return None


def _waited_for(look: Callable[[Connection], str | None]) -> str | None:
    """Return a form's answer, as soon as nobody is at it any more; empty where that takes long."""
    redis, deadline = current_services().redis, time.monotonic() + _WAIT_SECONDS
    while (answer := look(redis)) == "" and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)
    return answer


def _drop(mark: str) -> None:
    with suppress(QueueUnavailable):
        form_answers.drop(current_services().redis, mark)


def _box() -> SecretBox:
    return SecretBox(current_services().secret_key, purpose=_PURPOSE)


def _mark(fields: Mapping[str, str]) -> str:
    known_by = [request.cookies.get(COOKIE), request.path, sorted(fields.items())]
    return hashlib.sha256(orjson.dumps(known_by)).hexdigest()


def _written(answer: Response | None) -> str:
    kept = None if answer is None else (answer.status_code, list(answer.headers), answer.get_data(as_text=True))
    return orjson.dumps((current_services().clock.now().timestamp(), kept)).decode()


def _read(text: str, *, seconds: float = math.inf) -> Any:  # noqa: ANN401 an answer of the same kind as the first
    """Return the answer; None, too, where it was given longer ago."""
    answered_at, kept = orjson.loads(text)
    if kept is None or current_services().clock.now().timestamp() - answered_at > seconds:
        return None
    status, headers, body = kept
    return Response(body, status, [(name, value) for name, value in headers])
