"""GoatCounter: `/count` for pages, `/api/v0/count` for servers; both below `/c/<site>` too.

Its calls name no site. It is the one in the path, else the host that was called: GoatCounter gives each site its own.
"""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from tracker.dialects.dialect import ClientHit, ClientRequest, Dialect, HitOutcome, read_each
from tracker.dialects.gif import GIF, GIF_HEADERS
from tracker.dialects.values import (
    given,
    happened,
    instant_of,
    json_reply,
    key_in,
    list_in,
    object_of,
    parameters_of,
    preferred_language,
    resolution,
    text_of,
)
from tracker.errors import Refused
from tracker.json_rules import refusal
from tracker.web.envelope import Answer, retry_headers

_PREFIX: Final = "/c/"
_API: Final = "/api/v0/count"


def is_site_path(path: str) -> bool:
    """Return whether a path is one of GoatCounter's below a site's prefix."""
    _, _, rest = path.removeprefix(_PREFIX).partition("/")
    return path.startswith(_PREFIX) and f"/{rest}" in ("/count", _API)


def _read(request: ClientRequest) -> list[ClientHit | Refused]:
    key = key_in(request.headers)
    site = _site(request, key)
    if not _is_api(request):
        parameters = {**parameters_of(request.query), **parameters_of(request.body)}
        return [ClientHit(site, _page_values(parameters, request), key)]
    return read_each(
        list_in(object_of(request.body, hits="hits").get("hits"), "hits"),
        lambda one: ClientHit(site, _api_values(one, request, keyed=key is not None), key),
    )


def _is_api(request: ClientRequest) -> bool:
    return request.path.endswith(_API)


def _site(request: ClientRequest, key: str | None) -> str | None:
    """Return the site in the path; else that of the key; else the host that was called."""
    if request.path.startswith(_PREFIX):
        return (
            request.path.removeprefix(_PREFIX).partition("/")[0].encode("latin-1", "replace").decode(errors="replace")
        )
    return None if key else str(request.headers.get("HTTP_HOST") or "").partition(":")[0].lower()


def _page_values(parameters: dict[str, str], request: ClientRequest) -> dict[str, Any]:
    path, is_event = parameters.get("p"), parameters.get("e", "").lower() in ("true", "t", "1", "on", "yes")
    width, _, height = parameters.get("s", "").partition(",")
    return given(
        url=_page(None if is_event else path, parameters.get("q"), request),
        referrer=parameters.get("r"),
        event_name=(path or "event") if is_event else "page_view",
        screen_resolution=resolution(width, height.partition(",")[0]),
        language=preferred_language(request.headers),
        custom_params=given(title=parameters.get("t")),
    )


def _page(path: str | None, query: str | None, request: ClientRequest) -> str | None:
    """Return the page's address: the path that is given on the host that `Origin` or `Referer` names."""
    referer = request.headers.get("HTTP_REFERER")
    if path and "://" in path:
        return path
    try:
        parts = urlsplit(str(referer or request.headers.get("HTTP_ORIGIN") or ""))
    except ValueError:  # Brackets that hold no IPv6 address.
        return path
    if not parts.scheme.startswith("http") or not parts.netloc:
        return path
    if path is None:
        return str(referer) if referer else f"{parts.scheme}://{parts.netloc}/"
    campaign = query if query and query.startswith("?") and "?" not in path else ""
    return f"{parts.scheme}://{parts.netloc}/{path.lstrip('/')}{campaign}"


def _api_values(hit: Any, request: ClientRequest, *, keyed: bool) -> dict[str, Any]:  # noqa: ANN401 any JSON value
    path = text_of(hit.get("path")) if isinstance(hit, dict) else None
    if path is None:
        raise refusal("path", "Is required.")
    is_event = hit.get("event") is True
    size = hit.get("size")
    sizes = size if isinstance(size, list) else str(size or "").split(",")
    values = given(
        url=None if is_event else f"{path}{_query(hit, path)}",
        referrer=text_of(hit.get("ref")),
        event_name=path if is_event else "page_view",
        screen_resolution=resolution(*sizes[:2]) if len(sizes) > 1 else None,
        custom_params=given(title=text_of(hit.get("title"))),
        session_id=text_of(hit.get("session")),
        ip_address=text_of(hit.get("ip")),
        user_agent=text_of(hit.get("user_agent")),
    )
    return {**values, **happened(instant_of(hit.get("created_at")), request.now, keyed=keyed)}


def _query(hit: dict[str, Any], path: str) -> str:
    query = text_of(hit.get("query"))
    return f"?{query.removeprefix('?')}" if query and "?" not in path else ""


def _answer(request: ClientRequest, outcomes: Sequence[HitOutcome]) -> Answer:
    if not _is_api(request):
        return Answer(GIF, 200, GIF_HEADERS)
    errors = {str(index): outcome.refused.message for index, outcome in enumerate(outcomes) if outcome.refused}
    return json_reply({"errors": errors}, 400) if errors else json_reply({}, 202)


def _refuse(request: ClientRequest, refused: Refused) -> Answer:
    if not _is_api(request):
        return Answer(GIF, refused.status, (*GIF_HEADERS, ("X-Tracker-Error", refused.code), *retry_headers(refused)))
    return json_reply({"error": refused.message}, refused.status, retry_headers(refused))


GOATCOUNTER: Final = Dialect("goatcounter", _read, _answer, _refuse)
