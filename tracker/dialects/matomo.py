"""Matomo's HTTP Tracking API: `/matomo.php`, `/piwik.php` and Piwik PRO's `/ppms.php`.

Clients use it in five ways: GET; POST with everything in the query and an empty body (matomo.js); POST as a form; JSON
in bulk, `{"requests": [...]}`, of queries or of objects.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tracker.dialects.dialect import ClientHit, ClientRequest, Dialect, HitOutcome, read_each
from tracker.dialects.gif import GIF, GIF_HEADERS
from tracker.dialects.values import (
    first_language,
    given,
    happened,
    inner_json,
    instant_of,
    json_reply,
    key_in,
    list_in,
    number_of,
    number_or_text,
    object_of,
    parameters_of,
    preferred_language,
    text_of,
    text_reply,
)
from tracker.errors import Refused
from tracker.json_rules import refusal
from tracker.web.envelope import Answer, Headers, retry_headers

_ORDER: Final = {"ec_st": "subtotal", "ec_tx": "tax", "ec_sh": "shipping", "ec_dt": "discount"}
_PRODUCT: Final = {"_pks": "sku", "_pkn": "name", "_pkc": "category", "_pkp": "price"}
_NO_HIT: Final = (("ping", "1"), ("rec", "0"), ("recMode", "1"))
"""What says that a visitor is still there, that nothing is to be recorded, or that a bot asked (Matomo 5)."""
_ITEM: Final = ("sku", "name", "category", "price", "quantity")


def _read(request: ClientRequest) -> list[ClientHit | Refused]:
    around = parameters_of(request.query)
    if not _is_bulk(request):
        return [_hit({**around, **parameters_of(request.body)}, request, {})]
    bulk = object_of(request.body, hits="requests")
    return read_each(
        list_in(bulk.get("requests"), "requests"),
        lambda one: _hit(_parameters(one), request, {**around, "token_auth": bulk.get("token_auth")}),
    )


def _is_bulk(request: ClientRequest) -> bool:
    return request.body.lstrip()[:1] == b"{"


def _parameters(one: Any) -> dict[str, str]:  # noqa: ANN401 any JSON value
    if isinstance(one, str):
        return parameters_of(one.removeprefix("?").encode())
    if isinstance(one, dict):
        return {name: text for name, value in one.items() if (text := _spelled(value)) is not None}
    raise refusal("requests", "Must hold queries or objects.")


def _spelled(value: Any) -> Any:  # noqa: ANN401 any JSON value
    return value if isinstance(value, dict | list) else text_of(value)


def _hit(parameters: Mapping[str, Any], request: ClientRequest, around: Mapping[str, Any]) -> ClientHit:
    site = text_of(parameters.get("idsite") or around.get("idsite"))
    if site is None:
        raise refusal("idsite", "Is required.")
    token = text_of(parameters.get("token_auth") or around.get("token_auth"))
    # A wrong token is refused, as Matomo does: an import would otherwise store its own address for its visitors'.
    key = token or key_in(request.headers)
    if any(parameters.get(name) == value for name, value in _NO_HIT) or (event := _event(parameters)) is None:
        return ClientHit(site, None, key)
    name, data = event
    values = given(
        url=parameters.get("url") or request.headers.get("HTTP_REFERER"),
        referrer=parameters.get("urlref"),
        event_name=name,
        event_data=data,
        client_sub_id=next((parameters[name] for name in ("uid", "cid", "_id", "id") if parameters.get(name)), None),
        screen_resolution=parameters.get("res"),
        language=first_language(parameters.get("lang")) or preferred_language(request.headers),
        custom_params=_custom_params(parameters),
        ip_address=parameters.get("cip"),
        user_agent=parameters.get("ua"),
    )
    values.update(happened(instant_of(parameters.get("cdt")), request.now, keyed=key is not None))
    return ClientHit(site, values, key)


def _event(parameters: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Return what happened, and what is said about it; None for requests that only measure something, as of media."""
    get = parameters.get
    if get("e_c") or get("e_a"):
        data = given(category=get("e_c"), action=get("e_a"), name=get("e_n"), value=number_or_text(get("e_v")))
        return get("e_a") or parameters["e_c"], data
    if get("search"):
        count = number_of(get("search_count"))
        return "site_search", given(keyword=get("search"), category=get("search_cat"), count=count)
    if get("ec_id") or get("idgoal"):
        return _goal(parameters)
    if get("download") or get("link"):
        return ("download" if get("download") else "outbound_link"), {"url": get("download") or get("link")}
    if get("c_n") or get("c_p"):
        name = "content_interaction" if get("c_i") else "content_impression"
        content = given(name=get("c_n"), piece=get("c_p"), target=get("c_t"), interaction=get("c_i"))
        return name, content
    return None if get("ca") == "1" or get("ma_id") else ("page_view", _product(parameters))


