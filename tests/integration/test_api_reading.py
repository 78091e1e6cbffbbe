"""Statistics, sessions and export over HTTP: the same numbers as by command, for whoever may, of one application."""

import csv
import gzip
import io
from datetime import timedelta
from typing import Any

import orjson
import pytest

from tests.support.command_line import tracker
from tests.support.counted import fold_everything
from tests.support.managing import Managing, data, error
from tests.support.queued_hits import NOON, define, drain, enqueue, hit_of
from tracker.api import export as export_view
from tracker.application import Application, hash_key
from tracker.config import Settings
from tracker.errors import DatabaseUnavailable, TookTooLong
from tracker.management import applications
from tracker.queueing.connection import Connection
from tracker.reading import export_rows
from tracker.store import api_keys
from tracker.store.database import Database

TODAY = str(NOON.date())
PATHS = ("/v1/statistics", "/v1/statistics/custom-parameters?parameter_key=kind", "/v1/statistics/parameter-drift")
ALL = (*PATHS, "/v1/sessions", "/v1/export")


@pytest.fixture
def stored(redis: Connection, database: Database, application: Application) -> Application:
    define(database, application, "kind", "string")
    define(database, application, "price", "number")
    hits = [
        hit_of(
            application,
            n,
            created_at=NOON - timedelta(hours=n),
            session_id=f"s{n % 4}",
            client_sub_id=f"v{n % 3}",
            custom_params={"kind": "=1+1" if n % 2 else "b", "price": n, "new": True},
        )
        for n in range(1, 21)
    ]
    enqueue(redis, hits)
    drain(redis, database)
    fold_everything(database)
    return application


def key_with(database: Database, application: Application, *permissions: str) -> str:
    key = f"alt_{'-'.join(permissions) or 'nothing'}"
    with database.transaction() as tx:
        api_keys.insert(tx, application.id, key_hash=hash_key(key), permissions=list(permissions))
    return key


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("", ["--group-by", "day"]),
        ("&group_by=hour", ["--group-by", "hour"]),
        ("&group_by=month", ["--group-by", "month"]),
        ('&custom_params={"kind":"b"}', ["--param", "kind=b"]),
        ('&custom_params={"price":5}&group_by=hour', ["--param", "price=5", "--group-by", "hour"]),
    ],
)
def test_both_faces_show_the_same_statistics(
    managing: Managing, settings: Settings, query: str, options: list[str]
) -> None:
    first = str(NOON.date() - timedelta(days=2))
    over_http = data(managing.get(f"/v1/statistics?app_id=shop&start_date={first}&end_date={TODAY}{query}"))
    by_command = tracker(
        settings, "stats", "show", "--app-id", "shop", "--from", first, "--to", TODAY, *options, "--json"
    ).json
    for shown in (over_http, by_command):
        assert shown.pop("data_complete_until") is not None
    assert over_http == by_command
    assert (
        over_http["total_requests"]
        == {"": 20, "kind": 10, "price": 1}[options[1].partition("=")[0] * ("--param" in options)]
    )


@pytest.mark.usefixtures("stored")
def test_both_faces_show_the_same_parameter_drift_and_sessions(managing: Managing, settings: Settings) -> None:
    of_kind = data(managing.get("/v1/statistics/custom-parameters?app_id=shop&parameter_key=kind&limit=1"))
    assert of_kind["breakdown"] == [{"value": "=1+1", "count": 10, "unique_visitors": 3, "unique_sessions": 2}]
    assert (of_kind["distinct_values"], of_kind["other_count"], of_kind["exact"]) == (2, 10, True)
    by_command = tracker(settings, "stats", "parameter", "kind", "--app-id", "shop", "--limit", "1", "--json").json
    assert {**by_command, "data_complete_until": 0} == {**of_kind, "data_complete_until": 0}
    price = data(managing.get("/v1/statistics/custom-parameters?app_id=shop&parameter_key=price"))
    assert (price["numbers"], price["breakdown"]) == ({"sum": 210, "min": 1, "max": 20, "mean": 10.5}, [])
    drift = data(managing.get("/v1/statistics/parameter-drift?app_id=shop"))
    assert drift == tracker(settings, "stats", "drift", "--app-id", "shop", "--json").json
    assert drift["undefined"] == [
        {"parameter_key": "new", "hits": 20, "share": 1.0, "distinct_values": 1, "types": {"boolean": 20}}
    ]
    assert {parameter["parameter_key"]: parameter["distinct_values"] for parameter in drift["defined"]} == {
        "kind": 2,
        "price": 20,
    }
    page = data(managing.get("/v1/sessions?app_id=shop"))
    assert page["items"] == tracker(settings, "sessions", "list", "--app-id", "shop", "--json").json
    assert {row["session_id"] for row in page["items"]} == {"s0", "s1", "s2", "s3"}


