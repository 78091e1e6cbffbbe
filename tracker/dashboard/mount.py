"""Where the dashboard joins the receiver's application: its paths, and what becomes of errors on them."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final, cast
from urllib.parse import quote

from flask import Blueprint, Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from tracker.dashboard import (
    access_page,
    application_page,
    carried_filters,
    changes_page,
    deliveries_page,
    failed_hits_page,
    files,
    goals_page,
    installation_page,
    invitation_page,
    keys_page,
    live_page,
    new_application_page,
    notes,
    operations,
    overview_page,
    own_applications_page,
    panel_page,
    provider_sign_in,
    segments,
    settings_page,
    share,
    share_password,
    sign_in,
    viewer,
    webhooks_page,
)
from tracker.dashboard.form import MAX_FORM_BYTES
from tracker.dashboard.once import answered_before
from tracker.dashboard.page import PATH, error_page, here, home, page
from tracker.dashboard.services import EXTENSION, DashboardServices
from tracker.dashboard.shared_looks import SharedLooks
from tracker.dashboard.viewer import SignedOut
from tracker.errors import Refused, SettingsInvalid, TryAgain, not_found
from tracker.web.body import BODY_READ, discard_body
from tracker.web.envelope import as_refused

_FOR_EVERYBODY: Final = {
    "invitation",
    "sign-in",
    "sign-in-provider",
    "sign-in-callback",
    "sign-out",
    "language",
    "file",
}
_WEBHOOK: Final = "/applications/<app_id>/webhooks/<uuid:webhook_id>"
_PAGES_OF_TRAFFIC: Final = {"application", "share-traffic"}
_FILTERED: Final = {"application", "traffic", "panel", "values", "panel-csv"}
"""What may have filters in its path, by a link without the beginning of its name."""
LARGER_BODIES: Final = {
    "dashboard.failed-hits-change": failed_hits_page.MAX_HIT_BYTES,
    "dashboard.settings-save": MAX_FORM_BYTES,
    "dashboard.deliveries-save": MAX_FORM_BYTES,
}
"""Of endpoints that take more than a form usually has: how many bytes."""


def mount(app: Flask, parts: Callable[[], DashboardServices]) -> None:
    """Add the dashboard to the application. `parts` gives the process's own, made when a request first needs them."""
    app.extensions[EXTENSION] = parts
    app.register_blueprint(_blueprint())
    app.wsgi_app = SharedLooks(app.wsgi_app, lambda: _parts_of(app))  # type: ignore[method-assign]
    app.add_url_rule("/", endpoint="bare", view_func=lambda: sign_in.see(home()), methods=["GET"])


def _parts_of(app: Flask) -> DashboardServices:
    return cast(Callable[[], DashboardServices], app.extensions[EXTENSION])()


