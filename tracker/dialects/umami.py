"""Umami: `/api/send` with one event (`/api/collect` in version 1), `/api/batch` with several.

Its clients want JSON, never an empty answer.
"""

import re
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import unquote

from tracker.dialects.dialect import ClientHit, ClientRequest, Dialect, HitOutcome, read_each
from tracker.dialects.values import (
    first_language,
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
from tracker.json_rules import refusal
from tracker.web.envelope import Answer, retry_headers

_NO_SCHEME: Final = re.compile(r"(?![A-Za-z][A-Za-z0-9+.-]*:)[^/]")
"""A page told by a path without the slash in front, or by a query."""
_CACHE: Final = "0"
"""What its script sends back in `x-umami-cache`. Umami keeps a session in it; we need nothing to come back."""


def _read(request: ClientRequest) -> list[ClientHit | Refused]:
    value = json_of(request.body, hits=_is_batch(request))
    if not _is_batch(request):
        return [_hit(value, request)]
    return read_each(list_in(value, "body"), lambda one: _hit(one, request))


def _is_batch(request: ClientRequest) -> bool:
    return request.path.endswith("/batch")


def _hit(value: Any, request: ClientRequest) -> ClientHit:  # noqa: ANN401 any JSON value
    if not isinstance(value, dict) or not isinstance(payload := value.get("payload"), dict):
        raise refusal("payload", "Must be a JSON object.")
    site, kind = text_of(payload.get("website")), value.get("type")
    if site is None:
        raise refusal("website", "Is required.")
    key = key_in(request.headers)
    if kind not in ("event", "pageview", "identify"):
        return ClientHit(site, None, key)
    # Version 1 has the longer names; before 1.38 the name of an event was its value.
    called = next(filter(None, (text_of(payload.get(name)) for name in ("name", "event_name", "event_value"))), None)
    name = "identify" if kind == "identify" else called or "page_view"
    visitor, title = visitor_of(request.headers), text_of(payload.get("title"))
    values = given(
        url=_address(payload, "url"),
        referrer=_address(payload, "referrer"),
        event_name=name,
        event_data=dict(mapping_in(payload, "data") or mapping_in(payload, "event_data")),
        client_sub_id=text_of(payload.get("id")),
        screen_resolution=text_of(payload.get("screen")),
        language=first_language(payload.get("language")) or preferred_language(request.headers),
        custom_params=given(title=title and _decoded(title), tag=text_of(payload.get("tag"))),
        ip_address=text_of(payload.get("ip")) or visitor.get("ip_address"),
        user_agent=text_of(payload.get("userAgent")) or visitor.get("user_agent"),
    )
    values.update(happened(instant_of(payload.get("timestamp")), request.now, keyed=key is not None))
    return ClientHit(site, values, key)


def _address(payload: dict[str, Any], name: str) -> str | None:
    """Return an address; the page's is told as its path, and the host apart, by servers and by the older script.

    That one says where a visitor came from within the page in the same way, and has encoded all of it once more. A page
    that a site has named itself may lack the slash; a referrer without one is another site.
    """
    url, host = text_of(payload.get(name)), text_of(payload.get("hostname"))
    if url is None:
        return f"https://{host}/" if host and name == "url" else None
    if name == "url" and _NO_SCHEME.match(url):
        url = f"/{url}"
    if not url.startswith("/") or url.startswith("//"):
        return url
    return f"https://{host}{url.replace('%25', '%')}" if host else url


def _decoded(title: str) -> str:
    """Return the title; the older script encodes it as a part of a URL."""
    try:
        decoded = unquote(title, errors="strict")
    except UnicodeDecodeError:
        return title
    return title if "\0" in decoded else decoded


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
