"""What a dialect is: a pure reader of requests, and two answerers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from tracker.errors import Refused
from tracker.web.envelope import Answer

_Told = TypeVar("_Told")


@dataclass(frozen=True, slots=True)
class ClientRequest:
    """A request as it came, its body whole and unpacked. `headers` are named as WSGI names them."""

    method: str
    path: str
    query: str
    body: bytes
    headers: Mapping[str, Any]
    now: datetime


class ClientHit(NamedTuple):
    """A hit as a client told it.

    `site` is what the client calls the application, None for the application that `key` belongs to. `values` are fields
    as `POST /v1/track` takes them, those that need a key too: the receiver leaves out what this caller may not say.
    None stands for what is understood and no hit, such as a heartbeat.
    """

    site: str | None
    values: dict[str, Any] | None
    key: str | None = None


class HitOutcome(NamedTuple):
    """What became of a hit: it has a `tracking_id`, or it was `filtered`, or it was `refused`, or it was none."""

    tracking_id: UUID | None = None
    filtered: str | None = None
    refused: Refused | None = None


@dataclass(frozen=True, slots=True)
class Dialect:
    """A dialect by its name in the setting `dialects`.

    `read` gives the hits in the request's order; one that cannot be read stands there as its refusal. It raises Refused
    where the request as a whole cannot be. `answer` is for requests of which something was taken, with an outcome for
    each hit; `refuse` for those of which nothing was.
    """

    name: str
    read: Callable[[ClientRequest], Sequence[ClientHit | Refused]]
    answer: Callable[[ClientRequest, Sequence[HitOutcome]], Answer]
    refuse: Callable[[ClientRequest, Refused], Answer]


def read_each(told: Iterable[_Told | Refused], read: Callable[[_Told], ClientHit]) -> list[ClientHit | Refused]:
    """Return what `read` makes of each hit of a request; its refusal stands for one that cannot be read.

    So does one that stands there already.
    """
    hits: list[ClientHit | Refused] = []
    for one in told:
        try:
            hits.append(one if isinstance(one, Refused) else read(one))
        except Refused as refused:
            hits.append(refused)
    return hits
