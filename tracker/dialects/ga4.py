"""Google Analytics 4, for clients whose host can be set: `/g/collect` of pages, `/mp/collect` of servers."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tracker.dialects.dialect import ClientHit, ClientRequest, Dialect, HitOutcome, read_each
from tracker.dialects.values import (
    MAX_HITS,
    given,
    happened,
    instant_of,
    json_reply,
    key_in,
    list_in,
    mapping_in,
    number_of,
    number_or_text,
    object_of,
    own_key,
    parameters_of,
    preferred_language,
    text_of,
    text_reply,
)
from tracker.errors import Refused
from tracker.json_rules import refusal
from tracker.web.envelope import Answer, retry_headers

_MICROSECONDS: Final = 1_000_000
_PREFIXES: Final = frozenset({"ep", "epn", "up", "upn"})
"""Parameters of the event and properties of the user, as texts and as numbers."""
_ITEM_PARTS: Final = re.compile(r"(?:[^~]|~~)+")
_ITEM: Final = {
    "id": "item_id",
    "nm": "item_name",
    "br": "item_brand",
    "va": "item_variant",
    "ca": "item_category",
    **{f"c{place}": f"item_category{place}" for place in range(2, 6)},
    "ln": "item_list_name",
    "li": "item_list_id",
    "lp": "index",
    "af": "affiliation",
    "cp": "coupon",
    "pi": "promotion_id",
    "pn": "promotion_name",
    "cn": "creative_name",
    "cs": "creative_slot",
    "lo": "location_id",
    "pr": "price",
    "qt": "quantity",
    "ds": "discount",
}
"""What an item of a page says, by the names that servers have for it."""
_NUMBERS_OF_AN_ITEM: Final = frozenset({"price", "quantity", "discount", "index"})
_CAMPAIGN: Final = {"ci": "id", "cs": "source", "cm": "medium", "cn": "name", "cc": "content", "ck": "term"}
_OF_THE_PAGE: Final = frozenset({"page_location", "page_referrer", "page_title", "session_id", "language"})
"""Parameters of an event that have a place of their own."""


def _read(request: ClientRequest) -> list[ClientHit | Refused]:
    return _measurement_protocol(request) if _is_protocol(request) else _of_pages(request)


def _is_protocol(request: ClientRequest) -> bool:
    return request.path.endswith("/mp/collect")


def _of_pages(request: ClientRequest) -> list[ClientHit | Refused]:
    """Return what pages send: all of it in the query, or what several events differ in, one a line, in the body."""
    around = parameters_of(request.query)
    lines = [line for line in request.body.splitlines() if line.strip()]
    if len(lines) > MAX_HITS:
        raise refusal("body", f"Has more than {MAX_HITS} events.")
    return read_each(lines or [b""], lambda line: _page_hit({**around, **parameters_of(line)}, request))


def _page_hit(parameters: Mapping[str, str], request: ClientRequest) -> ClientHit:
    site = parameters.get("tid")
    if site is None:
        raise refusal("tid", "Is required.")
    data: dict[str, Any] = {}
    visitor: dict[str, Any] = {}
    for name, value in parameters.items():
        kind, point, called = name.partition(".")
        if point and kind in _PREFIXES:
            told = visitor if kind.startswith("u") else data
            told[called] = number_or_text(value) if kind.endswith("n") else value
    values = given(
        url=parameters.get("dl"),
        referrer=parameters.get("dr"),
        event_name=parameters.get("en") or "page_view",
        event_data={**data, **given(currency=parameters.get("cu"), items=_items(parameters) or None)},
        client_sub_id=parameters.get("uid") or parameters.get("cid"),
        session_id=_session(parameters.get("sid"), parameters.get("cid")),
        screen_resolution=parameters.get("sr"),
        language=parameters.get("ul") or preferred_language(request.headers),
        custom_params={
            **visitor,
            **{f"campaign_{name}": parameters[field] for field, name in _CAMPAIGN.items() if field in parameters},
            **given(title=parameters.get("dt")),
        },
    )
    return ClientHit(site, values, key_in(request.headers))


def _items(parameters: Mapping[str, str]) -> list[dict[str, Any]]:
    return [_item(told) for name, told in parameters.items() if name[:2] == "pr" and name[2:].isdecimal()]


def _item(told: str) -> dict[str, Any]:
    """Return an item that a page tells as `idSKU~pr9.5~k0colour~v0red`, a `~` of a value doubled."""
    item: dict[str, Any] = {}
    own_names: dict[str, str] = {}
    for part in _ITEM_PARTS.findall(told):
        code, value = part[:2], part[2:].replace("~~", "~")
        if name := _ITEM.get(code):
            item[name] = number_or_text(value) if name in _NUMBERS_OF_AN_ITEM else value
        elif code[0] == "k":
            own_names[code[1:]] = value
        elif code[0] == "v" and (own_name := own_names.get(code[1:])):
            item[own_name] = value
    return item


def _session(session: str | None, client: str | None) -> str | None:
    """Return a session's id: the second at which it began, so that the client belongs to it."""
    return f"{client}.{session}" if session and client else session