def _product(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the product, or the category, that a page of a shop shows."""
    shown = {name: parameters[field] for field, name in _PRODUCT.items() if parameters.get(field)}
    if "price" in shown:
        shown["price"] = number_or_text(shown["price"])
    if (categories := inner_json(shown.get("category"), list)) is not None:
        shown["category"] = categories
    return shown


def _goal(parameters: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return a goal; the goal 0 is an order, or without an order's number a cart."""
    goal, order = parameters.get("idgoal"), parameters.get("ec_id")
    if order or goal == "0":
        return ("order" if order else "cart_update"), _order(parameters)
    return "goal", given(goal_id=number_or_text(goal), revenue=number_of(parameters.get("revenue")))


def _order(parameters: Mapping[str, Any]) -> dict[str, Any]:
    amounts = {name: number_of(parameters.get(field)) for field, name in _ORDER.items()}
    return given(
        order_id=parameters.get("ec_id"),
        revenue=number_of(parameters.get("revenue")),
        **amounts,
        items=[_item(item) for item in inner_json(parameters.get("ec_items"), list) or ()] or None,
    )


def _item(item: Any) -> Any:  # noqa: ANN401 any JSON value
    """`[sku, name, category or categories, price, quantity]`, each with its name."""
    if not isinstance(item, list):
        return item
    return {name: value for name, value in zip(_ITEM, item, strict=False) if value not in (None, "", [])}


def _custom_params(parameters: Mapping[str, Any]) -> dict[str, Any]:
    custom = given(
        title=parameters.get("action_name"),
        pv_id=parameters.get("pv_id"),
        campaign=parameters.get("_rcn"),
        campaign_keyword=parameters.get("_rck"),
    )
    for field in ("_cvar", "cvar"):
        for pair in (inner_json(parameters.get(field), dict) or {}).values():
            if isinstance(pair, list) and len(pair) == 2 and text_of(pair[0]):  # noqa: PLR2004 a name and a value
                custom[str(pair[0])] = pair[1]
    custom.update(
        {name: value for name, value in parameters.items() if name[:9] == "dimension" and name[9:].isdecimal()}
    )
    return custom


def _answer(request: ClientRequest, outcomes: Sequence[HitOutcome]) -> Answer:
    if _is_bulk(request):
        refused = [place for place, outcome in enumerate(outcomes) if outcome.refused]
        counts = {"status": "success", "tracked": len(outcomes) - len(refused), "invalid": len(refused)}
        return json_reply({**counts, "invalid_indices": refused} if refused else counts)
    return _single(request, 200, ())


def _refuse(request: ClientRequest, refused: Refused) -> Answer:
    if _is_bulk(request):
        content = {"status": "error", "tracked": 0, "message": refused.message}
        return json_reply(content, refused.status, retry_headers(refused))
    reason: Headers = (("X-Tracker-Error", refused.code), *retry_headers(refused))
    return _single(request, refused.status, reason)


def _single(request: ClientRequest, status: int, headers: Headers) -> Answer:
    """Return the image, or nothing to whoever says that it reads none (`send_image=0`)."""
    try:
        parameters = {**parameters_of(request.query), **parameters_of(request.body)}
    except Refused:
        parameters = {}  # Why it cannot be read is what is answered here.
    if parameters.get("send_image") == "0":
        return text_reply("", 204 if status == 200 else status, headers)  # noqa: PLR2004 OK and No Content
    return Answer(GIF, status, (*GIF_HEADERS, *headers))


MATOMO: Final = Dialect("matomo", _read, _answer, _refuse)
