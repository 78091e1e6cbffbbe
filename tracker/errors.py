"""The family of errors, and the one question that each of them answers: try again, or never.

    TrackerError
    ├── TryAgain                the outside is unavailable or busy; nothing is half done, a retry may succeed
    │   ├── DatabaseUnavailable
    │   │   ├── LockedOut
    │   │   ├── NotAdmitted
    │   │   ├── ShareInUse
    │   │   └── TookTooLong
    │   ├── FactsUnavailable
    │   └── QueueUnavailable
    │       ├── ForeignQueue
    │       ├── NoAnswer
    │       └── QueueFull
    │           └── ShareFull
    ├── Never                   it cannot succeed however often it is tried
    │   ├── Unstorable          the database will not take this row
    │   ├── Refused             an answer to a caller, with a code of the HTTP interface
    │   │   └── UnknownApplication
    │   ├── MonthsNotMade       PostgreSQL refuses partitions, and why
    │   ├── DestinationRefused  webhooks must not be sent there
    │   ├── SettingsInvalid     a process must not start like this
    │   ├── EmbeddedServerFailed
    │   └── CannotListen
    └── Unclear                 the database refused and it cannot be told which of the two it is

Every message is one sentence that its reader can act on. None of them quotes a payload, an address or a key.
"""

from collections.abc import Mapping, Sequence
from typing import Any


class TrackerError(Exception):
    """The root: catching it catches everything this project raises on purpose."""


class TryAgain(TrackerError):
    """The outside is unavailable or busy; the same call may succeed later."""


class DatabaseUnavailable(TryAgain):
    """PostgreSQL cannot be reached, is restarting, is full or is busy."""


class LockedOut(DatabaseUnavailable):
    """Others hold a lock for longer than this waits: once they have ended it is to be had."""


class NotAdmitted(DatabaseUnavailable):
    """PostgreSQL runs, and does not let this role into this database: the message says what to do."""


class ShareInUse(DatabaseUnavailable):
    """One application has all the connections that it may have at a time; others find theirs."""


class TookTooLong(DatabaseUnavailable):
    """PostgreSQL gave a statement up (`statement_timeout`): a smaller question, or a calmer server, may be answered."""


class FactsUnavailable(TryAgain):
    """The columnar copy cannot be read or written now: the message says why, and what to do."""


class QueueUnavailable(TryAgain):
    """Redis cannot be reached, is loading, is full or refuses writes."""


class QueueFull(QueueUnavailable):
    """Redis is there and has no room: more waits than is allowed, or its memory is used up."""


class ShareFull(QueueFull):
    """Redis has room only for applications that have no crowd of hits waiting, and this one has."""


class ForeignQueue(QueueUnavailable):
    """This Redis belongs to another database, or nobody knows to which: an operator has to say or to correct it."""


class NoAnswer(QueueUnavailable):
    """Redis has taken a command and does not answer: whoever asks next would wait as well."""


class Never(TrackerError):
    """It cannot succeed however often it is tried."""


class Unstorable(Never):
    """The database will not take this row: the message says why."""


class Unclear(TrackerError):
    """The database refused, and the reason is in neither table: the suspect is retried alone, a few times."""


class MonthsNotMade(Never):
    """PostgreSQL refuses some partitions: a sentence about each says what stands in its way. The others are made."""

    def __init__(self, reasons: Sequence[str], made: Sequence[object]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = tuple(reasons)
        self.made = tuple(made)


class DestinationRefused(Never):
    """Webhooks must not be sent there: the message says why to whoever registered the URL, and no address."""


class SettingsInvalid(Never):
    """A setting is wrong or missing: the message names the variable, the value and what is accepted."""


class EmbeddedServerFailed(Never):
    """A server of our own did not start or stop: the message quotes the end of its log."""


class CannotListen(Never):
    """The server cannot have the address it was given: the message says which, why, and what to do."""


class Refused(Never):
    """An answer to a caller: HTTP and the command line say the same.

    `code` and `status` are those of the HTTP interface; `details` is a JSON object for programs (for a
    validation error a field's name to the list of what is wrong with it); `retry_after` is in seconds.
    """

    def __init__(
        self,
        code: str,
        status: int,
        message: str,
        *,
        details: Mapping[str, Any] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.message = message
        self.details = dict(details or {})
        self.retry_after = retry_after


class UnknownApplication(Refused):
    """A 404: there is no such application, or it was deleted."""

    def __init__(self, app_id: str) -> None:
        super().__init__("APPLICATION_NOT_FOUND", 404, f"There is no application {app_id[:100]!r}.")


def invalid(message: str, **fields: list[str]) -> Refused:
    """Return a 400 that names each bad field: `invalid("url is wrong", url=["Not a string."])`."""
    return Refused("VALIDATION_ERROR", 400, message, details=fields)


def not_found(what: str) -> Refused:
    """Return a 404: `what` is the whole sentence."""
    return Refused("NOT_FOUND", 404, what)


def conflict(what: str) -> Refused:
    """Return a 409: `what` is the whole sentence."""
    return Refused("CONFLICT", 409, what)
