"""What filters leave of the files is read once for questions that are asked together: answers are as before."""

import resource
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import duckdb
import orjson
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from bench import asked_together, made_up_facts
from tracker.reports import sifted, statement
from tracker.reports.facts_read import FactsRead
from tracker.reports.kept import Kept
from tracker.reports.measures import measure_of
from tracker.reports.passing_files import PassingFiles
from tracker.reports.question import Question
from tracker.reports.readers import Readers
from tracker.reports.tables import is_of_parts
from tracker.reports.visits import OF_VISITS
from tracker.reports.zone_days import ZoneDays

FIRST, DAYS = date(2026, 10, 1), 3
LAST = FIRST + timedelta(days=DAYS - 1)
CONDITIONS: list[list[Any]] = [
    ["device", "is", "phone"],
    ["country", "any_of", ["C1", "C3"]],
    ["browser_version", "begins_with", "Browser 1"],
    ["entry_page", "contains", "/category-1"],
    ["entry_page", "is", "/category-0/article-0"],
    ["exit_page", "is_not", "/category-0/article-0"],
    ["channel", "is_not", "internal"],
    ["channel", "is", "internal"],
    ["channel", "contains_any_case", "NAL"],
    ["source", "is", "site-3.example"],
    ["source", "is", None],
    ["source", "any_of", ["site-0.example", None]],
    ["referrer", "is_not", "site-0.example/1"],
    ["visit_source", "is", "site-3.example"],
    ["visit_source", "is", None],
    ["visit_channel", "is_not", "direct"],
    ["visit_channel", "any_of", ["internal", "campaign"]],
    ["visit_referrer", "contains", "site-0.example/1"],
    ["language", "is", "l3"],
    ["page", "contains", "article-1"],
    ["page", "is_not", "/category-0/article-0"],
    ["event", "is", None],
    ["region", "is", None],
    ["device", "is", "nothing of the kind"],
]
MEASURES = ("visitors,page_views", "page_views", "requests,sessions,duration,bounce_rate", "sessions,views_per_session")
ASKED: list[dict[str, str]] = [
    {},
    {"dimensions": "page"},
    {"dimensions": "source,device"},
    {"dimensions": "exit_page"},
    {"dimensions": "visit_source"},
    {"dimensions": "visit_utm_campaign", "own": '["visit_utm_campaign", "is_not", null]'},
    {"dimensions": "page,visit_channel"},
    {"interval": "hour", "dimensions": "visit_channel"},
    {"dimensions": "country", "limit": "2"},
    {"dimensions": "event", "own": '["event", "is_not", null]'},
    {"dimensions": "source", "own": '["channel", "is_not", "internal"]'},
    {"interval": "day"},
    {"dimensions": "browser_version", "order": "browser_version"},
    {"interval": "hour", "dimensions": "channel"},
]
FEW_BYTES, NAMES = 1000, ("page", "country", "device", "screen")
ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu")
"""Days of the last one, which is off by 45 minutes, begin within a part of visits: there hits are asked of them."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("facts")
    made_up_facts.make(folder, first=FIRST, days=DAYS, hits=6000, visitors=300)
    return folder


@pytest.fixture
def readers(folder: Path) -> Iterator[Readers]:
    with closing(Readers(folder)) as made:
        yield made


def files(folder: Path) -> FactsRead:
    read = asked_together.facts_read(sorted(map(str, folder.glob("*.parquet"))))
    return replace(read, are_within=False)


def question(filters: Sequence[Any], zone: str = "UTC", **given: str) -> Question:
    condition = [orjson.loads(given.pop("own"))] if "own" in given else []
    asked = {**given, "filters": orjson.dumps([*condition, *filters]).decode()}
    return replace(asked_together.question(asked, FIRST, LAST), days=ZoneDays(FIRST, LAST, zone))


def kept_apart(readers: Readers) -> Kept:
    """Nothing is kept yet, and its files are no other's."""
    kept = Kept()
    readers.answer("shop", lambda _: None)
    kept.passing.folder = Path(mkdtemp(dir=readers.kept.passing.folder))
    return kept


def ask(readers: Readers, kept: Kept, asked: Question, together: Sequence[Question], folder: Path) -> list[Any]:
    given: dict[str, Any] = {"timeout_minutes": 30, "together": together}
    rows = readers.answer("shop", lambda cursor: statement.rows_of(asked, cursor, kept, files(folder), **given))
    return [tuple(pytest.approx(cell) if isinstance(cell, float) else cell for cell in row) for row in rows]


pages_of_questions = given(
    filters=st.lists(st.sampled_from(CONDITIONS), min_size=1, max_size=2, unique_by=str),
    asked=st.lists(st.tuples(st.sampled_from(ASKED), st.sampled_from(MEASURES)), min_size=1, max_size=5),
    zone=st.sampled_from(ZONES),
)
unhurried = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


