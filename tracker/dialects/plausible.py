"""Plausible: `/api/event`, JSON as `text/plain`, with short names in browsers and long ones from servers."""

from collections.abc import Sequence
from typing import Any, Final

from tracker.dialects.dialect import ClientHit, ClientRequest, Dialect, HitOutcome
from tracker.dialects.values import (
    given,
    inner_json,
    json_reply,
    key_in,
    number_or_text,
    object_of,
    preferred_language,
    text_of,
    text_reply,
    visitor_of,
)
from tracker.errors import Refused
from tracker.json_rules import refusal
from tracker.web.envelope import Answer, retry_headers

_MAX_DOMAINS: Final = 10


def _read(request: ClientRequest) -> list[ClientHit | Refused]:
    """One hit for each domain: a page may be counted for several sites."""
    event = object_of(request.body)
    name = text_of(_either(event, "n", "name"))
    domains = text_of(_either(event, "d", "domain"))
    if name is None or domains is None:
        raise refusal("domain" if name else "name", "Is required.")
    sites = list(dict.fromkeys(site for part in domains.split(",") if (site := part.strip())))
    if not 1 <= len(sites) <= _MAX_DOMAINS:
        raise refusal("domain", f"Must name 1 to {_MAX_DOMAINS} sites.")
    key = key_in(request.headers)
    # The time that a page was looked at, told when it is left.
    values = None if name == "engagement" else _values(event, name, request)
    return [ClientHit(site, values, key) for site in sites]


def _values(event: dict[str, Any], name: str, request: ClientRequest) -> dict[str, Any]:
    properties = inner_json(_either(event, "p", "props"), dict) or inner_json(_either(event, "m", "meta"), dict) or {}
    revenue = inner_json(_either(event, "$", "revenue"), dict) or {}
    amount = given(
        revenue=number_or_text(revenue.get("amount")),
        currency=text_of(revenue.get("currency")),
    )
    return given(
        url=text_of(_either(event, "u", "url")),
        referrer=text_of(_either(event, "r", "referrer")),
        event_name="page_view" if name == "pageview" else name,
        event_data={**properties, **amount},
        language=preferred_language(request.headers),
        **visitor_of(request.headers),
    )


def _either(event: dict[str, Any], short: str, long: str) -> Any:  # noqa: ANN401 any JSON value
    return event[short] if event.get(short) is not None else event.get(long)


def _answer(request: ClientRequest, outcomes: Sequence[HitOutcome]) -> Answer:  # noqa: ARG001 all are alike
    return text_reply("ok", 202)


def _refuse(request: ClientRequest, refused: Refused) -> Answer:  # noqa: ARG001 all are alike
    errors = {name: list(reasons) for name, reasons in (refused.details or {}).items()} or {"event": [refused.message]}
    return json_reply({"errors": errors}, refused.status, retry_headers(refused))


PLAUSIBLE: Final = Dialect("plausible", _read, _answer, _refuse)
