"""Tallies of facts in a bucket, read on another machine; and of two schedulers that make one at the same time."""

import threading
from datetime import timedelta
from typing import Any

import pytest

from tests.support.erasing import erase
from tests.support.queued_hits import drain, enqueue, rows
from tests.support.raw_hits import make_months
from tests.support.reporting import Reporting, counted
from tests.support.shop_in_bucket import ShopInBucket
from tests.support.standing_clock import StandingClock
from tests.support.tallied import AFTERNOON, TWO_DAYS, WHOLE, Tallied, without_sums
from tests.support.told_visits import MIDNIGHT, made_of
from tracker.reports import tallied, tally_making
from tracker.store.partitions import Month


def test_a_tally_of_facts_in_a_bucket_answers_on_another_machine(
    shop: ShopInBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_months(shop.database, Month.of(MIDNIGHT - timedelta(days=1)))
    hits = made_of(shop.application, TWO_DAYS)
    enqueue(shop.redis, hits)
    drain(shop.redis, shop.database)
    writer = shop.make()
    clock = StandingClock(AFTERNOON)
    made = tally_making.make_tallies(shop.database, shop.folder, clock, min_facts=1, rest_seconds=0)
    assert made == 1
    usual: list[Any] = []
    rows_of = tallied.statement.rows_of
    monkeypatch.setattr(
        tallied.statement, "rows_of", lambda *args, **more: usual.append(args) or rows_of(*args, **more)
    )
    reporting = Reporting(shop.database, shop.readers, hits)
    day = {"start_date": f"{MIDNIGHT - timedelta(days=1):%F}", "end_date": f"{MIDNIGHT:%F}"}
    before = [hit for hit in hits if hit.created_at < MIDNIGHT]
    [row] = reporting.rows(**{**day, "end_date": day["start_date"]}, measures=WHOLE)
    assert (row, usual) == (without_sums(counted(before, before), WHOLE), []), "the tally alone"
    assert reporting.rows(**day, measures=WHOLE) == [without_sums(counted(hits, hits), WHOLE)]

    def write() -> None:
        writer.turn()
        writer.remove_replaced(0)

    erase(shop.database, shop.redis, clients=["a"], write_facts=write)
    assert rows(shop.database, "SELECT count(*)::int FROM facts_tallies") == [(0,)]
    left = [hit for hit in hits if hit.client_sub_id != "a"]
    assert reporting.rows(**day, measures=WHOLE) == [without_sums(counted(left, left), WHOLE)]


def test_two_schedulers_that_make_a_tally_at_once_leave_one_that_is_right(
    tallied_application: Tallied, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease has passed on while a tally was being made."""
    one = tallied_application
    hits = made_of(one.application, TWO_DAYS)
    one.store(hits)
    together = threading.Barrier(2, timeout=60)
    put = tally_making._put

    def put_together(*args: Any) -> bool:
        together.wait()
        return put(*args)

    monkeypatch.setattr(tally_making, "_put", put_together)
    made: list[int] = []

    def make() -> None:
        clock = StandingClock(AFTERNOON)
        made.append(tally_making.make_tallies(one.database, one.writer.folder, clock, min_facts=1, rest_seconds=0))

    schedulers = [threading.Thread(target=make) for _ in range(2)]
    for scheduler in schedulers:
        scheduler.start()
    for scheduler in schedulers:
        scheduler.join(120)
    assert made == [1, 1]
    assert rows(one.database, "SELECT count(*)::int FROM facts_tallies") == [(1,)]
    one.compare(hits, "UTC")