def _measurement_protocol(request: ClientRequest) -> list[ClientHit | Refused]:
    parameters, content = parameters_of(request.query), object_of(request.body, hits="events")
    site = parameters.get("measurement_id") or parameters.get("firebase_app_id")
    key = own_key(parameters.get("api_secret")) or key_in(request.headers)
    if site is None and key is None:
        raise refusal("measurement_id", "Is required.")
    return read_each(
        list_in(content.get("events"), "events"),
        lambda event: ClientHit(site, _protocol_values(event, content, request, keyed=key is not None), key),
    )


def _user_properties(content: dict[str, Any]) -> dict[str, Any]:
    """Return what is told of the visitor: `{"plan": {"value": "pro"}}`."""
    told = mapping_in(content, "user_properties").items()
    return {name: about["value"] for name, about in told if isinstance(about, dict) and about.get("value") is not None}


def _protocol_values(
    event: Any,  # noqa: ANN401 any JSON value
    content: dict[str, Any],
    request: ClientRequest,
    *,
    keyed: bool,
) -> dict[str, Any]:
    name = text_of(event.get("name")) if isinstance(event, dict) else None
    if name is None:
        raise refusal("name", "Is required.")
    details = mapping_in(event, "params")
    client = text_of(content.get("client_id"))
    device = mapping_in(content, "device")
    values = given(
        url=text_of(details.get("page_location")),
        referrer=text_of(details.get("page_referrer")),
        event_name=name,
        event_data={key: value for key, value in details.items() if key not in _OF_THE_PAGE},
        client_sub_id=text_of(content.get("user_id")) or client,
        session_id=_session(text_of(details.get("session_id")), client),
        screen_resolution=text_of(device.get("screen_resolution")),
        language=text_of(details.get("language")) or text_of(device.get("language")),
        custom_params={**_user_properties(content), **given(title=text_of(details.get("page_title")))},
        ip_address=text_of(content.get("ip_override")),
        user_agent=text_of(content.get("user_agent")),
    )
    micros = number_of(event.get("timestamp_micros")) or number_of(content.get("timestamp_micros"))
    instant = instant_of(micros / _MICROSECONDS) if micros else None
    return {**values, **happened(instant, request.now, keyed=keyed)}


def _answer(request: ClientRequest, outcomes: Sequence[HitOutcome]) -> Answer:  # noqa: ARG001 Google never says more
    return text_reply("", 204)


def _refuse(request: ClientRequest, refused: Refused) -> Answer:  # noqa: ARG001 all are alike
    message = {"description": refused.message, "validationCode": refused.code}
    return json_reply({"validationMessages": [message]}, refused.status, retry_headers(refused))


GA4: Final = Dialect("ga4", _read, _answer, _refuse)
