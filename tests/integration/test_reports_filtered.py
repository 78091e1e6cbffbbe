"""What filters leave of the files is put into a table where it is little: the answers are those of the files."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pytest

from bench import asked_together, made_up_facts
from tracker.reports import statement
from tracker.reports.facts_read import FactsRead
from tracker.reports.gathered import GatheredVisits
from tracker.reports.readers import Readers
from tracker.reports.tables import filtered_of

FIRST, DAYS = date(2026, 10, 1), 2
LAST = FIRST + timedelta(days=DAYS - 1)
FILTERS = (
    [["device", "is", "phone"], ["country", "any_of", ["C1", "C3"]]],
    [["browser_version", "begins_with", "Browser 1"], ["entry_page", "contains", "/category-1"]],
    [["channel", "is_not", "internal"], ["language", "is", "l3"]],
    [["page", "contains", "article-1"], ["event", "is", None]],
    [["region", "is", None], ["screen", "is", "small"]],
    [["source", "is", "site-3.example"]],
    [["device", "is", "nothing of the kind"]],
)
MEASURES = ("visitors,page_views", "requests,sessions,duration,bounce_rate")
ASKED = (
    *({}, {"dimensions": "page"}, {"dimensions": "source,device"}, {"dimensions": "exit_page"}, {"interval": "day"}),
    *({"dimensions": "browser_version", "order": "browser_version"}, {"interval": "hour", "dimensions": "channel"}),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("facts")
    made_up_facts.make(folder, first=FIRST, days=DAYS, hits=6000, visitors=300)
    return folder


@pytest.fixture
def readers(folder: Path) -> Iterator[Readers]:
    made = Readers(folder)
    yield made
    made.close()


def files(folder: Path) -> FactsRead:
    return asked_together.facts_read(sorted(map(str, folder.glob("*.parquet"))))


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_answers_are_the_same_from_the_table_and_from_the_files(
    folder: Path, readers: Readers, filters: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    had_table, could_have = set(), set()

    def answer(given: dict[str, str], most: int) -> list[Any]:
        for name in ("_MAX_FEW_PARTS", "_MAX_FEW_HITS"):
            monkeypatch.setattr(statement, name, most)
        question = asked_together.question({**given, "filters": orjson.dumps(filters).decode()}, FIRST, LAST)
        with readers.cursor("shop") as cursor:
            rows = statement.rows_of(question, cursor, GatheredVisits(), files(folder), timeout_minutes=30)
            had_table.add(cursor.rows("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'few'") == [(1,)])
            could_have.add(filtered_of(question, files(folder)) is not None)
            return [tuple(pytest.approx(cell) if isinstance(cell, float) else cell for cell in row) for row in rows]

    for measures in MEASURES:
        for given in ASKED:
            asked = {"measures": measures, **given}
            assert answer(asked, 1_000_000) == answer(asked, 0), asked
    assert any(had_table) is any(could_have), "who looks at the files once has none"


def test_what_is_left_is_what_the_rows_say(folder: Path, readers: Readers) -> None:
    question = asked_together.question(
        {"measures": "requests,visitors", "filters": orjson.dumps(FILTERS[0]).decode()}, FIRST, LAST
    )
    [counted] = duckdb.execute(
        "SELECT count(*), count(DISTINCT visitor) FROM read_parquet(?) "
        "WHERE device = 'phone' AND country IN ('C1', 'C3')",
        [list(files(folder).paths)],
    ).fetchall()
    assert counted[0] > 0
    with readers.cursor("shop") as cursor:
        assert statement.rows_of(question, cursor, GatheredVisits(), files(folder), timeout_minutes=30) == [counted]
