"""Segment's HTTP API: `/v1/batch`, and `/v1/{page,identify,screen,group,alias}` of one call; below `/segment` too.

Its script for pages calls them by their first letter. `/v1/track` is our own, and so there is the prefixed one alone.
Jitsu and RudderStack speak it too. The write key is an alias, or a key of ours: `Authorization: Basic base64(KEY:)`,
`X-Write-Key: KEY:SECRET`, or `writeKey` in the body or the query.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from tracker.dialects.dialect import ClientHit, ClientRequest, Dialect, HitOutcome, read_each
from tracker.dialects.values import (
    basic_credentials,
    given,
    happened,
    instant_of,
    json_reply,
    key_in,
    list_in,
    mapping_in,
    object_of,
    own_key,
    parameters_of,
    preferred_language,
    resolution,
    text_of,
)
from tracker.errors import Refused
from tracker.json_rules import refusal
from tracker.web.envelope import Answer, retry_headers

_MESSAGES: Final = UUID("6b1f0d3c-3c57-5a0e-9d5b-2f8f7f6f8a11")
"""The namespace of message ids: half of the clients have ids that are no UUIDs, or UUIDs with a prefix."""
_KINDS: Final = frozenset({"track", "page", "screen", "identify", "group", "alias"})
KIND_AT: Final[dict[str, str | None]] = {
    **{kind: kind for kind in _KINDS},
    **{kind[0]: kind for kind in _KINDS},
    **dict.fromkeys(("batch", "b", "import")),
}
"""The kind of message that the last part of a path stands for; None for several, each with its own."""
_OF_THE_PAGE: Final = frozenset({"url", "path", "search", "hash", "title", "referrer", "referring_domain", "tab_url"})
"""Properties of a page that its address, its title and its referrer say already."""
_MAX_SKEW: Final = timedelta(days=365)


def _read(request: ClientRequest) -> list[ClientHit | Refused]:
    kind = KIND_AT[request.path.rpartition("/")[2]]
    message = object_of(request.body, hits=None if kind else "batch")
    write_key = _write_key(request, message)
    if write_key is None:
        raise Refused("AUTHENTICATION_ERROR", 401, "A write key is needed, as the user of Authorization: Basic.")
    messages = [{**message, "type": kind}] if kind else list_in(message.get("batch"), "batch")
    skew = _skew(message, request)
    return read_each(messages, lambda one: _hit(one, message, write_key, skew, request))


def _write_key(request: ClientRequest, message: dict[str, Any]) -> str | None:
    user, _ = basic_credentials(request.headers)
    if user:
        return user
    header = str(request.headers.get("HTTP_X_WRITE_KEY") or "").partition(":")[0]
    told = text_of(message.get("writeKey")) or parameters_of(request.query).get("writeKey")
    return header or key_in(request.headers) or told


def _skew(message: dict[str, Any], request: ClientRequest) -> timedelta:
    """Return how far the client's clock is from ours, by the time at which it says it has sent this."""
    sent_at = instant_of(message.get("sentAt"))
    skew = request.now - sent_at if sent_at else timedelta()
    return skew if abs(skew) <= _MAX_SKEW else timedelta()


