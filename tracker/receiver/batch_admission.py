"""Whose a batch is: its key decides, and of the applications that it names the one whose key that is."""

from collections.abc import Mapping, Sequence
from typing import Any

from tracker.application import ApiKey, Application
from tracker.errors import Refused
from tracker.receiver.admission import (
    app_id_in,
    application_not_found,
    application_of_key,
    confirmed,
    key_of,
    require_active,
)
from tracker.receiver.context import HitRequest, ReceiverContext

_MAX_CANDIDATES = 10
"""Applications that are tried for a batch which names them only in its events."""


def batch_caller(
    context: ReceiverContext, request: HitRequest, values: Mapping[str, Any], events: Sequence[Any]
) -> tuple[Application, ApiKey]:
    """Return whose batch this is, and with which key. Raises Refused where no key is the application's."""
    if request.presented is None:
        raise _key_required()
    candidates = [named] if (named := app_id_in(values)) else _app_ids(events)
    if not candidates:
        # A key belongs to one application.
        candidates = [application_of_key(context, request.presented).app_id]
    refused = application_not_found()
    doubtful: list[tuple[Application, Refused]] = []
    for app_id in candidates:
        application = context.applications.find(app_id)
        if application is None:
            continue
        try:
            return application, _key(application, request)
        except Refused as error:
            refused = error
            doubtful.append((application, error))
    for known, doubt in doubtful:
        application = confirmed(context, request, known, doubt)
        if application is not known:
            try:
                return application, _key(application, request)
            except Refused as newer:
                refused = newer
    raise refused


def _key(application: Application, request: HitRequest) -> ApiKey:
    """Return the application's key that was presented. Raises Refused."""
    key = key_of(request.presented, application, request.now)
    if key is None:
        raise _key_required()
    require_active(application)
    return key


def _app_ids(events: Sequence[Any]) -> list[str]:
    """Return the first few different app_ids that the events name."""
    named: dict[str, None] = {}
    for event in events:
        if isinstance(event, dict) and len(named) < _MAX_CANDIDATES:
            try:
                app_id = app_id_in(event)
            except Refused:
                continue
            # The events are not checked yet: NUL and lone surrogates, which are not printable, go no further.
            if app_id is not None and app_id.isprintable():
                named[app_id] = None
    return list(named)


def _key_required() -> Refused:
    return Refused("AUTHENTICATION_ERROR", 401, "A batch needs an API key in X-API-Key or Authorization: Bearer.")
