"""What an error of PostgreSQL means: try again, never, or unclear (PostgreSQL documentation, appendix A).

Messages carry PostgreSQL's primary message only: DETAIL and HINT quote values. Where the primary message quotes
one too (class 22, data exceptions), the quoted part is left out.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tracker.errors import DatabaseUnavailable, LockedOut, NotAdmitted, TookTooLong, TrackerError, Unclear, Unstorable

_SESSION_CLASSES = {
    "08",  # connection exceptions; poolers answer 08P01 for whatever they cannot do
    "0A",  # not supported, here or by a pooler: what is sent is constant, so that it is no row's fault
    "26",  # a prepared statement that this session does not have: a pooler has mixed sessions up
    "28",  # who may connect: roles and passwords change beside us
    "3D",  # no such database (yet)
    "57",  # an operator's doing: shutting down, crashed, starting up, dropped
}
"""What is wrong with the session, or with the server that it leads to: another session may find a better one."""
_SESSION = {
    "25006",  # read only
    "25P03",  # idle in transaction for too long
    "25P04",  # the transaction took too long
}
_AWAY_CLASSES = _SESSION_CLASSES | {
    "40",  # lost against another transaction
    "53",  # disk, memory or connections used up
    "58",  # input or output failed
    "72",  # the snapshot is too old
    "F0",  # the server's configuration file
}
_READ_ONLY = "25006"
_OUT_OF_TRANSACTION_IDS = {"GetNewTransactionId", "GetNewMultiXactId"}
"""The places in PostgreSQL's source that refuse every write, with the SQLSTATE of a row that is too large (54000)."""
_GAVE_UP: dict[str, tuple[type[DatabaseUnavailable], str]] = {
    "57014": (TookTooLong, "PostgreSQL gave a statement up that took too long: {}."),
    "55P03": (
        LockedOut,
        "Others use the tables for too long, pg_dump or a long statement for instance: {}. Try again after them.",
    ),
}
"""What a time limit of the role or of the transaction ended: the error and its sentence."""
_NOT_MIGRATED = {
    "3F000",  # no such schema
    "42703",  # no such column
    "42704",  # no such type or other object
    "42883",  # no such function
    "42P01",  # no such table
    "42P10",  # no unique index for an ON CONFLICT
}
"""Something that a migration makes is missing. Statements are constants, so it is never the fault of a row."""
_NOT_PERMITTED = "42501"
_NOT_ADMITTED = {
    "database .* does not exist": "Create it (createdb --owner=ROLE NAME), or correct the URL.",
    "role .* does not exist": "Create it (CREATE ROLE NAME LOGIN PASSWORD '...'), or correct the URL.",
    "password authentication failed": "Correct the URL's password, or set the role's (ALTER ROLE NAME PASSWORD '...').",
    "no pg_hba.conf entry": "Add a line to that server's pg_hba.conf, and reload it.",
}
"""What a server says while a connection begins, which has no SQLSTATE then, and what helps."""
_UNSTORABLE_CLASSES = {
    "22",  # the value does not fit its type
    "23",  # a constraint is against it
    "54",  # too large, for an index entry for instance
}
_CHECK_VIOLATION = "23514"
_MONTH_IN_DETAIL = re.compile(r"\(created_at\) = \((\d{4,}-\d{2})-\d{2}")
_QUOTED = re.compile(r'".*"', re.DOTALL)


def translate(error: psycopg.Error) -> TrackerError:
    """Return the error of this project that `error` is, with a message of one line that quotes no value."""
    state = error.sqlstate
    if state is None:
        return _without_sqlstate(error)
    message = f"{_primary(error)} (SQLSTATE {state})"
    if state in _GAVE_UP:
        kind, sentence = _GAVE_UP[state]
        return kind(sentence.format(message))
    if reason := _unavailable(error, state, message):
        return DatabaseUnavailable(reason)
    if state == _CHECK_VIOLATION and error.diag.constraint_name is None:
        return Unclear(_missing_partition(error))
    if state[:2] in _UNSTORABLE_CLASSES:
        return Unstorable(f"PostgreSQL does not take it: {message}.")
    return Unclear(f"PostgreSQL refused: {message}.")


