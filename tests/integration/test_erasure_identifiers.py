"""By what a person is named, what the receipt says of it, and what is no longer theirs."""

from typing import Any
from uuid import uuid4

import pytest

from tests.support.counted import assert_exact, fold_everything
from tests.support.erasing import erase, tables_with
from tests.support.queued_hits import drain, enqueue, hit_of, rows
from tracker.application import Application
from tracker.erasure import identifiers, requests
from tracker.errors import Refused
from tracker.management import settings as application_settings
from tracker.queueing.connection import Connection
from tracker.store.database import Database

WHO = "somebody-1"


def hits(application: Application, count: int = 6, **columns: Any) -> list[Any]:
    """Every second one is WHO's."""
    return [
        hit_of(application, n, client_sub_id=WHO if n % 2 else "other", session_id=f"s{n % 2}", **columns)
        for n in range(1, count + 1)
    ]


def test_an_address_is_matched_as_it_is_stored_and_the_receipt_says_so(
    redis: Connection, database: Database, application: Application
) -> None:
    stored = [hit_of(application, n, ip_address=a) for n, a in enumerate(("203.0.113.0", "203.0.113.9", "203.0.114.0"))]
    enqueue(redis, stored)
    drain(redis, database)
    receipt = erase(database, redis, addresses=["203.0.113.9"])
    assert "the whole network" in receipt.notes[0]
    assert rows(database, "SELECT host(ip_address) FROM access_logs") == [("203.0.114.0",)]
    application_settings.set_(database, "shop", "ip_anonymization", "full")
    receipt = erase(database, redis, addresses=["203.0.114.9"])
    assert "stores no addresses now" in receipt.notes[0]
    assert rows(database, "SELECT count(*) FROM access_logs") == [(1,)]


def test_a_receipt_names_nobody_and_proves_whom_it_is_about(
    redis: Connection, database: Database, application: Application
) -> None:
    receipt = erase(database, redis, clients=[WHO])
    assert WHO not in repr(receipt)
    named = identifiers.checked([WHO], [], [])
    assert receipt.identifiers == identifiers.digests_of(receipt.id, named)
    assert receipt.identifiers != identifiers.digests_of(uuid4(), named)
    assert tables_with(database, WHO) == {}
    assert requests.receipts(database, "shop") == [receipt]


def test_hits_that_come_later_are_new_ones(redis: Connection, database: Database, application: Application) -> None:
    enqueue(redis, hits(application))
    drain(redis, database)
    erase(database, redis, clients=[WHO])
    enqueue(redis, hits(application))
    drain(redis, database)
    assert rows(database, "SELECT count(*) FROM access_logs WHERE client_sub_id = %s", WHO) == [(3,)]
    fold_everything(database)
    assert_exact(database)


@pytest.mark.parametrize(
    "given",
    [
        ([], [], []),
        (["x" * 101], [], []),
        ([""], [], []),
        (["a\0b"], [], []),
        (["\ud800"], [], []),
        ([], [], ["nowhere"]),
        ([str(n) for n in range(101)], [], []),
    ],
)
def test_what_no_hit_can_have_is_refused(given: tuple[list[str], list[str], list[str]]) -> None:
    with pytest.raises(Refused):
        identifiers.checked(*given)
