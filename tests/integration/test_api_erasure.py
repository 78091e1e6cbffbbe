"""Erasures over HTTP: asked for, done by the scheduler's turn, read as a receipt."""

from base64 import urlsafe_b64encode
from uuid import uuid4

import orjson
import pytest

from tests.support.erasing import tables_with
from tests.support.managing import Managing, data, error
from tests.support.queued_hits import drain, enqueue, hit_of, rows
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.erasure import application as erased_application
from tracker.erasure.run import erase_waiting
from tracker.queueing.connection import Connection
from tracker.store.database import Database

PATH = "/v1/applications/shop/erasures"
WHO = {"client_sub_id": ["somebody"]}


def test_an_erasure_is_accepted_done_by_the_scheduler_and_receipted(
    managing: Managing, redis: Connection, database: Database, application: Application
) -> None:
    enqueue(redis, [hit_of(application, n, client_sub_id="somebody" if n < 3 else "other") for n in range(5)])
    drain(redis, database)
    asked = managing.post(PATH, WHO)
    assert asked.status_code == 202
    assert data(asked)["state"] == "waiting"
    assert data(managing.post(PATH, WHO))["id"] == data(asked)["id"]
    assert erase_waiting(database, redis, SystemClock(), owner="scheduler") == 1
    receipt = data(managing.get(asked.headers["Location"]))
    assert (receipt["state"], receipt["counts"]["access_logs"]) == ("done", 3)
    assert rows(database, "SELECT count(*) FROM access_logs") == [(2,)]
    assert "somebody" not in managing.get(PATH).text
    assert rows(database, "SELECT subject FROM audit_log WHERE action = 'erasure.requested'") == [(receipt["id"],)]


def test_receipts_are_listed_page_by_page_the_newest_first(managing: Managing, application: Application) -> None:
    made = [data(managing.post(PATH, {"session_id": [f"s{n}"]}))["id"] for n in range(3)]
    first = data(managing.get(f"{PATH}?limit=2"))
    rest = data(managing.get(f"{PATH}?limit=2&cursor={first['next_cursor']}"))
    assert [row["id"] for row in first["items"] + rest["items"]] == made[::-1]
    assert rest["next_cursor"] is None
    foreign = urlsafe_b64encode(orjson.dumps([str(uuid4())])).decode()
    for cursor in ("WyJ4Il0=", foreign):
        assert error(managing.get(f"{PATH}?cursor={cursor}")) == (400, "VALIDATION_ERROR")


def test_only_who_may_erase_and_only_ones_own(
    managing: Managing, database: Database, application: Application, application_key: str
) -> None:
    assert managing.post(PATH, WHO, key=application_key).status_code == 202
    assert error(managing.post(PATH, WHO, key=None)) == (401, "AUTHENTICATION_ERROR")
    assert error(managing.post("/v1/applications/other/erasures", WHO, key=application_key)) == (
        404,
        "APPLICATION_NOT_FOUND",
    )
    assert error(managing.get(f"{PATH}/{uuid4()}")) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"client_sub_id": []},
        {"client_sub_id": "somebody"},
        {"client_sub_id": [""]},
        {"client_sub_id": ["x" * 101]},
        {"client_sub_id": ["a\0"]},
        {"ip": ["nowhere"]},
        {"session_id": [1]},
        {"name": ["somebody"]},
        {"session_id": [str(n) for n in range(101)]},
        {"session_id": [str(n) for n in range(60)], "client_sub_id": [str(n) for n in range(60)]},
    ],
)
def test_what_names_nobody_is_refused(managing: Managing, application: Application, body: object) -> None:
    assert error(managing.post(PATH, body)) == (400, "VALIDATION_ERROR")


def test_a_deleted_application_is_purged_by_the_scheduler_where_that_is_asked_for(
    managing: Managing, redis: Connection, database: Database, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erased_application, "RECEIVERS_SECONDS", 0)
    enqueue(redis, [hit_of(application, n, session_id="s") for n in range(5)])
    drain(redis, database)
    assert error(managing.delete("/v1/applications/shop?purge=perhaps")) == (400, "VALIDATION_ERROR")
    assert managing.delete("/v1/applications/shop?purge=true").status_code == 200
    assert error(managing.get(PATH)) == (404, "APPLICATION_NOT_FOUND")
    assert erase_waiting(database, redis, SystemClock(), owner="scheduler") == 1
    assert tables_with(database, str(application.id)) == {"audit_log": 1}
    query = "SELECT actor_kind, subject, after ->> 'access_logs' FROM audit_log WHERE action = 'application.purged'"
    assert rows(database, query) == [("admin", "shop", "5")]


def test_an_application_is_deleted_and_to_be_purged_or_neither(
    managing: Managing, database: Database, application: Application, application_key: str
) -> None:
    with database.transaction() as tx:
        tx.execute("ALTER TABLE erasures ADD CONSTRAINT none CHECK (kind <> 'application') NOT VALID")
    assert managing.delete("/v1/applications/shop?purge=true", key=application_key).status_code >= 500
    assert managing.get("/v1/applications/shop", key=application_key).status_code == 200
    with database.transaction() as tx:
        tx.execute("ALTER TABLE erasures DROP CONSTRAINT none")
    assert managing.delete("/v1/applications/shop?purge=true", key=application_key).status_code == 200
    assert rows(database, "SELECT kind FROM erasures") == [("application",)]
