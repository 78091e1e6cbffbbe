"""Which months go next, as operators read it."""

from datetime import UTC, datetime

import pytest

from tracker.diagnostics.retention_outlook import outlook
from tracker.store.partitions import Month, Partition

NOW = datetime(2026, 11, 29, 1, tzinfo=UTC)


def partition(name: str) -> Partition:
    month = Month.parse(name)
    return Partition(
        table="access_logs", name=name, month=month, start=month.start, end=month.plus(1).start, rows=0, bytes=0
    )


DROPS = "they go with `python -m tracker partitions drop --expired`."


@pytest.mark.parametrize(
    ("there", "retention", "sentence"),
    [
        ([], 24, "There is no month."),
        (["2026-10"], None, "No scheduler has said yet how many months it keeps."),
        (["2015-05", "2026-10"], 0, "No month goes: the scheduler keeps all (TRACKER_RETENTION_MONTHS=0)."),
        (["2026-10", "2026-11"], 1, "2026-10 goes next, on 2026-12-01 (TRACKER_RETENTION_MONTHS=1)."),
        (["2026-10", "2027-01"], 24, "2026-10 goes next, on 2028-11-01 (TRACKER_RETENTION_MONTHS=24)."),
        (
            ["2026-09", "2026-10"],
            1,
            "2026-09 is older than the scheduler keeps (TRACKER_RETENTION_MONTHS=1), and goes soon.",
        ),
        (
            ["2015-05", "2026-08", "2026-09", "2026-10"],
            1,
            f"3 months, 2015-05 to 2026-09, are older than the scheduler keeps (TRACKER_RETENTION_MONTHS=1): {DROPS}",
        ),
    ],
)
def test_the_month_that_goes_next_is_named_with_its_day(there: list[str], retention: int | None, sentence: str) -> None:
    assert outlook([partition(name) for name in there], retention, NOW) == sentence