@pytest.mark.usefixtures("stored")
def test_sessions_come_page_by_page(managing: Managing) -> None:
    whole = data(managing.get("/v1/sessions?app_id=shop"))["items"]
    paged, cursor = [], ""
    while cursor is not None:
        page = data(managing.get(f"/v1/sessions?app_id=shop&limit=1{cursor and f'&cursor={cursor}'}"))
        paged += page["items"]
        cursor = page["next_cursor"]
    assert paged == whole
    assert data(managing.get("/v1/sessions?app_id=shop&session_id=s2&is_active=true"))["items"] == [
        row for row in whole if row["session_id"] == "s2"
    ]
    assert data(managing.get('/v1/sessions?app_id=shop&custom_params={"kind":"b"}&client_sub_id=none'))["items"] == []


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("form", ["plain", "on the way", "file"])
def test_an_export_is_csv_that_a_spreadsheet_does_not_compute_and_may_be_compressed(
    managing: Managing, settings: Settings, form: str
) -> None:
    headers = {"Accept-Encoding": "gzip"} if form == "on the way" else {}
    answer = managing.get(f"/v1/export?app_id=shop{'&gzip=true' if form == 'file' else ''}", headers=headers)
    assert answer.status_code == 200
    body = answer.data if form == "plain" else gzip.decompress(answer.data)
    rows = list(csv.DictReader(io.StringIO(body.decode(), newline="")))
    assert len(rows) == 20
    assert orjson.loads(rows[0]["custom_params"])["new"] is True
    assert answer.headers.get("Content-Encoding") == ("gzip" if form == "on the way" else None)
    assert answer.headers["Content-Type"] == (
        "application/gzip" if form == "file" else "text/csv; charset=utf-8; header=present"
    )
    by_command = tracker(settings, "export", "--app-id", "shop")
    assert by_command.output.encode() == body


@pytest.mark.usefixtures("stored")
def test_lines_of_json_may_be_filtered(managing: Managing) -> None:
    path = '/v1/export?app_id=shop&format=jsonl&custom_params={"kind":"b"}&session_id=s2'
    answer = managing.get(path)
    assert [orjson.loads(line)["custom_params"]["price"] for line in answer.data.splitlines()] == [18, 14, 10, 6, 2]
    assert answer.headers["Content-Type"] == "application/jsonl"
    assert b"custom_params" not in managing.get(f"{path}&include_custom_params=false").data


def test_a_key_reads_what_it_may_of_its_own_application(
    managing: Managing, database: Database, application: Application, application_key: str
) -> None:
    _, foreign = applications.create(database, name="Other", app_id="other")
    stats, exports = key_with(database, application, "stats:read"), key_with(database, application, "export:read")
    for path in ALL:
        joined = f"{path}{'&' if '?' in path else '?'}"
        wanted = exports if path == "/v1/export" else stats
        unwanted = stats if path == "/v1/export" else exports
        for key in (application_key, wanted):
            named = managing.get(f"{joined}app_id=shop", key=key)
            assert named.status_code == managing.get(path, key=key).status_code
            assert named.status_code in (200, 404)
        assert error(managing.get(path, key=unwanted)) == (403, "FORBIDDEN")
        assert error(managing.get(f"{joined}app_id=shop", key=foreign)) == (404, "APPLICATION_NOT_FOUND")
        assert error(managing.get(path, key=None))[0] == 401
        assert error(managing.get(path)) == (400, "VALIDATION_ERROR")
        assert error(managing.post(f"{joined}app_id=shop", {}))[0] == 405


