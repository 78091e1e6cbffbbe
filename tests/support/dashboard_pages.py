"""Every page of the dashboard, by its endpoint, as tests walk them; one of them holds this list against the routes."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping

FILTERS = urlsafe_b64encode(b"?page=" + b"x" * 420).decode().rstrip("=")
"""Long ones, as they stand in paths."""
PAGES: Mapping[str, tuple[str, ...]] = {
    "sign-in": ("/sign-in",),
    "home": ("",),
    "new-application": ("/new-application",),
    "operations": ("/operations",),
    "failed-hits": ("/operations/failed",),
    "installation": ("/operations/installation",),
    "all-changes": ("/operations/changes",),
    "hit": ("/operations/hit", "/operations/hit?id=00000000-0000-4000-8000-000000000000"),
    "application": (
        *("/applications/{app}", "/applications/{app}?range=24h", "/applications/{app}?range=12m"),
        *("/applications/{app}?range=30d&device.is_not=desktop&places=languages", "/applications/{fresh}"),
    ),
    "values": ("/applications/{app}/values?panel=pages&find=1&page.contains=2", "/applications/{app}/values"),
    "live": ("/applications/{app}/live",),
    "goals": ("/applications/{app}/goals", "/applications/{fresh}/goals"),
    "quality": ("/applications/{app}/quality",),
    "webhooks": ("/applications/{app}/webhooks", "/applications/{fresh}/webhooks"),
    "deliveries": (
        "/applications/{app}/webhooks/{webhook}",
        "/applications/{app}/webhooks/{webhook}?state=failed",
    ),
    "delivery": ("/applications/{app}/webhooks/{webhook}/deliveries/{delivery}",),
    "changes": ("/applications/{app}/changes", "/applications/{fresh}/changes?action=share.created"),
    "settings": ("/applications/{app}/settings",),
    "access": ("/applications/{app}/access", "/applications/{fresh}/access"),
    "keys": ("/applications/{app}/keys",),
    "invitation": ("/invitation/{invitation}",),
    "share-traffic": ("/share/{share}", "/share/{share}?range=24h"),
    "share-values": ("/share/{share}/values?panel=languages",),
    "share-live": ("/share/{share}/live",),
    "share-goals": ("/share/{share}/goals",),
    "nothing": ("/nothing",),
}
NO_PAGES = {
    *("file", "home-slash", "sign-in-callback", "first-hit", "live-now", "panel", "panel-csv", "goals-csv"),
    *("share-live-now", "share-panel", "share-panel-csv", "share-goals-csv", "share-password-left"),
}
"""What a GET brings that is a file, a part of a page, or the way to another one."""


def paths(**names: object) -> Iterator[str]:
    """Return the address of each page.

    `names` are `app`, its `webhook` and a `delivery` of that, `fresh` (nothing was counted), `share` and `invitation`.
    """
    for templates in PAGES.values():
        for template in templates:
            yield f"/dashboard{template.format(**names)}"
