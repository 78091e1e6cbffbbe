"""Why an endpoint gave no answer, in words for its owner: no address of ours, nothing that it sent."""

import socket
import ssl
from collections.abc import Iterator
from http.client import RemoteDisconnected

import requests

from tracker.webhooks.endpoint import NoResponse


def reason(error: BaseException) -> str:
    """Return what went wrong, by the innermost error that says it best."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, NoResponse):
            return str(cause)
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"Its certificate is refused: {cause.verify_message.rstrip('.')}."
        if isinstance(cause, ssl.SSLError):
            return f"TLS failed: {cause.reason or 'the connection was closed'}."
    for cause in causes:
        for kind, words in _WORDS:
            if isinstance(cause, kind):
                return words
    return f"The request failed: {type(causes[-1]).__name__}."


_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (requests.ReadTimeout, "It did not answer in time."),
    (ConnectionRefusedError, "It refuses connections."),
    (RemoteDisconnected, "It closed the connection without an answer."),
    (ConnectionResetError, "It reset the connection."),
    (BrokenPipeError, "It closed the connection before it had read the request."),
    (ConnectionError, "It closed the connection without an answer."),
    (socket.gaierror, "The host's name cannot be resolved."),
    (TimeoutError, "It did not answer in time."),
)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and what it wraps: libraries put the inner one into `args`, `reason`, or chain it."""
    seen: list[BaseException] = []
    waiting = [error]
    while waiting:
        cause = waiting.pop(0)
        if cause in seen:
            continue
        seen.append(cause)
        yield cause
        wrapped = (*cause.args, getattr(cause, "reason", None), cause.__cause__)
        waiting.extend(inner for inner in wrapped if isinstance(inner, BaseException))