@pytest.mark.usefixtures("application")
@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/statistics?start_date=2026-02-30", "start_date"),
        ("/v1/statistics?start_date=20260201", "start_date"),
        ("/v1/statistics?start_date=2026-W05-6", "start_date"),
        ("/v1/statistics?start_date=2026-02-02&end_date=2026-02-01", "start_date"),
        ("/v1/statistics?start_date=0001-01-01", "start_date"),
        ("/v1/statistics?end_date=9999-12-31", "end_date"),
        ("/v1/statistics?end_date=0001-01-01", "end_date"),
        ("/v1/sessions?end_date=0001-01-07", "end_date"),
        ("/v1/statistics?group_by=week", "group_by"),
        ("/v1/statistics?start_date=2020-01-01&end_date=2026-01-01", "end_date"),
        ("/v1/statistics?custom_params=1", "custom_params"),
        ("/v1/statistics?custom_params={", "custom_params"),
        ('/v1/statistics?custom_params={"a":NaN}', "custom_params.a"),
        ('/v1/statistics?custom_params={"a":"\\u0000"}', "custom_params.a"),
        ('/v1/statistics?custom_params={"a":"\\ud800"}', "custom_params.a"),
        ("/v1/statistics?unknown=1", "unknown"),
        ("/v1/statistics?group_by=day&group_by=day", "group_by"),
        ("/v1/statistics/custom-parameters", "parameter_key"),
        ("/v1/statistics/custom-parameters?parameter_key=a&limit=0", "limit"),
        ("/v1/statistics/custom-parameters?parameter_key=a%00", "parameter_key"),
        ("/v1/sessions?cursor=abc", "cursor"),
        ("/v1/sessions?cursor=%C3%A4", "cursor"),
        ("/v1/sessions?is_active=1", "is_active"),
        ("/v1/sessions?limit=1001", "limit"),
        ("/v1/export?format=excel", "format"),
        ("/v1/export?event_name=", "event_name"),
        (f"/v1/export?session_id={'s' * 101}", "session_id"),
        ("/v1/export?gzip=yes", "gzip"),
    ],
)
def test_a_bad_parameter_is_named(managing: Managing, application_key: str, path: str, field: str) -> None:
    answer = managing.get(path, key=application_key)
    assert error(answer) == (400, "VALIDATION_ERROR")
    assert list(answer.get_json()["error"]["details"]) == [field]


@pytest.mark.usefixtures("stored")
def test_what_is_wrong_from_the_start_is_an_answer_and_later_a_broken_one(
    managing: Managing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_rows, "PAGE", 5)
    monkeypatch.setattr("tracker.reading.export.SILENCE", 600.0)  # However slow this machine is just now.
    monkeypatch.setattr(export_rows, "_PAUSES", ())
    real, calls = export_rows.exported_hits.page, iter(range(100))
    broken_at, broken_by = 0, TookTooLong("slow")

    def failing(*arguments: Any, **named: Any) -> Any:
        if next(calls) >= broken_at:
            raise broken_by
        return real(*arguments, **named)

    monkeypatch.setattr(export_rows.exported_hits, "page", failing)
    for query, headers in (("", {}), ("&gzip=true", {}), ("", {"Accept-Encoding": "gzip"})):
        refused = managing.get(f"/v1/export?app_id=shop{query}", headers=headers)
        assert error(refused) == (503, "SERVICE_UNAVAILABLE"), "compressed or not"
    calls, broken_at, broken_by = iter(range(100)), 8, DatabaseUnavailable("away")
    broken = managing.get("/v1/export?app_id=shop")
    assert broken.status_code == 200
    with pytest.raises(DatabaseUnavailable):
        broken.get_data()
    calls, broken_by = iter(range(100)), ZeroDivisionError("a fault of ours")
    sent: list[bytes] = []
    with pytest.raises(ZeroDivisionError):
        sent.extend(managing.get("/v1/export?app_id=shop").response)  # type: ignore[arg-type]
    assert b"".join(sent).splitlines()[-1] == b'"INCOMPLETE: the export broke off here."', "whatever broke it"
    calls, broken_at = iter(range(100)), 1000
    places, at_once, per_application = export_view._places, export_view.MAX_CONCURRENT, export_view._PER_APPLICATION
    for holders in (["shop"] * per_application, [f"other-{number}" for number in range(at_once)]):
        assert all(map(places.take, holders)), "every export has given its place back"
        refused = managing.get("/v1/export?app_id=shop")
        assert (error(refused), "Retry-After" in refused.headers) == ((503, "SERVICE_UNAVAILABLE"), True)
        for holder in holders:
            places.give_back(holder)
    assert len(managing.get("/v1/export?app_id=shop").data.splitlines()) == 21
