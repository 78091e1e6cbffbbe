"""What is served: endpoints that answer on the event loop, and a WSGI application for everything else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tracker.web.envelope import Answer

if TYPE_CHECKING:  # Names for type checkers; at run time the module does not exist.
    from _typeshed.wsgi import WSGIApplication

Environ = dict[str, Any]
SendAnswer = Callable[[Answer], None]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path that is answered on the loop, where it never waits.

    `handle` calls `respond` once, on the loop, now or later. Where it cannot tell without waiting it returns False
    instead: the request then goes to the WSGI application, which has the same path. `max_body` is in bytes; of a longer
    body nothing is read.
    """

    handle: Callable[[Environ, SendAnswer], bool]
    max_body: int = 0


@dataclass(frozen=True, slots=True)
class Site:
    """What a process serves.

    `endpoints` go by their path as it is spelled. `max_body_of` says how many bytes of a request's body the WSGI
    application takes: 0 where there is nothing at its path. `close` is called when the process ends.
    """

    endpoints: Mapping[bytes, Endpoint]
    wsgi: "WSGIApplication"
    max_body_of: Callable[[Environ], int]
    close: Callable[[], None]
