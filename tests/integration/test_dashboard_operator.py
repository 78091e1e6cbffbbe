"""The operator's pages: the pace of the last hour, which versions run, failed hits and what becomes of them."""

import html
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest

from tests.support.browsing import Browsing, text_of
from tests.support.failed_hits import fail
from tests.support.managing import Managing
from tests.support.queued_hits import NOON, drain, enqueue, entry_of, hit_of, rows
from tests.support.raw_hits import execute
from tests.support.receiving import queued_hits
from tracker import __version__
from tracker.application import Application
from tracker.dashboard.failed_hits_page import MAX_HIT_BYTES
from tracker.dashboard.mount import LARGER_BODIES
from tracker.dashboard.pace import HEIGHT, TOP, pace
from tracker.instance.check import InstanceCheck
from tracker.management import applications, audit
from tracker.queueing import metric_counts, ownership
from tracker.queueing.connection import Connection
from tracker.queueing.consumer import RETRIES
from tracker.queueing.entry import NORMAL
from tracker.queueing.metric_counts import MinuteRate
from tracker.queueing.throughput import Throughput
from tracker.receiver.app import max_body_of
from tracker.receiver.endpoints import MAX_BODY_BYTES
from tracker.store import batch_queue
from tracker.store.batch_queue import QueueRow
from tracker.store.database import Database

FAILED = "/dashboard/operations/failed"
HIT = "/dashboard/operations/hit"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def operator(managing: Managing) -> Browsing:
    opened = Browsing(managing)
    opened.sign_in(managing.admin_token)
    return opened


def because(database: Database, tracking_id: object, reason: str) -> None:
    execute(database, "UPDATE batch_queue SET error_message = %s WHERE id = %s", reason, tracking_id)


def failed_count(database: Database) -> int:
    with database.transaction() as tx:
        row = tx.execute("SELECT count(*) FROM batch_queue WHERE status = 'failed'").fetchone()
    assert row is not None
    return int(row[0])


def test_failed_hits_are_looked_at_by_application_and_reason(
    operator: Browsing, database: Database, application: Application
) -> None:
    other, _ = applications.create(database, name="Other", app_id="other")
    first, second, third = fail(database, application, 1), fail(database, application, 2), fail(database, other, 3)
    because(database, first, f'invalid "192.0.2.7 {HOSTILE}" here')
    because(database, second, 'invalid "somebody@example.org" here')
    page = operator.get(FAILED)
    assert [str(value) in page.text for value in (first, second, third)] == [True] * 3
    assert "somebody" not in page.text
    assert "192.0.2.7" not in page.text
    assert HOSTILE not in page.text
    [by_reason] = {link.replace("&amp;", "&") for link in re.findall(r'href="(\?reason=invalid[^"]*)"', page.text)}
    alike = operator.get(FAILED + by_reason).text
    assert [str(value) in alike for value in (first, second, third)] == [True, True, False]
    assert 'class="chip"' in alike
    of_other = operator.get(f"{FAILED}?app_id=other").text
    assert [str(value) in of_other for value in (first, second, third)] == [False, False, True]
    assert "app_id=shop&amp;reason=invalid%20%E2%80%A6%20here" in operator.get("/dashboard/operations").text
    assert operator.get(f"{FAILED}?app_id=%00").status_code == 400


def test_failed_hits_are_sent_in_again_or_given_up_one_or_all_and_that_is_noted(
    operator: Browsing, database: Database, application: Application, redis: Connection
) -> None:
    ids = [fail(database, application, number) for number in range(4)]
    because(database, ids[3], "another reason")
    one = operator.post(FAILED, action="retry", id=str(ids[0]))
    assert (one.status_code, one.location) == (303, f"{HIT}?id={ids[0]}&done=retry&count=1")
    assert len(queued_hits(redis)) == 1
    assert failed_count(database) == 4, "its row stays until a worker has stored it"
    again = operator.post(FAILED, action="retry", reason="it could not be", app_id="shop")
    assert "count=3" in again.location
    gone = operator.post(FAILED, action="discard", reason="another reason")
    assert "done=discard" in gone.location
    assert "count=1" in gone.location
    assert "1 discarded." in text_of(operator.get(gone.location))
    assert failed_count(database) == 3
    twice = operator.post(FAILED, action="discard", id=str(ids[3]))
    assert "count=0" in twice.location, "what is gone is given up by nobody"
    noted = [(row["action"], row["actor_kind"], row["after"]["hits"]) for row in audit.list_(database, limit=3)]
    assert noted == [("hits.discarded", "admin", 1), ("hits.retried", "admin", 3), ("hits.retried", "admin", 1)]


