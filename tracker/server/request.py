"""A request that has come in, or that is refused by its head."""

from tracker.server.site import Endpoint, Environ
from tracker.web.envelope import Answer


class Request:
    """One request. `refusal` is the server's own answer to one that it cannot serve."""

    __slots__ = ("endpoint", "environ", "keep_alive", "refusal")

    def __init__(
        self, environ: Environ, endpoint: Endpoint | None, *, keep_alive: bool, refusal: Answer | None = None
    ) -> None:
        self.environ, self.endpoint, self.keep_alive, self.refusal = environ, endpoint, keep_alive, refusal