@examples(max_examples=25, **unhurried)
@pages_of_questions
def test_answers_are_those_of_the_files(
    filters: list[Any], asked: list[Any], zone: str, folder: Path, readers: Readers
) -> None:
    check(filters, asked, zone, folder, readers)


@pytest.mark.long
@examples(max_examples=200, **unhurried)
@pages_of_questions
def test_answers_to_many_are_those_of_the_files(
    filters: list[Any], asked: list[Any], zone: str, folder: Path, readers: Readers
) -> None:
    check(filters, asked, zone, folder, readers)


def check(filters: list[Any], asked: list[Any], zone: str, folder: Path, readers: Readers) -> None:
    questions = [question(filters, zone, measures=measures, **one) for one, measures in asked]
    kept, nothing = kept_apart(readers), kept_apart(readers)
    with ThreadPoolExecutor(2) as threads:
        together = list(threads.map(lambda one: ask(readers, kept, one, questions, folder), questions))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"MAX_ROWS": -1, "MIN_QUESTIONS": 1, "ONE_IN_OTHERS": 0}.items():
            patch.setattr(sifted, name, value)
        unwritten = [ask(readers, nothing, one, questions, folder) for one in questions]
        patch.setattr(statement, "unwritten_of", lambda *_, **__: nullcontext())
        alone = [ask(readers, nothing, one, (), folder) for one in questions]
    assert together == alone
    assert unwritten == alone


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu"])
@pytest.mark.parametrize("conditions", [[0], [19], [0, 13], [0, 19], [13, 19]], ids=str)
def test_of_visitors_with_many_visits_those_count_that_the_filters_take(
    conditions: list[int], zone: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A visit of which no part is left by the filters is looked at with others of its visitor, and is not to count.
    monkeypatch.setitem(made_up_facts._COLUMNS, "device", "['desktop', 'phone', 'tablet'][1 + (number + hit // 4) % 3]")
    made_up_facts.make(tmp_path, first=FIRST, days=DAYS, hits=2000, visitors=10)
    asked = [(one, measures) for one in ASKED for measures in MEASURES[2:]]
    with closing(Readers(tmp_path)) as readers:
        check([CONDITIONS[number] for number in conditions], asked, zone, tmp_path, readers)


def test_sums_of_parameters_are_of_hits_beside_their_visits(folder: Path, readers: Readers) -> None:
    of_page = question(CONDITIONS[19:20], measures="requests,sessions,duration")
    asked = replace(of_page, measures=(*of_page.measures, measure_of("sum:price", {"price"})))
    [numbers] = ask(readers, kept_apart(readers), of_page, [of_page], folder)
    assert ask(readers, kept_apart(readers), asked, [asked, of_page], folder) == [(*numbers, None)]


def test_of_a_parameter_that_one_day_alone_has_the_hits_are_read_once_all_the_same(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How much a filter leaves is told by a few files, of which none may have the column."""
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    last = tmp_path / f"{LAST}.parquet"
    duckdb.execute(f"COPY (SELECT *, '3' AS p_price FROM '{folder / last.name}') TO '{last}'")
    [[hits]] = duckdb.execute(f"SELECT count(*) FROM '{last}' WHERE page LIKE '%article-1%'").fetchall()
    read = replace(files(tmp_path), parameters=frozenset({"price"}))
    monkeypatch.setitem(globals(), "files", lambda _: read)
    of_page = question([["page", "contains", "article-1"]], measures="requests,sessions")
    asked = replace(of_page, measures=(*of_page.measures, measure_of("sum:price", {"price"})))
    with closing(Readers(tmp_path)) as readers:
        kept = kept_apart(readers)
        [(*_, price)] = ask(readers, kept, asked, [asked, of_page], tmp_path)
        assert (price, hits > 0, written_by(kept)) == (3 * hits, True, {"sifted", "visits"})


@pytest.mark.parametrize("condition", [CONDITIONS[at] for at in (0, 3, 6, 9, 13, 19)], ids=str)
def test_the_questions_of_a_page_read_what_their_filter_leaves_once(
    condition: list[Any], folder: Path, readers: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = [question([condition], measures=MEASURES[number % 4], **one) for number, one in enumerate(ASKED, 1)]
    given, file = [], PassingFiles.file

    def noted(self: PassingFiles, key: Any, name: str, *args: Any, **more: Any) -> Any:
        given.append((key, name))
        return file(self, key, name, *args, **more)

    monkeypatch.setattr(PassingFiles, "file", noted)
    kept = kept_apart(readers)
    for one in questions:
        ask(readers, kept, one, questions, folder)
    of_rows = [key for key, name in given if name == "sifted"]
    of_visits = {key for key, name in given if name == "visits"}
    assert len(set(of_rows)) == (1 if condition[0] == "page" else 2), "parts of visits, and hits"
    assert len(of_visits) == len(set(of_rows))
    # Where a filter takes whole visits, those of hits are told from what it leaves of the parts.
    twice = (
        [one for one in questions if one.told_of_visits and not is_of_parts(one)] if condition[0] in OF_VISITS else []
    )
    assert len(of_rows) == len(questions) + len(twice), "no question reads the files for itself"


def test_what_is_left_is_what_the_rows_say(folder: Path, readers: Readers) -> None:
    asked = question(CONDITIONS[:2], measures="requests,visitors", dimensions="source", limit="1000")
    counted = duckdb.execute(
        "SELECT source, count(*), count(DISTINCT visitor) FROM read_parquet(?) "
        "WHERE device = 'phone' AND country IN ('C1', 'C3') GROUP BY 1",
        [list(files(folder).paths)],
    ).fetchall()
    assert sum(row[1] for row in counted) > 0
    together = [asked, question(CONDITIONS[:2], measures="visitors,sessions")]
    assert sorted(ask(readers, kept_apart(readers), asked, together, folder), key=str) == sorted(counted, key=str)


@pytest.mark.parametrize("largest", [FEW_BYTES, 70_000], ids=["nothing", "no visits"])
def test_what_has_no_room_on_the_disk_is_read_by_each_question(folder: Path, readers: Readers, largest: int) -> None:
    asked = question([["event", "is", None]], measures="sessions,bounce_rate", dimensions="exit_page")
    alone = ask(readers, readers.kept, asked, (), folder)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, hard))
    try:
        assert written(folder, readers, asked) == ({"sifted"} if largest > FEW_BYTES else set())
        assert ask(readers, kept_apart(readers), asked, (), folder) == alone
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_folder_that_was_made_anew_is_read_by_each_question(folder: Path, readers: Readers) -> None:
    asked = question(CONDITIONS[:1], measures=MEASURES[2], dimensions="device")
    kept = kept_apart(readers)
    shutil.rmtree(kept.passing.folder or "")
    assert ask(readers, kept, asked, (), folder) == ask(readers, readers.kept, asked, (), folder)


def test_of_too_much_nothing_is_written(folder: Path, readers: Readers, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = question([["device", "is_not", "tablet"]], measures="visitors,sessions", dimensions="source")
    assert written(folder, readers, asked) == {"sifted", "visits"}
    monkeypatch.setattr(sifted, "MAX_ROWS", 10)
    assert written(folder, readers, asked) == {"among"}, "of their visits there are few"
    one_reading = question([["device", "is_not", "tablet"]], measures="visitors", dimensions="country")
    monkeypatch.undo()
    assert written(folder, readers, one_reading) == set()
    assert written(folder, readers, one_reading, one_reading, asked) == {"sifted"}


@pytest.mark.parametrize(("comparison", "made"), [("is_not", {"others"}), ("is", set())])
def test_of_too_much_few_visits_are_left_out_of_everybodys(
    comparison: str, made: set[str], folder: Path, readers: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sifted, "MAX_ROWS", 10)
    source = [["visit_source", comparison, "site-3.example"]]
    page, *rest = (question(source, measures="visitors", dimensions=one) for one in NAMES)
    assert written(folder, readers, page) == written(folder, readers, rest[0], *rest) == made
    assert written(folder, readers, rest[0]) == set(), "by itself it reads no more than it takes to look for others"


def test_of_too_much_the_visits_of_a_page_are_gathered_once(
    folder: Path, readers: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sifted, "MAX_ROWS", 10)
    not_tablets = [["device", "is_not", "tablet"]]
    names = ("visit_source", "exit_page", "visit_utm_campaign")
    questions = [question(not_tablets, measures="sessions", **one) for one in ({}, *({"dimensions": n} for n in names))]
    kept = kept_apart(readers)
    together = [ask(readers, kept, one, questions, folder) for one in questions]
    assert [key.names for key in kept.gathered._tables] == [tuple(name for name in OF_VISITS if name in names)]
    assert together == [ask(readers, kept_apart(readers), one, (), folder) for one in questions]


def written(folder: Path, readers: Readers, asked: Question, *together: Question) -> set[str]:
    """Ask, and return which files were written for it."""
    kept = kept_apart(readers)
    ask(readers, kept, asked, together, folder)
    return written_by(kept)


def written_by(kept: Kept) -> set[str]:
    return {file.path.name.partition("-")[0] for file in kept.passing._files.values() if file.is_made}
