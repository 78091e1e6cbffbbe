"""Umami: `/api/send` with one event, `/api/batch` with several. Its clients want JSON, never an empty answer."""

from collections.abc import Sequence
from typing import Any, Final

from tracker.dialects.dialect import ClientHit, ClientRequest, Dialect, HitOutcome
from tracker.dialects.values import (
    given,
    happened,
    instant_of,
    json_of,
    json_reply,
    key_in,
    list_in,
    mapping_in,
    preferred_language,
    text_of,
    visitor_of,
)
from tracker.errors import Refused
from tracker.web.envelope import Answer, retry_headers
from tracker.web.json_rules import refusal

_CACHE: Final = "0"
"""What its script sends back in `x-umami-cache`. Umami keeps a session in it; we need nothing to come back."""


def _read(request: ClientRequest) -> list[ClientHit | Refused]:
    value = json_of(request.body)
    if not _is_batch(request):
        return [_hit(value, request)]
    hits: list[ClientHit | Refused] = []
    for one in list_in(value, "body"):
        try:
            hits.append(_hit(one, request))
        except Refused as refused:
            hits.append(refused)
    return hits


def _is_batch(request: ClientRequest) -> bool:
    return request.path.endswith("/batch")


def _hit(value: Any, request: ClientRequest) -> ClientHit:  # noqa: ANN401 any JSON value
    if not isinstance(value, dict) or not isinstance(payload := value.get("payload"), dict):
        raise refusal("payload", "Must be a JSON object.")
    site, kind = text_of(payload.get("website")), value.get("type")
    if site is None:
        raise refusal("website", "Is required.")
    key = key_in(request.headers)
    if kind not in ("event", "identify"):
        return ClientHit(site, None, key)
    name = "identify" if kind == "identify" else text_of(payload.get("name")) or "page_view"
    visitor = visitor_of(request.headers)
    values = given(
        url=_url(payload),
        referrer=text_of(payload.get("referrer")),
        event_name=name,
        event_data=dict(mapping_in(payload, "data")),
        client_sub_id=text_of(payload.get("id")),
        screen_resolution=text_of(payload.get("screen")),
        language=text_of(payload.get("language")) or preferred_language(request.headers),
        custom_params=given(title=text_of(payload.get("title")), tag=text_of(payload.get("tag"))),
        ip_address=text_of(payload.get("ip")) or visitor.get("ip_address"),
        user_agent=text_of(payload.get("userAgent")) or visitor.get("user_agent"),
    )
    values.update(happened(instant_of(payload.get("timestamp")), request.now, keyed=key is not None))
    return ClientHit(site, values, key)


def _url(payload: dict[str, Any]) -> str | None:
    """Return the page's address; clients on servers send its path, and the host apart."""
    url, host = text_of(payload.get("url")), text_of(payload.get("hostname"))
    if url is None:
        return f"https://{host}/" if host else None
    return f"https://{host}{url}" if host and url.startswith("/") else url


def _answer(request: ClientRequest, outcomes: Sequence[HitOutcome]) -> Answer:
    if _is_batch(request):
        details = [
            {
                "index": index,
                "response": {"error": {"message": outcome.refused.message, "status": outcome.refused.status}},
            }
            for index, outcome in enumerate(outcomes)
            if outcome.refused
        ]
        content = {"size": len(outcomes), "processed": len(outcomes) - len(details), "errors": len(details)}
        return json_reply({**content, "details": details, "cache": _CACHE})
    [outcome] = outcomes
    if outcome.filtered:
        return json_reply({"beep": "boop"})
    return json_reply({"cache": _CACHE, "sessionId": outcome.tracking_id, "visitId": outcome.tracking_id})


def _refuse(request: ClientRequest, refused: Refused) -> Answer:  # noqa: ARG001 every request is answered alike
    error = {"message": refused.message, "code": refused.code, "status": refused.status}
    return json_reply({"error": error}, refused.status, retry_headers(refused))


UMAMI: Final = Dialect("umami", _read, _answer, _refuse)