def test_a_failed_hit_is_edited_and_stored_as_the_hit_that_it_is(
    operator: Browsing, database: Database, application: Application, redis: Connection
) -> None:
    tracking_id = fail(database, application, 7)
    because(database, tracking_id, "The url is too long.")
    address = f"{HIT}?id={tracking_id}"

    def fields() -> dict[str, str]:
        page = operator.get(address).text
        [data] = re.findall(r'<textarea[^>]*name="tracking_data"[^>]*>(.*?)</textarea>', page, re.DOTALL)
        [seen_at] = re.findall(r'name="seen_at" value="([^"]*)"', page)
        return {"action": "edit", "id": str(tracking_id), "seen_at": seen_at, "tracking_data": html.unescape(data)}

    form = fields()
    hit = orjson.loads(form["tracking_data"])
    for wrong, because_of in (
        ("{", "It is no JSON"),
        ("[]", "no JSON object"),
        (json_of({**hit, "surprise": 1}), "does not read as a hit"),
        (json_of({**hit, "place": {"country": "JP"}}), "does not read as a hit"),
        (json_of({**hit, "url": 5}), "does not read as a hit"),
        (json_of({**hit, "event_data": []}), "does not read as a hit"),
        (json_of({**hit, "id": hit["id"] + 1}), "stay"),
        (json_of({**hit, "app_id": "other"}), "was accepted for this application"),
        (json_of({**hit, "url": "a\0b"}), "NUL"),
        (json_of({"x": "<script>alert(1)</script>"}), "does not read as a hit"),
    ):
        refused = operator.post(FAILED, **{**form, "tracking_data": wrong, "once": "known-by-this"})
        assert refused.status_code == 400, wrong
        assert because_of in text_of(refused)
        assert "<script>alert" not in refused.text
        assert html.escape(wrong, quote=True).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in refused.text
    assert redis.keys("tracker:form-answers:*") == [], "what was refused is no answer to a second click"
    assert operator.post(FAILED, **{**form, "seen_at": "x"}).status_code == 400
    assert queued_hits(redis) == []
    # The same time to the microsecond, of which nothing is rounded up.
    mended = {**hit, "url": "https://shop.example/mended", "created_at": f"{NOON:%F}T12:00:07.0000009Z"}
    changed = {**form, "tracking_data": json_of(mended)}
    done = operator.post(FAILED, **changed)
    assert (done.status_code, done.location) == (303, f"{address}&done=edit&count=1")
    assert "1 changed and sent in again" in text_of(operator.get(done.location))
    assert operator.post(FAILED, **changed).status_code == 409, "what was seen is not what is there"
    drain(redis, database)
    assert failed_count(database) == 0
    [stored] = rows(database, "SELECT url, id, created_at FROM access_logs")
    assert stored == ("https://shop.example/mended", hit["id"], NOON + timedelta(seconds=7))
    assert operator.post(FAILED, **form).status_code == 404, "it has not failed any more"
    noted = [(row["action"], row["subject"]) for row in audit.list_(database, limit=2)]
    assert noted == [("hits.retried", str(tracking_id)), ("hits.edited", str(tracking_id))]


def json_of(columns: dict[str, Any]) -> str:
    return orjson.dumps(columns).decode()


def test_nobody_but_the_operator_and_no_other_site_changes_failed_hits(
    managing: Managing, operator: Browsing, database: Database, application: Application, application_key: str
) -> None:
    tracking_id = str(fail(database, application, 1))
    owner = Browsing(managing)
    owner.sign_in(application_key)
    assert owner.post(FAILED, action="discard", id=tracking_id).status_code == 404
    assert Browsing(managing).post(FAILED, action="discard", id=tracking_id).status_code == 303
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert operator.post(FAILED, headers=foreign, action="discard", id=tracking_id).status_code == 403
    assert operator.post(FAILED, action="delete", id=tracking_id).status_code == 400
    assert operator.post(FAILED, action="discard", id="1").status_code == 400
    assert failed_count(database) == 1


