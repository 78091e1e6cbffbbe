"""A form that is sent twice does what it says once: whoever clicks twice gets the answer to the first click.

Each page puts a random text into its forms. By it, the session, the address and all of its fields a form is known
again, for ten minutes and by every process; changed, it is another one. The answer may hold a key that is shown once:
it waits in Redis under TRACKER_SECRET_KEY.
"""

import hashlib
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, TypeVar

import orjson
from flask import Response, request
from markupsafe import Markup

from tracker.dashboard.services import current_services
from tracker.dashboard.viewer import COOKIE
from tracker.encryption import SecretBox
from tracker.errors import QueueUnavailable, conflict
from tracker.queueing import form_answers

_Answer = TypeVar("_Answer", bound=Response | None)
FIELD: Final = "once"
_WAIT_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.05
_PURPOSE: Final = b"access-log-tracker answers to forms 1"


def field() -> Markup:
    """Return the hidden field that a form needs to be known again."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, secrets.token_urlsafe(9))


def once(fields: Mapping[str, str], do: Callable[[], _Answer]) -> _Answer:
    """Do what a form says and return the answer, or the answer of before where the same form has come before.

    A form without the field, or while Redis is unavailable, is done as often as it comes; so is one that came to an
    error. Raises what `do` raises, and Refused (CONFLICT) where the first one takes too long.
    """
    if not fields.get(FIELD):
        return do()
    services = current_services()
    mark, box = _mark(fields), SecretBox(services.secret_key, purpose=_PURPOSE)
    try:
        earlier = form_answers.claim(services.redis, mark)
        deadline = time.monotonic() + _WAIT_SECONDS
        while earlier == "" and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
            earlier = form_answers.claim(services.redis, mark)
    except QueueUnavailable:
        return do()
    if earlier == "":
        raise conflict("The form was sent twice, and the first is not done yet: see what came of it before you go on.")
    if earlier is not None:
        answer: _Answer = _read(box.decrypt(earlier))
        return answer
    try:
        answer = do()
    except BaseException:
        with suppress(QueueUnavailable):
            form_answers.drop(services.redis, mark)
        raise
    with suppress(QueueUnavailable):
        form_answers.keep(services.redis, mark, box.encrypt(_written(answer)))
    return answer


def _mark(fields: Mapping[str, str]) -> str:
    known_by = [request.cookies.get(COOKIE), request.path, sorted(fields.items())]
    return hashlib.sha256(orjson.dumps(known_by)).hexdigest()


def _written(answer: Response | None) -> str:
    kept = None if answer is None else (answer.status_code, list(answer.headers), answer.get_data(as_text=True))
    return orjson.dumps(kept).decode()


def _read(text: str) -> Any:  # noqa: ANN401 an answer of the same kind as the first
    kept = orjson.loads(text)
    if kept is None:
        return None
    status, headers, body = kept
    return Response(body, status, [(name, value) for name, value in headers])
