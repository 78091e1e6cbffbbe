"""Reading and checking: an entry of the queue becomes a hit that can be written, or a failure with its reason.

The receiver checked what it accepted, but an operator may have edited an entry, and whoever writes to Redis can
write anything. What is read has the types of the columns and can be sent to PostgreSQL; whether it fits them
(an address, a length) is for PostgreSQL to say. What is checked is whether the hit's application exists, and takes the
hit's custom parameters.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

import orjson
from msgspec import Struct

from tracker.hit import NO_HIT, Hit
from tracker.hit_values import MAX_DESCRIPTION_LENGTHS, MAX_IDENTIFIER_LENGTHS
from tracker.ingest.application_lookup import Known
from tracker.ingest.parameters import check as check_parameters
from tracker.json_rules import may_hold_nul
from tracker.outbox.publish import Subscribers
from tracker.parameter_rules import Json
from tracker.queueing.consumer import Claim

_BIGINT_END = 1 << 63
_BRACKETS_OF_AN_ORDINARY_HIT = 100


class Read(Struct, frozen=True):
    """A claim that holds a hit."""

    claim: Claim
    hit: Hit


@dataclass(frozen=True, slots=True)
class Failed:
    """A claim whose hit will never be stored: it goes to `batch_queue` with the reason.

    `kind` is the class of the failure, one of a few words, for logs and counts; `audience` is who is told, if anybody.
    """

    claim: Claim
    kind: str
    reason: str
    audience: Subscribers | None = None


class Good(Struct, frozen=True):
    """A claim whose hit is ready to be written, with what its custom parameters came to."""

    claim: Claim
    hit: Hit
    values: Sequence[tuple[str, str | None]]
    """Key and text of each defined parameter; None for a text beyond what a day tells apart."""
    refusals: Sequence[tuple[str, str]]
    audience: Subscribers | None = None
    """The webhooks that are told of it, if any."""


def read(claim: Claim) -> Read | Failed:
    """Read one entry."""
    try:
        hit = Hit.decode(claim.entry.tracking_data)
        _demand_sound(hit)
        _demand_sendable(hit, claim.entry.tracking_data)
    except NO_HIT as error:
        return Failed(claim, "unreadable", f"tracking_data does not read as a hit: {_sentence(error)}")
    return Read(claim, hit)


def check(read: Read, known: Mapping[str, Known | None]) -> Good | Failed:
    """Check one hit; `known` holds its application."""
    hit = read.hit
    known_application = known[hit.app_id]
    if known_application is None or known_application.application.id != hit.application_id:
        return Failed(read.claim, "application gone", f"There is no application {hit.app_id} of the hit's id any more.")
    checked = check_parameters(hit.custom_params, known_application.rules, known_application.mode)
    if checked.rejected:
        reasons = ", ".join(f"{key} ({reason})" for key, reason in checked.refusals)
        reason = f"Custom parameters are refused, and the application rejects: {reasons}."
        return Failed(read.claim, "rejected", reason, known_application.audience)
    if checked.params is not hit.custom_params:
        hit = hit.replace(custom_params=checked.params)
    return Good(read.claim, hit, checked.values, checked.refusals, known_application.audience)


def _demand_sound(hit: Hit) -> None:
    """Raise ValueError where a column holds another type than its own."""
    if type(hit.id) is not int or not 0 <= hit.id < _BIGINT_END:
        raise ValueError("id is not a whole number of 63 bits")
    if hit.created_at.tzinfo is None:
        raise ValueError("created_at has no offset from UTC")
    try:
        hit.utc_time  # noqa: B018 it is asked for whether it can be had
    except OverflowError:
        raise ValueError("created_at is beyond the calendar in UTC") from None
    if type(hit.app_id) is not str:
        raise ValueError("app_id is not text")
    # One look at all of them; the loop says which one it is.
    if not _TEXT_TYPES.issuperset(map(type, _texts_of(hit))):
        for name in _TEXTS:
            if type(getattr(hit, name)) not in _TEXT_TYPES:
                raise ValueError(f"{name} is not text")
    for name in ("event_data", "custom_params"):
        value = getattr(hit, name)
        if value is not None and type(value) is not dict:
            raise ValueError(f"{name} is not an object")


_TEXTS = (*MAX_IDENTIFIER_LENGTHS, *MAX_DESCRIPTION_LENGTHS, "ip_address", "place")
_TEXT_TYPES = frozenset((str, type(None)))
_texts_of = attrgetter(*_TEXTS)


def _demand_sendable(hit: Hit, data: bytes) -> None:
    """Raise ValueError for what cannot be sent: NUL anywhere, or nesting that cannot be written as JSON again.

    Both show in the bytes of the JSON first, so that an ordinary hit costs two searches.
    """
    if may_hold_nul(data) and _holds_nul(orjson.loads(data)):
        raise ValueError("it holds the character NUL, which PostgreSQL does not store")
    if data.count(b"{") + data.count(b"[") > _BRACKETS_OF_AN_ORDINARY_HIT:
        orjson.dumps((hit.event_data, hit.custom_params))


def _holds_nul(value: Json) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any("\0" in key or _holds_nul(item) for key, item in value.items())
    return isinstance(value, list) and any(map(_holds_nul, value))


def _sentence(error: Exception) -> str:
    """Return why, without quoting a value: of a KeyError the key is the missing column."""
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing."
    if isinstance(error, orjson.JSONDecodeError):
        return f"it is not JSON ({error.msg} at character {error.pos})."
    if type(error) is ValueError and error.args and str(error.args[0]).startswith(_OWN_SENTENCES):
        return f"{error}."
    return f"a column is missing, unknown or of another type ({type(error).__name__})."


_OWN_SENTENCES = ("id ", "created_at ", "app_id ", "it holds ", "event_data ", "custom_params ", *_TEXTS)
