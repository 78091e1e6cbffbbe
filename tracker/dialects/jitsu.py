"""Jitsu before its second version, `@jitsu/sdk-js`: `/api/v1/event` of pages, `/api/v1/s2s/event` of servers.

It is switched on with Segment's dialect, which the newer clients of Jitsu speak. The key of the API is an alias, or a
key of ours, as `token` of the query.
"""

from collections.abc import Sequence
from typing import Any, Final

from tracker.dialects.dialect import ClientHit, ClientRequest, Dialect, read_each
from tracker.dialects.segment import SEGMENT, message_uuid
from tracker.dialects.values import (
    first_language,
    given,
    happened,
    instant_of,
    json_of,
    list_in,
    mapping_in,
    own_key,
    parameters_of,
    preferred_language,
    text_of,
)
from tracker.errors import Refused
from tracker.json_rules import refusal

_NAMES: Final = {"pageview": "page_view", "page": "page_view", "user_identify": "identify"}
_PLACED: Final = frozenset(
    {
        *("event_id", "event_type", "user", "ids", "utc_time", "local_tz_offset", "utm", "click_id", "api_key", "src"),
        *("url", "referer", "page_title", "doc_path", "doc_host", "doc_search", "doc_encoding"),
        *("screen_resolution", "vp_size", "user_agent", "user_language", "source_ip"),
    }
)
"""What has a place of its own, or none; everything else was given by the page."""
_OF_USERMAVEN: Final = frozenset({"event_attributes", "namespace", "title", "referrer"})
"""Beside those, what Usermaven's script says that has a place or none."""


def _read(request: ClientRequest) -> Sequence[ClientHit | Refused]:
    value = json_of(request.body, hits=True)
    events = list_in(value if isinstance(value, list) else [value], "body")
    token = parameters_of(request.query).get("token") or text_of(request.headers.get("HTTP_X_AUTH_TOKEN"))
    return read_each(events, lambda event: _hit(event, token, request))


def _hit(event: Any, token: str | None, request: ClientRequest) -> ClientHit:  # noqa: ANN401 any JSON value
    name = text_of(event.get("event_type")) if isinstance(event, dict) else None
    if name is None:
        raise refusal("event_type", "Is required.")
    site = token or text_of(event.get("api_key"))
    if site is None:
        raise Refused("AUTHENTICATION_ERROR", 401, "A key is needed, as `token` of the query.")
    key, user = own_key(site), mapping_in(event, "user")
    visitor, event_id = text_of(user.get("id")) or text_of(user.get("anonymous_id")), text_of(event.get("event_id"))
    # What all dialects call the campaign's name is the parameter `campaign` there.
    utm = {"name" if part == "campaign" else part: text_of(told) for part, told in mapping_in(event, "utm").items()}
    campaign = {f"campaign_{part}": text for part, text in utm.items() if text}
    rest = _details(event)
    traits = {field: told for field, told in user.items() if field not in ("id", "anonymous_id")}
    values = given(
        url=text_of(event.get("url")),
        referrer=text_of(event.get("referer")),
        event_name=_NAMES.get(name, name),
        event_data={**traits, **rest} if name == "user_identify" else rest,
        client_sub_id=visitor,
        screen_resolution=text_of(event.get("screen_resolution")),
        language=first_language(event.get("user_language")) or preferred_language(request.headers),
        custom_params={**given(title=text_of(event.get("page_title"))), **campaign},
        ip_address=text_of(event.get("source_ip")),
        user_agent=text_of(event.get("user_agent")),
        event_id=message_uuid(event_id) if event_id else None,
    )
    values.update(happened(instant_of(event.get("utc_time")), request.now, keyed=key is not None))
    return ClientHit(None if key else site, values, key)


def _details(event: dict[str, Any]) -> dict[str, Any]:
    """Return what the page gave. Usermaven's script, a fork, has it in an object, beside empty ones."""
    if event.get("src") != "usermaven":
        return {field: told for field, told in event.items() if field not in _PLACED}
    told_there = {**event, **mapping_in(event, "event_attributes")}
    return given(**{field: told for field, told in told_there.items() if field not in _PLACED | _OF_USERMAVEN})


JITSU: Final = Dialect(SEGMENT.name, _read, SEGMENT.answer, SEGMENT.refuse)