def _blueprint() -> Blueprint:
    blueprint = Blueprint("dashboard", __name__, url_prefix=PATH)
    blueprint.before_request(_identify)
    for path, endpoint, view, method in (
        ("/sign-in", "sign-in", sign_in.show, "GET"),
        ("/sign-in", "sign-in-done", sign_in.sign_in, "POST"),
        ("/sign-in/provider", "sign-in-provider", provider_sign_in.start, "POST"),
        (provider_sign_in.CALLBACK, "sign-in-callback", provider_sign_in.callback, "GET"),
        ("/sign-out", "sign-out", sign_in.sign_out, "POST"),
        ("/language", "language", sign_in.choose_language, "POST"),
        ("/files/<mark>/<name>", "file", files.file, "GET"),
        ("", "home", overview_page.home, "GET"),
        ("", "home-done", own_applications_page.accept, "POST"),
        ("/", "home-slash", lambda: sign_in.see(home()), "GET"),
        ("/new-application", "new-application", new_application_page.show, "GET"),
        ("/new-application", "new-application-create", new_application_page.create, "POST"),
        ("/operations", "operations", operations.show, "GET"),
        ("/operations/installation", "installation", installation_page.show, "GET"),
        ("/operations/failed", "failed-hits", failed_hits_page.show, "GET"),
        ("/operations/failed", "failed-hits-change", failed_hits_page.change, "POST"),
        ("/operations/hit", "hit", failed_hits_page.hit, "GET"),
        ("/applications/<app_id>", "application", application_page.show, "GET"),
        ("/applications/<app_id>/first-hit", "first-hit", application_page.first_hit, "GET"),
        ("/applications/<app_id>/live", "live", live_page.show, "GET"),
        ("/applications/<app_id>/live/now", "live-now", live_page.now, "GET"),
        ("/applications/<app_id>/panel", "panel", panel_page.panel, "GET"),
        ("/applications/<app_id>/values", "values", panel_page.values, "GET"),
        ("/applications/<app_id>/panel.csv", "panel-csv", panel_page.panel_csv, "GET"),
        ("/applications/<app_id>/goals", "goals", goals_page.show, "GET"),
        ("/applications/<app_id>/goals", "goals-save", goals_page.save, "POST"),
        ("/applications/<app_id>/goals.csv", "goals-csv", goals_page.panel_csv, "GET"),
        ("/applications/<app_id>/notes", "notes-save", notes.save, "POST"),
        ("/applications/<app_id>/segments", "segments-save", segments.save, "POST"),
        ("/applications/<app_id>/quality", "quality", application_page.quality, "GET"),
        ("/applications/<app_id>/webhooks", "webhooks", webhooks_page.show, "GET"),
        ("/applications/<app_id>/webhooks", "webhooks-save", webhooks_page.save, "POST"),
        ("/applications/<app_id>/changes", "changes", changes_page.show, "GET"),
        ("/operations/changes", "all-changes", changes_page.show_all, "GET"),
        (_WEBHOOK, "deliveries", deliveries_page.show, "GET"),
        (_WEBHOOK, "deliveries-save", deliveries_page.save, "POST"),
        (f"{_WEBHOOK}/deliveries/<int:delivery_id>", "delivery", deliveries_page.delivery, "GET"),
        (f"{_WEBHOOK}/deliveries/<int:delivery_id>", "delivery-save", deliveries_page.change_delivery, "POST"),
        ("/applications/<app_id>/keys", "keys", keys_page.show, "GET"),
        ("/applications/<app_id>/keys", "keys-save", keys_page.save, "POST"),
        ("/applications/<app_id>/settings", "settings", settings_page.show, "GET"),
        ("/applications/<app_id>/settings", "settings-save", settings_page.save, "POST"),
        ("/invitation/<token>", "invitation", invitation_page.show, "GET"),
        ("/invitation/<token>", "invitation-done", invitation_page.accept, "POST"),
        ("/share/<token>", "share-traffic", application_page.show, "GET"),
        ("/share/<token>/password", "share-password", share_password.enter, "POST"),
        ("/share/<token>/password", "share-password-left", share_password.leave, "GET"),
        ("/share/<token>/live", "share-live", live_page.show, "GET"),
        ("/share/<token>/live/now", "share-live-now", live_page.now, "GET"),
        ("/share/<token>/goals", "share-goals", goals_page.show, "GET"),
        ("/share/<token>/goals.csv", "share-goals-csv", goals_page.panel_csv, "GET"),
        ("/share/<token>/panel", "share-panel", panel_page.panel, "GET"),
        ("/share/<token>/values", "share-values", panel_page.values, "GET"),
        ("/share/<token>/panel.csv", "share-panel-csv", panel_page.panel_csv, "GET"),
        ("/applications/<app_id>/access", "access", access_page.show, "GET"),
        ("/applications/<app_id>/access", "access-save", access_page.save, "POST"),
        ("/<path:rest>", "nothing", _nothing, "GET"),
    ):
        blueprint.add_url_rule(path, endpoint=endpoint, view_func=view, methods=[method])
        if endpoint.removeprefix("share-") in _FILTERED:
            of_application, part = (path, "") if endpoint in _PAGES_OF_TRAFFIC else path.rsplit("/", 1)
            filtered = f"{of_application}/{carried_filters.PART}/<filters>/{part}"
            blueprint.add_url_rule(filtered, endpoint=endpoint, view_func=view, methods=[method])
    blueprint.register_error_handler(SignedOut, _sign_in_first)
    blueprint.register_error_handler(share_password.PasswordNeeded, share_password.ask)
    blueprint.register_error_handler(Exception, _explain)
    return blueprint


def _identify() -> None:
    if (request.endpoint or "").startswith("dashboard.share-"):
        share.identify()
    elif (request.endpoint or "").removeprefix("dashboard.").removesuffix("-done") not in _FOR_EVERYBODY:
        viewer.identify()
    carried_filters.take()


def _nothing(rest: str) -> Response:  # noqa: ARG001 whatever it is
    raise not_found("There is nothing at this address.")


def _sign_in_first(signed_out: SignedOut) -> Response:
    """Return the form, which leads back here.

    A browser that follows a link on another site keeps the cookie back (`SameSite=Strict`). It is asked once more by a
    page of our own, lest somebody sign in who has done so already.
    """
    if (answer := answered_before()) is not None:
        return answer
    if not signed_out.ended and request.headers.get("Sec-Fetch-Site") == "cross-site":
        return page("again.html", to=sign_in.own_path(here()))
    ended = "&ended=1" if signed_out.ended else ""
    answer = sign_in.see(f"{home()}/sign-in?next={quote(here(), safe='')}{ended}")
    if signed_out.ended:
        sign_in.end_session(answer)
    return answer


def _explain(error: Exception) -> Response:
    if isinstance(error, HTTPException) and (error.code or 500) < HTTPStatus.INTERNAL_SERVER_ERROR:
        refused = Refused("VALIDATION_ERROR", error.code or 400, "This address does not take requests of this kind.")
    elif isinstance(error, SettingsInvalid):
        refused = Refused("NOT_SET_UP", 503, str(error))
    else:
        refused = as_refused(error)
    if refused.status == HTTPStatus.NOT_FOUND and (answered := answered_before()) is not None:
        return answered
    # Sentences about servers quote no values; the operator is told whether one is unavailable, or not migrated.
    cause = error if isinstance(error, TryAgain) else error.__cause__
    told = isinstance(cause, TryAgain) and "viewer" in g and viewer.viewer().is_operator
    answer = error_page(refused, reason=str(cause) if told else None)
    if BODY_READ not in request.environ:
        answer.headers.extend(discard_body(request.environ))
    return answer
