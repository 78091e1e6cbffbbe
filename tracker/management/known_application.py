"""The application that somebody names."""

from tracker.application import Application
from tracker.errors import Refused, UnknownApplication
from tracker.store import applications
from tracker.store.database import Transaction


def known(tx: Transaction, app_id: str) -> Application:
    """Return the application with its settings and keys. Raises Refused where there is none, or a deleted one."""
    application = applications.existing(tx, app_id)
    if application.deleted:
        raise unknown(app_id)
    return application


def locked(tx: Transaction, app_id: str) -> Application:
    """Return the same for a change: nobody else changes the application, or what belongs to it, before `tx` ends."""
    applications.lock(tx, app_id)
    return known(tx, app_id)


def unknown(app_id: str) -> Refused:
    return UnknownApplication(app_id)
