"""The application that a command names."""

from tracker.application import Application
from tracker.errors import Refused, not_found
from tracker.store import applications
from tracker.store.database import Transaction


def known(tx: Transaction, app_id: str) -> Application:
    """The application with its settings and keys. Raises Refused where there is none, or a deleted one."""
    application = applications.find(tx, app_id)
    if application is None or application.deleted:
        raise unknown(app_id)
    return application


def unknown(app_id: str) -> Refused:
    return not_found(f"There is no application {app_id!r}: `python -m tracker apps list` shows those there are.")
