"""A month on its way out or back, killed at any step, is in PostgreSQL or whole in its files, and goes on."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.archiving import HITS, OLD, reports
from tests.support.facts import writer_of
from tests.support.queued_hits import rows
from tests.support.stepping import stepping
from tracker.application import Application
from tracker.config import Settings
from tracker.facts import hit_files
from tracker.facts.day import Workspace
from tracker.store import archived_hits
from tracker.store.database import Database

pytestmark = pytest.mark.usefixtures("old_month")

PROJECT = Path(__file__).resolve().parents[2]
OUT = (("begin", 1), ("note", 2), ("put", 1), ("insert", 1), ("note_hits", 1), ("remove", 1), ("_detach", 1))
GOING = (("note_dropped", 1), ("_detach", 2), ("_detach", 1))
BACK = (("_make_month", 1), ("_make_month", 2), ("archive_in", 1), ("note_restored", 1), ("archive_in", 2))
LAST = (("note_restored", 2),)


def everything(database: Database) -> list[list[tuple[Any, ...]]]:
    return [
        rows(database, f"SELECT row::text FROM {table} AS row ORDER BY 1")
        for table in ("access_logs", "custom_parameter_values")
    ]


@pytest.mark.long
def test_a_month_that_is_killed_on_its_way_is_whole_in_one_place(
    settings: Settings, database: Database, application: Application, environment: dict[str, str]
) -> None:
    before, said = everything(database), reports(database, settings)

    def run(what: str, until: tuple[str, int] | None) -> bool:
        """Run it until it has said a step so many times, and kill it then; whether it came so far."""
        arguments = what, environment["DATABASE_URL"], str(settings.facts_url), str(OLD)
        with stepping(environment, "archive_process", *arguments) as process:
            heard = 0
            for step in process.steps():
                heard += until is not None and step == until[0]
                if until is not None and heard == until[1]:
                    return True
            return process.process.wait() == 0 and until is None

    def demand_one_place() -> None:
        [(is_dropped,)] = rows(database, "SELECT dropped_at IS NOT NULL FROM archived_months") or [(False,)]
        if not is_dropped:
            assert everything(database) == before
        else:
            with database.transaction() as tx:
                files = archived_hits.of_month(tx, OLD)
            assert sum(file.hits for file in files) == HITS
            writer = writer_of(database, settings.facts_url)
            with Workspace.open(writer.folder, writer.places) as space:
                for file in files:
                    hit_files.check(space, file)
        assert reports(database, settings) == said

    for step in (*OUT, *GOING):
        assert run("archive", step), step
        demand_one_place()
    assert run("archive", None)
    assert everything(database) == [[], []]
    for step in (*BACK, *LAST):
        assert run("restore", step), step
        demand_one_place()
    for _ in range(2):
        assert run("restore", None)
        assert everything(database) == before
        assert reports(database, settings) == said
    assert rows(database, "SELECT sum(dropped)::int, sum(restored)::int FROM ledger_changes") == [(HITS, HITS)]


@pytest.mark.long
def test_a_drop_that_broke_off_between_the_tables_is_finished_before_its_month_comes_back(
    settings: Settings, database: Database, application: Application, environment: dict[str, str]
) -> None:
    before = everything(database)
    arguments = environment["DATABASE_URL"], str(settings.facts_url), str(OLD)
    with stepping(environment, "archive_process", "archive", *arguments) as process:
        while process.step() != "note_dropped":
            pass
        while process.step() != "_detach":
            pass
    assert everything(database) == [before[0], []]
    with stepping(environment, "archive_process", "restore", *arguments) as process:
        assert [*process.steps()][-1] == "done"
        assert process.process.wait() == 0
    assert everything(database) == before
