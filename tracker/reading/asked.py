"""What every question shares: the application that is asked about, and what an answer that took too long becomes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tracker.application import ApplicationIdentity
from tracker.errors import Refused, ShareInUse, TookTooLong
from tracker.store import applications
from tracker.store.database import Database, Transaction

_RETRY_AFTER: Final = 30
"""Seconds. A guess: the same question takes as long again, unless the server has less to do by then."""
_RETRY_WHEN_ANSWERED: Final = 5
"""Seconds. A guess too; most questions are answered in less than one."""


@contextmanager
def asked_of(database: Database, app_id: str) -> Iterator[tuple[Transaction, ApplicationIdentity]]:
    """Open a snapshot, in which all of an answer's numbers belong together, and the application, a deleted one too.

    Raises Refused: APPLICATION_NOT_FOUND, SERVICE_UNAVAILABLE where a statement took longer than the role may, or where
    the application has as many questions under way as it may. Raises DatabaseUnavailable.
    """
    with bounded(), database.snapshot(share_of=app_id) as tx:
        yield tx, applications.identify(tx, app_id)


@contextmanager
def bounded() -> Iterator[None]:
    """Refuse what takes PostgreSQL too long, or is too much for one application, saying what to do."""
    try:
        yield
    except ShareInUse as error:
        raise Refused(
            "SERVICE_UNAVAILABLE",
            503,
            "Other questions about this application are being answered: ask again when they are, one after the other.",
            retry_after=_RETRY_WHEN_ANSWERED,
        ) from error
    except TookTooLong as error:
        raise Refused(
            "SERVICE_UNAVAILABLE",
            503,
            "PostgreSQL gave up, because the answer took longer than its role may take: ask for fewer days, or for "
            "custom parameters that fewer hits have.",
            retry_after=_RETRY_AFTER,
        ) from error
