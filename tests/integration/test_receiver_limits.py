"""How an application's limits are divided: by address, for keys, and in bytes a day."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.support.queue_entries import APPLICATION, CREATED, entry, offer_of
from tests.support.receiving import Receiving, code, in_one_minute
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.diagnostics import doctor
from tracker.ingest.filtered import fold_now
from tracker.management import applications
from tracker.management import settings as application_settings
from tracker.privacy.addresses import networks_of
from tracker.queueing.connection import Connection
from tracker.queueing.producer import Producer
from tracker.queueing.quota import AddressShare, Quota
from tracker.receiver.enqueue import RateWindow
from tracker.receiver.rules import Allowance
from tracker.store import filtered_hits
from tracker.store.database import Database

SALT = b"salt of the tests"
LIMIT = 100


@pytest.fixture
def limited(database: Database) -> tuple[Application, str]:
    return applications.create(database, name="Limited", app_id="limited", rate_limit=LIMIT)


def hit_from(receiving: Receiving, address: str, **fields: Any) -> Any:
    return receiving.client.post(
        "/v1/track", json={"app_id": "limited", **fields}, environ_base={"REMOTE_ADDR": address}
    )


def batch_of(receiving: Receiving, key: str, size: int) -> Any:
    return receiving.batch({"app_id": "limited", "events": [{"url": "https://shop.example/"}] * size}, key=key)


def test_one_visitor_silences_neither_others_nor_the_owner(
    receiving: Receiving, limited: tuple[Application, str], redis: Connection, database: Database
) -> None:
    def send() -> tuple[list[int], list[Any], Any]:
        flood = [hit_from(receiving, "203.0.113.9").status_code for _ in range(2 * LIMIT)]
        others = [hit_from(receiving, f"198.51.100.{n}") for n in range(50)]
        return flood, others, batch_of(receiving, limited[1], 25)

    flood, others, batch = in_one_minute(redis, send)
    assert flood == [200] * 25 + [429] * 175
    assert {code(answer) for answer in others} == {(200, None)}
    assert batch.get_json()["data"]["processed"] == 25
    assert fold_now(redis, database, SystemClock()) == 175
    with database.transaction() as tx:
        [counted] = filtered_hits.list_rows(tx, limited[0].id)
    assert (counted["reason"], counted["hits"]) == ("address_limit", 175)


def test_visitors_together_leave_the_owner_what_is_kept_for_keys(
    receiving: Receiving, limited: tuple[Application, str], redis: Connection
) -> None:
    def send() -> tuple[list[int], Any]:
        crowd = [hit_from(receiving, f"203.0.113.{n}").status_code for n in range(120)]
        return crowd, batch_of(receiving, limited[1], 30)

    crowd, batch = in_one_minute(redis, send)
    assert crowd == [200] * 80 + [429] * 40
    data = batch.get_json()["data"]
    assert (data["processed"], data["failed"]) == (20, 10)


def test_what_keys_send_is_not_taken_from_what_visitors_have(
    receiving: Receiving, limited: tuple[Application, str], redis: Connection
) -> None:
    def send() -> tuple[Any, list[int]]:
        batch = batch_of(receiving, limited[1], 60)
        return batch, [hit_from(receiving, f"203.0.113.{n}").status_code for n in range(50)]

    batch, visitors = in_one_minute(redis, send)
    assert batch.get_json()["data"]["processed"] == 60
    assert visitors == [200] * 40 + [429] * 10


@pytest.mark.parametrize(
    ("addresses", "share"),
    [
        # One machine has all addresses of a /64.
        ([f"2001:db8:0:1::{n:x}" for n in range(70)], 25),
        # And whoever has a /48 has 65,536 of those.
        ([f"2001:db8:0:{n:x}::1" for n in range(70)], 50),
        # Customers of their own.
        ([f"2001:db8:{n:x}::1" for n in range(70)], 70),
        (["203.0.113.1", "::ffff:203.0.113.1"] * 35, 25),
    ],
)
def test_what_counts_as_one_address(
    receiving: Receiving, limited: tuple[Application, str], redis: Connection, addresses: list[str], share: int
) -> None:
    answers = in_one_minute(redis, lambda: [hit_from(receiving, address) for address in addresses])
    assert sum(answer.status_code == 200 for answer in answers) == share


def test_the_share_is_told_truthfully(
    receiving: Receiving, limited: tuple[Application, str], redis: Connection
) -> None:
    answers = in_one_minute(redis, lambda: [hit_from(receiving, "203.0.113.9") for _ in range(26)])
    assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {str(LIMIT)}
    assert [int(answer.headers["X-RateLimit-Remaining"]) for answer in answers] == [*range(24, -1, -1), 0]
    assert code(answers[-1]) == (429, "RATE_LIMIT_EXCEEDED")
    assert "This address has used up its share" in answers[-1].get_json()["error"]["message"]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60


def test_a_share_goes_by_the_real_address_whatever_is_kept_of_it(
    receiving: Receiving, limited: tuple[Application, str], redis: Connection, database: Database
) -> None:
    application_settings.set_(database, "limited", "ip_anonymization", "full")
    application_settings.set_(database, "limited", "respect_dnt", "anonymous")

    def send() -> tuple[list[int], int]:
        headers = {"DNT": "1"}
        flood = [
            receiving.client.post(
                "/v1/track", json={"app_id": "limited"}, headers=headers, environ_base={"REMOTE_ADDR": "203.0.113.9"}
            ).status_code
            for _ in range(30)
        ]
        return flood, hit_from(receiving, "203.0.113.10").status_code

    flood, neighbour = in_one_minute(redis, send)
    assert (flood, neighbour) == ([200] * 25 + [429] * 5, 200)


def test_a_long_hit_counts_against_the_share_for_each_4_kib(
    receiving: Receiving, limited: tuple[Application, str], redis: Connection
) -> None:
    text = "x" * 40_000
    answers = in_one_minute(
        redis, lambda: [hit_from(receiving, "203.0.113.9", custom_params={"a": text}) for _ in range(5)]
    )
    # Ten pieces each: the third begins with five left.
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]


def test_settings_divide_the_limit(
    receiving: Receiving, limited: tuple[Application, str], redis: Connection, database: Database
) -> None:
    application_settings.set_(database, "limited", "address_share_percent", "100")
    application_settings.set_(database, "limited", "key_reserve_percent", "0")
    answers = in_one_minute(redis, lambda: [hit_from(receiving, "203.0.113.9") for _ in range(LIMIT + 1)])
    assert [answer.status_code for answer in answers] == [200] * LIMIT + [429]


def test_many_addresses_do_not_fill_redis_and_none_can_be_read_there(queue: Connection) -> None:
    producer = Producer(queue, queue_limit=1_000_000)
    allowance = Allowance.of(_application(100_000), 0)
    chance = random.Random(5)
    addresses = [f"198.{chance.randrange(18, 20)}.{n >> 8 & 255}.{n & 255}" for n in range(6000)]
    for address in addresses:
        producer.enqueue(
            offer_of(APPLICATION, 100_000, [entry()], CREATED, quota=allowance.without_key(address, CREATED, SALT))
        )
    keys = list(queue.scan_iter("tracker:usage:*"))
    assert len(keys) == 1
    assert queue.hlen(keys[0]) <= 4098
    assert 0 < queue.ttl(keys[0]) <= 120
    fields: dict[bytes, bytes] = queue.hgetall(keys[0])
    assert not any(address.encode() in fields for address in addresses)
    # Another minute or another salt is another bucket.
    one = allowance.without_key("203.0.113.9", CREATED, SALT).shares
    assert one != allowance.without_key("203.0.113.9", CREATED + timedelta(minutes=1), SALT).shares
    assert one != allowance.without_key("203.0.113.9", CREATED, b"other").shares


def _application(limit: int) -> Application:
    return Application(id=APPLICATION, app_id="a", status="active", deleted=False, rate_limit_per_minute=limit)


def test_a_script_and_a_process_count_alike(queue: Connection) -> None:
    """What holds while Redis is unavailable is what holds while it is there."""
    chance = random.Random(7)
    for _ in range(40):
        queue.flushall()
        producer, window, application_id = Producer(queue, queue_limit=100_000), RateWindow(), uuid4()
        limit = chance.choice([0, 1, 5, 30])
        budget = chance.choice([None, 0, 5_000, 60_000])
        for _ in range(12):
            quota = Quota(
                open_hits=chance.choice([None, 0, 3, 20]),
                shares=tuple(
                    AddressShare(f"{n}:{chance.randrange(2)}", chance.choice([1, 4, 12]))
                    for n in range(chance.choice([0, 1, 2]))
                ),
                bytes_a_day=budget,
                is_whole=chance.random() < 0.4,
            )
            sizes = [chance.choice([0, 1, 4096, 4097, 30_000]) for _ in range(chance.choice([1, 1, 4]))]
            entries = [entry(tracking_data=b"x" * size) for size in sizes]
            asked = producer.enqueue(offer_of(application_id, limit, entries, CREATED, quota=quota))
            taken = window.take(application_id, limit, sizes, CREATED, quota)
            assert (asked.accepted, asked.remaining, asked.used_up) == (taken.hits, taken.remaining, taken.limit)


def test_the_bytes_of_a_day_are_bounded_and_some_are_kept_for_keys(
    receiving: Receiving, limited: tuple[Application, str], redis: Connection, database: Database
) -> None:
    application_settings.set_(database, "limited", "daily_megabytes", "1")
    text = "x" * 60_000
    applications.update(database, "limited", {"rate_limit_per_minute": 10_000})
    answers = [hit_from(receiving, "203.0.113.9", custom_params={"a": text}) for _ in range(20)]
    # 800,000 bytes are 13 of them and a part of the fourteenth.
    assert [answer.status_code for answer in answers] == [200] * 14 + [429] * 6
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    refused = answers[-1]
    assert code(refused) == (429, "RATE_LIMIT_EXCEEDED")
    assert int(refused.headers["X-RateLimit-Reset"]) == tomorrow.timestamp()
    assert abs(int(refused.headers["Retry-After"]) - (tomorrow - datetime.now(UTC)).total_seconds()) < 60
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert batch_of(receiving, limited[1], 5).get_json()["data"]["processed"] == 5


def test_the_budget_of_a_day_begins_anew_with_the_day_and_its_counter_goes(queue: Connection, minute: datetime) -> None:
    producer, quota = Producer(queue, queue_limit=1000), Quota(bytes_a_day=7)
    day = minute.replace(hour=23, minute=59, second=59)
    assert producer.enqueue(offer_of(APPLICATION, 100, [entry(1)], day, quota=quota)).accepted == 1
    assert producer.enqueue(offer_of(APPLICATION, 100, [entry(2)], day, quota=quota)).used_up == "byte_budget"
    assert (
        producer.enqueue(offer_of(APPLICATION, 100, [entry(3)], day + timedelta(seconds=1), quota=quota)).accepted == 1
    )
    keys = list(queue.scan_iter("tracker:bytes:*"))
    assert len(keys) == 2
    assert all(86_400 <= queue.ttl(key) <= 172_800 for key in keys)


def test_doctor_names_what_was_refused(
    settings: Any, database: Database, limited: tuple[Application, str], redis: Connection
) -> None:
    now = SystemClock().now()
    counts = [
        filtered_hits.FilteredCount(limited[0].id, now, reason, hits)
        for reason, hits in (("address_limit", 7), ("byte_budget", 3), ("bot", 5))
    ]
    with database.transaction() as tx:
        filtered_hits.add(tx, UUID(int=1), counts, now)
    findings = {finding.check: finding for finding in doctor.examine(settings, SystemClock())}
    assert findings["share of an address"].seen == "7 hits of limited refused within a day"
    assert findings["bytes of the day"].level == "warn"
    assert "limit a minute" not in findings


def test_networks() -> None:
    assert networks_of("203.0.113.9") == ("203.0.113.9",)
    assert networks_of("2001:db8:1:2:3::4") == ("2001:db8:1:2::/64", "2001:db8:1::/48")
