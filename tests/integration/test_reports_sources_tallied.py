"""Where visits came from, by a tally and by what came after its days: as the facts alone say it."""

from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from bench import asked_together, made_up_facts
from tracker.facts.engine_connection import EngineRow
from tracker.reports import tallied
from tracker.reports.facts_read import FactsRead
from tracker.reports.question import Question
from tracker.reports.readers import Readers
from tracker.reports.tallies import EVERY_KIND
from tracker.reports.visits import ARRIVALS

FIRST = date(2026, 10, 1)
NAMES = sorted(set(ARRIVALS) & EVERY_KIND)


def ask(readers: Readers, question: Question, files: FactsRead) -> list[EngineRow]:
    return readers.answer(
        "shop", lambda cursor: tallied.rows_of(question, cursor, readers.kept, files, timeout_minutes=30)
    )


@pytest.mark.parametrize("tallied_days", [2, 3], ids=["the last day goes on", "all days are over"])
def test_sources_of_visits_by_a_tally_are_those_of_the_facts(tallied_days: int, tmp_path: Path) -> None:
    """Many of these visits go over midnight, where all of their hits came from within the site."""
    folder = tmp_path / "facts"
    folder.mkdir()
    made = made_up_facts.make(folder, first=FIRST, days=3, hits=6_000, visitors=100)
    last = FIRST + timedelta(days=tallied_days - 1)
    tally = asked_together.make_tally(made.files[:tallied_days], folder / "tally", FIRST, last, made.hits)
    assert set(NAMES) < tally.kinds
    files = asked_together.facts_read(made.files)
    with closing(Readers(folder)) as readers:
        for begin, end, name in [(*span, name) for span in ((0, 2), (1, 2)) for name in NAMES]:
            asked = {"measures": "sessions,duration,bounce_rate", "dimensions": name, "limit": "1000"}
            question = asked_together.question(asked, FIRST + timedelta(days=begin), FIRST + timedelta(days=end))
            read = replace(files, are_within=begin == 0)
            answers = []
            for one in (None, tally):
                assert one is None or tallied.is_answered_by(one, question, (), timeout_minutes=30)
                rows = ask(readers, question, replace(read, tally=one))
                answers.append({key: numbers for key, *numbers in rows})
            assert answers[0] == {key: pytest.approx(numbers) for key, numbers in answers[1].items()}, name
            assert sum(sessions for sessions, *_ in answers[0].values()) > 0