def _hit(
    message: Any,  # noqa: ANN401 any JSON value
    around: dict[str, Any],
    write_key: str,
    skew: timedelta,
    request: ClientRequest,
) -> ClientHit:
    if not isinstance(message, dict) or (kind := message.get("type")) not in _KINDS:
        raise refusal("type", f"Must be one of {', '.join(sorted(_KINDS))}.")
    key = own_key(write_key)
    context = {**mapping_in(around, "context"), **mapping_in(message, "context")}
    page, properties = mapping_in(context, "page"), mapping_in(message, "properties")
    screen, visitor = mapping_in(context, "screen"), text_of(message.get("anonymousId"))
    user = text_of(message.get("userId"))
    name, data = _event(kind, message, context)
    message_id = text_of(message.get("messageId"))
    values = given(
        url=text_of(page.get("url")) or text_of(properties.get("url")),
        referrer=_referrer(page) or _referrer(properties),
        event_name=name,
        event_data=data,
        client_sub_id=user or visitor,
        session_id=_session(context.get("sessionId"), visitor or user),
        screen_resolution=resolution(screen.get("width"), screen.get("height")),
        language=text_of(context.get("locale")) or preferred_language(request.headers),
        timezone=text_of(context.get("timezone")),
        custom_params=_custom_params(context, page, properties),
        ip_address=text_of(context.get("ip")),
        user_agent=text_of(context.get("userAgent")),
        event_id=message_uuid(message_id) if message_id else None,
    )
    instant = instant_of(message.get("timestamp")) or instant_of(message.get("originalTimestamp"))
    values.update(happened(_corrected(instant, skew), request.now, keyed=key is not None))
    return ClientHit(None if key else write_key, values, key)


def message_uuid(message_id: str) -> str:
    """Return the UUID that stands for a client's own id of a message."""
    return str(uuid5(_MESSAGES, message_id))


def _corrected(instant: datetime | None, skew: timedelta) -> datetime | None:
    try:
        return instant + skew if instant else None
    except OverflowError:
        return None


def _referrer(page: Mapping[str, Any]) -> str | None:
    """Return where the visitor came from; RudderStack has a word for nowhere."""
    referrer = text_of(page.get("referrer"))
    return None if referrer == "$direct" else referrer


def _session(session: Any, visitor: str | None) -> str | None:  # noqa: ANN401 any JSON value
    """Return a session's id; where it is the time at which it began, others have the same.

    So the visitor belongs to it, by the name that holds before and after a sign-in.
    """
    text = text_of(session)
    return f"{visitor}.{text}" if text and text.isdecimal() and visitor else text


def _event(kind: str, message: dict[str, Any], context: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    properties, traits = dict(mapping_in(message, "properties")), dict(mapping_in(message, "traits"))
    # Server libraries say the category of a page beside its properties, scripts among them.
    called = given(name=text_of(message.get("name")), category=text_of(message.get("category")))
    if kind == "track":
        event = text_of(message.get("event"))
        if event is None:
            raise refusal("event", "Is required.")
        return event, properties
    if kind == "page":
        rest = {field: value for field, value in properties.items() if field not in _OF_THE_PAGE}
        return "page_view", {**called, **rest}
    if kind == "screen":
        return kind, {**called, **properties}
    if kind == "alias":
        return kind, given(previous_id=text_of(message.get("previousId")))
    if kind == "group":
        return kind, {**given(group_id=text_of(message.get("groupId"))), **traits}
    # RudderStack's clients have the traits of the visitor in the context.
    return kind, traits or dict(mapping_in(context, "traits"))


def _custom_params(context: dict[str, Any], page: Any, properties: Any) -> dict[str, Any]:  # noqa: ANN401 mappings
    library = mapping_in(context, "library")
    campaign = {
        f"campaign_{name}": text for name, value in mapping_in(context, "campaign").items() if (text := text_of(value))
    }
    return {
        **given(
            title=text_of(page.get("title")) or text_of(properties.get("title")), library=text_of(library.get("name"))
        ),
        **campaign,
    }


def _answer(request: ClientRequest, outcomes: Sequence[HitOutcome]) -> Answer:  # noqa: ARG001 no client reads more
    return json_reply({"success": True})


def _refuse(request: ClientRequest, refused: Refused) -> Answer:  # noqa: ARG001 all are alike
    """Return the error in the two fields that its clients read.

    Some of them end their process over an answer above 499.
    """
    status = 429 if refused.status >= 500 else refused.status  # noqa: PLR2004 server errors
    content = {"success": False, "code": refused.code, "message": refused.message}
    return json_reply(content, status, retry_headers(refused))


SEGMENT: Final = Dialect("segment", _read, _answer, _refuse)
