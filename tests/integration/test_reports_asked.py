"""Reports by HTTP and by command: what is no question is refused by name, and what cannot be answered says why."""

import csv
from collections.abc import Iterator
from urllib.parse import quote

import orjson
import pytest

from tests.support.command_line import tracker
from tests.support.erasing import erase
from tests.support.facts import make_facts
from tests.support.managing import Managing
from tests.support.queued_hits import NOON, drain, enqueue, hit_of, rows
from tests.support.reporting import DAYS, MEASURES, NOW, Reporting, reporting_of
from tests.support.settings_of import settings_of
from tracker.application import Application
from tracker.config import Settings
from tracker.embedded import Valkey
from tracker.errors import Refused
from tracker.facts.write import Writer
from tracker.queueing.connection import Connection
from tracker.reading.export_lines import safe_cell
from tracker.reports import answer
from tracker.reports.readers import Readers
from tracker.store.database import Database


@pytest.fixture(scope="module")
def settings_of_all(database_of_all: str, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_of(database_of_all, valkey.url, tmp_path_factory.mktemp("reports"))


@pytest.fixture(scope="module")
def reporting(settings_of_all: Settings) -> Iterator[Reporting]:
    with reporting_of(settings_of_all) as made:
        yield made


BAD = [
    {"measures": "nonsense"},
    {"measures": "sum:nobody"},
    {"measures": "requests,requests"},
    {"dimensions": "page,host,browser"},
    {"dimensions": 'page"; DROP TABLE x; --'},
    {"dimensions": "param:\"'"},
    {"dimensions": "visitor"},
    {"filters": "{"},
    {"filters": '{"page": "x"}'},
    {"filters": '[["page", "like", "x"]]'},
    {"filters": '[["page", "is", 5]]'},
    {"filters": '[["page", "any_of", []]]'},
    {"filters": '[["page", "is", "a\\u0000b"]]'},
    {"filters": orjson.dumps([["page", "any_of", [str(n) for n in range(10_000)]]]).decode()},
    {"filters": orjson.dumps([["page", "is", "x"]] * 21).decode()},
    {"interval": "fortnight"},
    {"interval": "minute", "start_date": "2026-10-25"},
    {"interval": "hour", "start_date": "2026-06-29"},
    {"compare": "tomorrow"},
    {"order": "browser"},
    {"limit": "0"},
    {"limit": "1e3"},
    {"cursor": "xyz"},
    {"cursor": "ä"},
    {"start_date": "2026-10-28"},
    {"start_date": "2026-13-01"},
    {"start_date": "0001-01-01"},
    {"start_date": "1999-01-01"},
    {"end_date": "9999-12-31"},
]


@pytest.mark.parametrize("given", BAD, ids=lambda given: f"{next(iter(given.items()))}"[:60])
def test_what_is_no_question_is_a_400_that_names_the_field(reporting_api: Managing, given: dict[str, str]) -> None:
    query = "&".join(f"{name}={quote(value)}" for name, value in {"app_id": "shop", **DAYS, **given}.items())
    response = reporting_api.get(f"/v1/reports?{query}")
    assert response.status_code == 400, response.text
    error = orjson.loads(response.data)["error"]
    [field] = error["details"]
    assert field in given or field in DAYS


def test_as_many_days_as_are_said_may_be_asked_by_the_minute_and_by_the_hour(reporting: Reporting) -> None:
    for interval, start, rows_of in (("minute", "2026-10-26", 2 * 24 * 60), ("hour", "2026-06-30", 120 * 24 + 1)):
        end = "2026-10-27"
        assert len(reporting.rows(interval=interval, start_date=start, end_date=end)) == rows_of


@pytest.fixture(scope="module")
def reporting_api(settings_of_all: Settings, reporting: Reporting) -> Iterator[Managing]:
    managing = Managing(settings_of_all)
    yield managing
    managing.close()


def test_over_http_and_where_there_are_no_facts(
    settings: Settings, database: Database, redis: Connection, application: Application
) -> None:
    api = Managing(settings)
    try:
        early = api.get("/v1/reports?app_id=shop")
        assert (early.status_code, "facts" in early.text) == (503, True)
        hostile = "</script>'\"; DROP TABLE applications; -- \N{PILE OF POO}\n\t"
        enqueue(redis, [hit_of(application, 1, url=f"https://shop.example/{hostile}", module_id=hostile)])
        drain(redis, database)
        make_facts(database, settings.facts_url)
        asked = orjson.dumps([["module", "is", hostile]]).decode()
        response = api.get(f"/v1/reports?app_id=shop&dimensions=module&measures=requests&filters={quote(asked)}")
        assert orjson.loads(response.data)["data"]["rows"] == [{"module": hostile, "requests": 1}]
        [file] = settings.facts_url.rglob("*.parquet")
        file.write_bytes(file.read_bytes()[:-8])
        damaged = api.get("/v1/reports?app_id=shop&dimensions=page")
        assert (damaged.status_code, "stats rebuild" in damaged.text) == (503, True)
        assert api.get("/v1/reports?app_id=nobody").status_code == 404
    finally:
        api.close()


def test_a_second_look_is_not_made_again_before_a_file_is_another_one(
    settings: Settings, database: Database, redis: Connection, application: Application
) -> None:
    readers = Readers(settings.facts_url)

    def pages(**given: str) -> list[str]:
        asked = {"dimensions": "page", "measures": "requests", "order": "page", **given}
        report = answer.read(database, readers, app_id="shop", given=asked, now=NOON)
        return [row["page"] for row in report.rows]

    enqueue(redis, [hit_of(application, number) for number in (1, 2)])
    drain(redis, database)
    make_facts(database, settings.facts_url)
    assert pages() == ["/1", "/2"]
    # Nothing but the answer that was kept can say it now.
    [file] = settings.facts_url.rglob("*.parquet")
    whole = file.read_bytes()
    file.write_bytes(whole[:-8])
    assert pages() == ["/1", "/2"]
    with pytest.raises(Refused):
        pages(order="-page")
    file.write_bytes(whole)
    enqueue(redis, [hit_of(application, 3)])
    drain(redis, database)
    writer = make_facts(database, settings.facts_url)
    assert pages() == ["/1", "/2", "/3"]
    erase_and_write(database, redis, writer)
    assert pages() == ["/2", "/3"]
    readers.close()


def erase_and_write(database: Database, redis: Connection, writer: Writer) -> None:
    """Erase the sender of the first hit."""
    rows(database, "UPDATE access_logs SET client_sub_id = 'a' WHERE id = 1 RETURNING 1")

    def write() -> None:
        writer.turn()
        writer.remove_replaced(0)

    erase(database, redis, clients=["a"], write_facts=write)


def test_an_answer_that_has_no_room_is_a_503(reporting: Reporting) -> None:
    small = Readers(reporting.readers.folder.path, memory_megabytes=1)
    try:
        with pytest.raises(Refused) as refused:
            answer.read(
                reporting.database,
                small,
                app_id="shop",
                given={**DAYS, "measures": MEASURES, "dimensions": "entry_page,browser"},
                now=NOW,
            )
        assert refused.value.status == 503
    finally:
        small.close()


def test_by_command_as_table_json_and_csv(settings_of_all: Settings, reporting: Reporting) -> None:
    asked = ("--app-id", "shop", "--from", DAYS["start_date"], "--to", DAYS["end_date"], "--by", "page")
    expected = reporting.rows(dimensions="page")
    assert tracker(settings_of_all, "stats", "report", *asked, "--json").json["rows"] == expected
    lines = tracker(settings_of_all, "stats", "report", *asked, "--csv").output.splitlines()
    assert lines == ["page,visitors,requests", *(f"{r['page']},{r['visitors']},{r['requests']}" for r in expected)]
    wrong = tracker(settings_of_all, "stats", "report", *asked, "--measures", "nonsense")
    assert (wrong.status, "measures" in wrong.errors) == (1, True)


def test_csv_holds_no_formula_whatever_a_visitor_named_an_event(
    settings: Settings, database: Database, redis: Connection, application: Application
) -> None:
    """The same apostrophes stand there as in the dashboard's CSV and in that of an export."""
    names = ["=1+1", "\N{FULLWIDTH EQUALS SIGN}1+1", " =1+1", "a;=1+1", "\N{MINUS SIGN}1+1", "'=1+1", "-12.5", "a"]
    enqueue(redis, [hit_of(application, number, event_name=name) for number, name in enumerate(names, 1)])
    drain(redis, database)
    make_facts(database, settings.facts_url)
    day = f"{NOON:%F}"
    asked = ("--app-id", "shop", "--from", day, "--to", day, "--by", "event", "--order", "event")
    told = tracker(settings, "stats", "report", *asked, "--measures", "requests", "--csv").output
    cells = [row[0] for row in csv.reader(told.splitlines()[1:])]
    assert cells == [safe_cell(name) for name in sorted(names)]
    assert {"-12.5", "a"} <= set(cells), "a number and a plain word stay as they are"
