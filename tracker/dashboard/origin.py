"""Where a request comes from: whether a form was sent by a page of our own, and whether the browser sees HTTPS."""

from urllib.parse import urlsplit

from flask import request

from tracker.dashboard.services import current_services
from tracker.errors import Refused
from tracker.web.request_headers import TrustedProxies, forwarded_scheme


def require_own_page() -> None:
    """Raise Refused (FORBIDDEN) for a form that another site's page has sent, or that does not say which page did.

    Browsers say it in `Sec-Fetch-Site` where the connection is secure, and in `Origin` everywhere. The session's cookie
    is `SameSite=Strict` besides.
    """
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site != "same-origin" if site is not None else _host(origin or "") != request.host.lower():
        raise Refused("FORBIDDEN", 403, "The form was not sent by a page of this dashboard.")


def _host(origin: str) -> str | None:
    """Host and port of an origin, or None of something else: the header can hold anything."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


def origin() -> str:
    """Return where the browser reaches this receiver."""
    return f"{'https' if is_https(current_services().proxies) else 'http'}://{request.host}"


def is_https(proxies: TrustedProxies) -> bool:
    """Return whether the browser came by HTTPS.

    It says so itself with a form, and proxies do where they are to be believed.

    Its own word harms nobody but whoever forges it: cookies become `Secure`, also where no proxy has been made known.
    """
    if request.headers.get("Origin", "").startswith("https://"):
        return True
    return (forwarded_scheme(request.environ, proxies) or request.scheme) == "https"