def is_about_session(error: psycopg.Error) -> bool:
    """Return whether `error` speaks of the session or of its server, so that the next try belongs to a new session.

    A server that was demoted, or was read only for a while, keeps its sessions open: they go on refusing what a new one
    may be granted, by this server or by the one that the name leads to now. A full disk (class 53) and a lock are no
    such thing: sessions are dear to a server in trouble.
    """
    state = error.sqlstate
    if state is None:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return (state[:2] in _SESSION_CLASSES or state in _SESSION) and state not in _GAVE_UP


def _unavailable(error: psycopg.Error, state: str, message: str) -> str | None:
    """Return what keeps the database from doing its work for anybody, or None where this row may be the reason."""
    if state in _NOT_MIGRATED:
        return f"The database is not ready for this version: {message}. Run `python -m tracker migrate`."
    if state == _NOT_PERMITTED:
        return (
            f"The role lacks a right that deploy/postgres/roles.sql gives it: {message}. "
            "`python -m tracker doctor` looks at the roles of the three DATABASE_ settings."
        )
    if state == _READ_ONLY:
        return (
            f"PostgreSQL takes no writes: {message}. It is a standby, was demoted, or default_transaction_read_only is "
            "set for the server, the database or the role."
        )
    if error.diag.source_function in _OUT_OF_TRANSACTION_IDS:
        return f"PostgreSQL takes no writes until VACUUM has freed transaction ids: {message}."
    if state[:2] in _AWAY_CLASSES or state in _SESSION:
        return f"PostgreSQL is unavailable or busy: {message}."
    return None


@contextmanager
def translated() -> Iterator[None]:
    """Errors of psycopg that leave this block leave it as errors of this project."""
    try:
        yield
    except psycopg.Error as error:
        raise translate(error) from error
    except UnicodeEncodeError as error:
        # psycopg encodes text itself, and a lone surrogate has no UTF-8.
        raise Unstorable("PostgreSQL does not take it: a text holds half of a character (a lone surrogate).") from error


def _without_sqlstate(error: psycopg.Error) -> TrackerError:
    """Return an error that psycopg or libpq raised by itself, without an answer of the server."""
    lines = str(error).splitlines() or [type(error).__name__]
    if isinstance(error, psycopg.OperationalError):
        refusal = lines[0].rpartition("FATAL:")[2].strip()
        for pattern, advice in _NOT_ADMITTED.items():
            if re.search(pattern, refusal):
                return NotAdmitted(f"PostgreSQL runs and refuses the connection: {refusal}. {advice}")
        return DatabaseUnavailable(f"PostgreSQL cannot be reached: {lines[0]}.")
    if isinstance(error, psycopg.DataError):
        return Unstorable(f"PostgreSQL does not take it: {lines[0]}.")
    return Unclear(f"The statement was not sent: {type(error).__name__}.")


def _primary(error: psycopg.Error) -> str:
    message = error.diag.message_primary or type(error).__name__
    if error.sqlstate is not None and error.sqlstate.startswith("22"):
        message = _QUOTED.sub("…", message)
    return " ".join(message.split())


def _missing_partition(error: psycopg.Error) -> str:
    """Return a check violation without a constraint: no partition takes the row.

    DETAIL holds nothing but the key here.
    """
    table = error.diag.table_name or "the table"
    month = _MONTH_IN_DETAIL.search(error.diag.message_detail or "")
    if month is None:
        return f"{table} has no partition for this row's month: `python -m tracker partitions create` makes it."
    return f"{table} has no partition for {month[1]}: `python -m tracker partitions create {month[1]}` makes it."