def test_one_hit_is_found_wherever_it_is(operator: Browsing, database: Database, application: Application) -> None:
    tracking_id = fail(database, application, 1)
    because(database, tracking_id, "There is no application shop of the hit's id any more.")
    page = operator.get(f"{HIT}?id={tracking_id}")
    assert "Failed" in text_of(page)
    assert 'name="action" value="retry"' in page.text
    operator.language = "ja"
    assert "ヒットのIDに対応するアプリケーションshopはもうありません。" in operator.get(f"{HIT}?id={tracking_id}").text
    operator.language = "en"
    assert "No hit of this id" in text_of(operator.get(f"{HIT}?id={uuid4()}"))
    assert operator.get(f"{HIT}?id=x").status_code == 400


def test_one_hit_is_found_stored_waiting_and_to_be_tried_again(
    operator: Browsing, database: Database, application: Application, redis: Connection
) -> None:
    stored, waiting, tried, kept = (hit_of(application, number) for number in range(1, 5))
    enqueue(redis, [stored])
    drain(redis, database)
    enqueue(redis, [waiting])
    redis.zadd(RETRIES, {entry_of(tried).to_member(): 4_000_000_000})
    with database.transaction() as tx:
        batch_queue.add(tx, [QueueRow(**entry_of(kept)._asdict())])
    for hit, told in (
        (stored, "Stored"),
        (waiting, "Waiting normal"),
        (tried, "Waiting retries"),
        (kept, "Kept in the database until Redis is back"),
    ):
        page = operator.get(f"{HIT}?id={hit.tracking_id}")
        [state] = re.findall(r'<section class="panel">.*?<h2>(.*?)</h2>', page.text, re.DOTALL)
        assert re.sub(r"<[^>]+>", "", state) == told
        assert f"https://shop.example/{hit.id}" in text_of(page), told
        assert 'name="action"' not in page.text, "only what has failed is sent in again or given up"


def test_the_pace_of_the_last_hour_and_the_versions_are_told(
    managing: Managing, operator: Browsing, database: Database, redis: Connection
) -> None:
    minute = int(redis.time()[0]) // 60  # type: ignore[index]
    redis.hset(f"{metric_counts._MINUTE}{minute - 3}", mapping={"in": 900, "out": 600})
    InstanceCheck(database, redis, managing.parts.clock, kind="receiver").look()
    told = text_of(operator.get("/dashboard/operations"))
    assert "In the last 5 minutes 3 hits a second came in and 2 went out." in told
    assert f"{__version__}: receivers 1" in told
    assert "More than one version" not in told
    ownership.note_process(redis, "workers elsewhere:7", b'{"database": {}}')
    told = text_of(operator.get("/dashboard/operations"))
    assert "an older one: workers 1" in told
    assert "More than one version runs" in told


def test_how_old_the_queue_is_and_when_it_is_empty_are_told(operator: Browsing, redis: Connection) -> None:
    now, old = int(redis.time()[0]), 90  # type: ignore[index]
    for number in range(2):
        redis.xadd(NORMAL, {"number": number}, id=f"{(now - old + number) * 1000}-0")
    minute = f"{metric_counts._MINUTE}{now // 60 - 3}"
    redis.hset(minute, mapping={"in": 30, "out": 60})
    told = text_of(operator.get("/dashboard/operations"))
    assert "At this pace the queue is empty in about 20 s." in told, "2 hits, of which 0.1 a second go more than come"
    [seconds] = re.findall(r"the oldest for (\d+) s", told)
    assert old <= int(seconds) < old + 30
    redis.hset(minute, "in", 60)
    told = text_of(operator.get("/dashboard/operations"))
    assert "More comes in than goes out: what waits grows." in told
    assert "the queue is empty" not in told


def test_the_chart_of_the_pace_stays_within_its_bounds() -> None:
    drawn = pace([MinuteRate(100, 0, 0), MinuteRate(101, 7, 1_000_000)], Throughput(0.0, 0.0, None))
    assert drawn.columns[0].hits_out == 0
    assert 0 < drawn.columns[1].hits_in < drawn.columns[1].hits_out <= HEIGHT
    assert drawn.lines[0].y == TOP + HEIGHT
    assert (drawn.hits_in, drawn.hits_out) == (7, 1_000_000)
    assert pace([], Throughput(0.0, 0.0, 0.0)).columns == []


def test_a_hit_of_any_length_fits_the_form_that_edits_it(managing: Managing) -> None:
    limit = max_body_of(managing.app, LARGER_BODIES)
    form = {"PATH_INFO": FAILED, "REQUEST_METHOD": "POST"}
    assert limit(form) == MAX_HIT_BYTES > 3 * MAX_BODY_BYTES, "each byte may take three"
    assert limit({**form, "PATH_INFO": "/dashboard/applications/shop/notes"}) == MAX_BODY_BYTES
