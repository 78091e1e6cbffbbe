"""A process that answers keeps to the limit that its engine is given, whatever it is asked, and by how many at once."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tracker.facts.columns import VISIT_SOURCES, VISITOR_DIMENSIONS
from tracker.facts.visits import beside

VISITS = 1_500_000
LIMIT_MEGABYTES = 64
BESIDE_MEGABYTES = 80
"""What the engine takes beside that: blocks of files, and what its allocator keeps. A limit of 1,000 MB: 259."""
COLUMNS = ", ".join(f"'{name} ' || n % 7 AS {name}" for name in (*VISITOR_DIMENSIONS, *VISIT_SOURCES))
PARTS = f"""
    SELECT hash(n) AS visitor, NULL::UBIGINT AS session, n::UBIGINT AS visit, TIMESTAMP '2026-10-01' AS time,
        {COLUMNS}, 1 AS requests, 1 AS views, 0 AS internal_requests, 0 AS internal_views, true AS has_view,
        '/' || n % 1000 AS entry_page, '/' || n % 999 AS exit_page, 0 AS entered_after, 0 AS left_before,
        0 AS lasted, false AS at_edge, n % 20 > 0 AS is_whole FROM range({VISITS}) AS visits(n)
"""
ASKED_AT_ONCE = """
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from bench.asked_together import facts_read, question
from bench.processes import peak_bytes
from bench.report_questions import DASHBOARD
from tracker.facts.engine import FactsTooLarge, FactsTookTooLong
from tracker.reports.readers import Readers
from tracker.reports.tallied import rows_of

file, day = Path(sys.argv[1]), date(2026, 10, 1)
small, large = (Readers(file.parent, memory_megabytes=megabytes) for megabytes in (int(sys.argv[2]), 2000))
questions = [question(each.given, day, day) for name, each in DASHBOARD.items() if name != "pages"]

def ask(readers, asked):
    try:
        return readers.answer(
            "shop", lambda cursor: rows_of(asked, cursor, readers.kept, facts_read([str(file)]), timeout_minutes=30)
        )
    except (FactsTooLarge, FactsTookTooLong):
        return "refused"

small.answer("shop", lambda cursor: cursor.rows("SELECT 1"))
before = peak_bytes()
with ThreadPoolExecutor(12) as threads:
    answers = list(threads.map(lambda asked: ask(small, asked), questions))
print((peak_bytes() - before) // 1_000_000, "MB,", answers.count("refused"), "refused")
for asked, answer in zip(questions, answers, strict=True):
    assert answer in ("refused", ask(large, asked)), (asked, answer)
small.close()
large.close()
"""


@pytest.mark.long
def test_questions_that_need_more_memory_than_there_is_are_answered_from_the_disk_or_refused(tmp_path: Path) -> None:
    file = tmp_path / "2026-10-01.parquet"
    with duckdb.connect(config={"threads": 2}) as engine:
        engine.execute(f"COPY ({PARTS}) TO '{beside(file)}' (FORMAT parquet)")
    program = [sys.executable, "-c", ASKED_AT_ONCE, str(file), str(LIMIT_MEGABYTES)]
    done = subprocess.run(program, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[0]) < LIMIT_MEGABYTES + BESIDE_MEGABYTES, done.stdout
