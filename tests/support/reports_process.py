"""A reader of reports that asks until it is killed: `python tests/support/reports_process.py DATABASE_URL FOLDER DAY`.

It prints how many requests each answer has, so that a test sees what it saw.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

from tracker.reports import answer
from tracker.reports.answers import Answers
from tracker.reports.readers import Readers
from tracker.store.database import Database

if __name__ == "__main__":
    database, readers = Database(sys.argv[1], name="reader"), Readers(Path(sys.argv[2]))
    given = {"start_date": sys.argv[3], "end_date": sys.argv[3], "measures": "requests,visitors,sessions,bounce_rate"}
    while True:
        readers.answers = Answers()  # Each answer is to be made.
        report = answer.read(database, readers, app_id="shop", given=given, now=datetime.now(UTC))
        print(report.rows[0]["requests"], flush=True)  # noqa: T201 the test reads it
