"""Who may come to an application: its members, and share links. A new link is shown once, on the page that answers."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from flask import Response, request

from tracker.dashboard.application_page import frame
from tracker.dashboard.changing import change, one_of, require
from tracker.dashboard.list_pages import bytes_of, first_of_page, how_many_fit
from tracker.dashboard.origin import origin
from tracker.dashboard.page import address, home, page
from tracker.dashboard.range_choice import query_string
from tracker.dashboard.services import current_services
from tracker.dashboard.sign_in import see
from tracker.dashboard.viewer import viewer
from tracker.errors import Refused, invalid
from tracker.management import members, shares

PERMISSION: Final = "keys:write"
"""Whoever lets others in by a key lets them in by a link."""
SHARE_LASTS: Final = (0, 7, 30, 90, 365)
"""Days after which a new link ends; 0 is never."""
_LISTS_BYTES: Final = 145_000
"""About as much of a page's HTML is links and members: with its files it stays below 200 KB."""
_MEMBER_BYTES: Final = 1_800
_SHARE_BYTES: Final = 1_000
"""What a row takes beside names and addresses."""


def show(app_id: str) -> Response:
    """Return the page."""
    require(PERMISSION)
    return _page(app_id)


def save(app_id: str) -> Response:
    """Make or revoke a link; a new one is shown on the page that answers."""
    answer, refused = change(
        app_id,
        PERMISSION,
        {"share": _share, "revoke": _revoke, "invite": _invite, "role": _change_role, "remove": _remove},
    )
    if refused is not None:
        return _page(app_id, refused=refused)
    return answer or see(f"{address(app_id)}/access{query_string(saved=1, after=request.args.get('after'))}")


def _share(app_id: str, fields: Mapping[str, str]) -> Response:
    services = current_services()
    password = fields.get("password", "")
    if not password and "with_password" in fields:
        reason = "Enter the password again."
        raise invalid(reason, password=[reason])
    days = one_of(fields.get("days", "0"), SHARE_LASTS)
    _, token = shares.create(
        services.database,
        app_id,
        name=fields.get("name", ""),
        frame_origins=fields.get("frame_origins", ""),
        expires_at=services.clock.now() + timedelta(days=days) if days else None,
        password=password,
        by=viewer().actor,
    )
    return _page(
        app_id,
        link=f"{origin()}{home()}/share/{token}",
        has_password=bool(password),
        may_be_framed=bool(fields.get("frame_origins", "").strip()),
    )


def _revoke(app_id: str, fields: Mapping[str, str]) -> None:
    shares.revoke(current_services().database, app_id, fields.get("id", ""), by=viewer().actor)


def _invite(app_id: str, fields: Mapping[str, str]) -> Response:
    services = current_services()
    _, token = members.invite(
        services.database,
        app_id,
        name=fields.get("name", ""),
        role=fields.get("role", ""),
        now=services.clock.now(),
        email=fields.get("email", ""),
        by=viewer().actor,
    )
    return _page(app_id, link=f"{origin()}{home()}/invitation/{token}", is_invitation=True)


def _change_role(app_id: str, fields: Mapping[str, str]) -> None:
    members.change_role(
        current_services().database, app_id, fields.get("id", ""), fields.get("role", ""), by=viewer().actor
    )


def _remove(app_id: str, fields: Mapping[str, str]) -> Response:
    members.remove(current_services().database, app_id, fields.get("id", ""), by=viewer().actor)
    # The page on which it was may be gone with it.
    return see(f"{address(app_id)}/access?saved=1")


def _page(
    app_id: str,
    *,
    link: str | None = None,
    is_invitation: bool = False,
    has_password: bool = False,
    may_be_framed: bool = False,
    refused: Refused | None = None,
) -> Response:
    shown = frame(app_id)
    services, key = current_services(), viewer().key
    links = shares.list_(services.database, shown["application"].app_id)
    listed = members.list_(services.database, shown["application"].app_id)
    room = _LISTS_BYTES - sum(_SHARE_BYTES + bytes_of(row["name"], *row["frame_origins"]) for row in links)
    after = first_of_page(listed)
    sizes = (_MEMBER_BYTES + bytes_of(member.name, member.email or "") for member in listed[after:])
    following = after + how_many_fit(sizes, room)
    return page(
        "access.html",
        status=200 if refused is None else refused.status,
        script=link is not None,
        **shown,
        rows=links,
        members=listed[after:following],
        after=after,
        next_page=following if following < len(listed) else None,
        # Nobody gives a role that may more than they do themselves.
        roles=[role for role, permissions in members.ROLES.items() if all(map(viewer().may, permissions))],
        own=None if key is None else key.id,
        now=services.clock.now(),
        provider=None if services.provider is None else services.provider.settings.name,
        lasts=SHARE_LASTS,
        link=link,
        is_invitation=is_invitation,
        has_password=has_password,
        may_be_framed=may_be_framed,
        refused=refused,
        saved="saved" in request.args,
    )
