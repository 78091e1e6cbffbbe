"""What holds for every command: help, exit status, one line for an error, JSON alone on standard output."""

import os
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.command_line import PROJECT, environment, run, run_on, tracker
from tracker import __version__
from tracker.application import Application
from tracker.config import Settings

COMMANDS = [
    "migrate", "doctor", "apps create", "apps list", "apps show", "apps suspend", "apps activate", "params list",
    "params set", "params preset", "queue status", "queue failed", "queue show", "queue retry", "queue discard",
    "partitions list", "stats show", "stats rebuild", "stats verify", "import", "serve", "worker", "scheduler", "demo",
    "dev", "capacity",
]  # fmt: skip
LIGHT = ["apps list", "keys list", "params list", "settings list", "webhooks list", "sessions list", "capacity"]
HEAVY = [
    "alembic", "apscheduler", "authlib", "cryptography", "duckdb", "flask", "obstore", "opentelemetry",
    "prometheus_client", "redis", "requests", "rich.console", "rq", "sentry_sdk", "sqlalchemy", "ua_parser", "werkzeug",
    "tracker.erasure", "tracker.facts", "tracker.reports",
]  # fmt: skip
NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


def test_every_command_explains_itself(settings: Settings) -> None:
    """In one process: starting one for each would be most of the test."""
    ask = "import sys; from tracker.cli.main import main"
    ask += "; [main([*command.split(), '--help'], standalone_mode=False) for command in sys.argv[1:]]"
    finished = run(environment(settings), "-c", ask, *COMMANDS)
    assert (finished.status, finished.errors) == (0, "")
    for command in COMMANDS:
        assert f" {command} [OPTIONS]" in finished.output


def test_help_names_every_command_without_loading_any(settings: Settings) -> None:
    heavy = "import sys; from tracker.cli.main import main; main(['--help'], standalone_mode=False)"
    look = "print('heavy:', sorted({'psycopg', 'redis', 'rq', 'rich', 'uvloop', 'flask'} & set(sys.modules)))"
    finished = run(environment(settings), "-c", f"{heavy}; {look}")
    assert finished.status == 0, finished.errors
    assert "heavy: []" in finished.output
    assert {command.split()[0] for command in COMMANDS} <= set(finished.output.split())


def test_commands_that_ask_the_database_alone_load_nothing_else(settings: Settings) -> None:
    """Redis's library and what makes facts would double what `apps list` costs; the collector would add a third."""
    ask = """
import gc, sys
from tracker.cli.main import main
begun = []
gc.callbacks.append(lambda phase, _: begun.append(phase))
for command in sys.argv[1:]:
    main([*command.split(), "--help"], standalone_mode=False)
print("heavy:", sorted(set(HEAVY) & set(sys.modules)), "collections:", len(begun))
"""
    finished = run(environment(settings), "-c", ask.replace("HEAVY", repr(HEAVY)), *LIGHT)
    assert finished.status == 0, finished.errors
    assert "heavy: [] collections: 0" in finished.output


def test_a_scheduler_loads_what_sends_webhooks_with_the_first_delivery(settings: Settings) -> None:
    """They take 7 MB, which a process that sends none keeps for nothing, and what libraries load unasked takes 4."""
    ask = """
import sys
import tracker.cli.scheduler
from tracker import config
parts = tracker.cli.scheduler.wired(config.load())
unwanted = {"requests", "urllib3", "duckdb", "obstore", "flask", "re2", "opentelemetry"}
print("heavy:", sorted(unwanted & set(sys.modules)))
parts.close()
"""
    finished = run(environment(settings), "-c", ask)
    assert finished.status == 0, finished.errors
    assert "heavy: []" in finished.output


def test_a_missing_setting_ends_with_2_and_its_name(settings: Settings, tmp_path: Path) -> None:
    variables = environment(settings)
    del variables["DATABASE_URL"]
    finished = run(variables, "-m", "tracker", "apps", "list", folder=tmp_path)
    assert (finished.status, finished.output) == (2, "")
    assert finished.errors.startswith("Error: DATABASE_URL is not set")
    assert finished.errors.count("\n") == 1


def test_a_wrong_setting_ends_with_2_and_what_is_accepted(settings: Settings) -> None:
    finished = tracker(settings, "doctor", TRACKER_BATCH_SIZE="many")
    assert (finished.status, finished.output) == (2, "")
    assert finished.errors == "Error: TRACKER_BATCH_SIZE='many' is not accepted: a whole number from 1 to 1000.\n"


@pytest.mark.parametrize("arguments", [["nonsense"], ["apps", "create"], ["queue", "show", "no-uuid"], ["import", "x"]])
def test_wrong_usage_ends_with_2(settings: Settings, arguments: list[str]) -> None:
    finished = tracker(settings, *arguments)
    assert (finished.status, finished.output) == (2, "")
    assert "Error:" in finished.errors


def test_a_database_that_is_away_is_one_line_and_1(settings: Settings) -> None:
    finished = tracker(settings, "apps", "list", "--json", DATABASE_URL=NOWHERE)
    assert (finished.status, finished.output) == (1, "")
    assert finished.errors.startswith("Error: PostgreSQL cannot be reached")


def test_a_server_that_lets_nobody_in_is_not_said_to_be_away(settings: Settings) -> None:
    split = urlsplit(settings.database_url)
    url = f"{split.scheme}://{split.netloc}/nothing?{split.query}"
    finished = tracker(settings, "apps", "list", DATABASE_URL=url)
    assert (finished.status, finished.output) == (1, "")
    assert 'refuses the connection: database "nothing" does not exist. Create it' in finished.errors
    assert "that it runs" not in finished.errors
    assert finished.errors.count("\n") == 1


def test_a_redis_that_is_away_is_one_line_and_1(settings: Settings) -> None:
    finished = tracker(settings, "queue", "status", REDIS_URL="redis://127.0.0.1:1")
    assert (finished.status, finished.output) == (1, "")
    assert finished.errors.startswith("Error: Redis cannot be used")
    assert finished.errors.count("\n") == 1


def test_a_database_without_a_schema_says_what_to_run(settings: Settings, empty_database_url: str) -> None:
    finished = tracker(replace(settings, database_url=empty_database_url), "apps", "list")
    assert (finished.status, finished.output) == (1, "")
    assert "`python -m tracker migrate`" in finished.errors


def test_migrate_says_what_it_did_and_does_nothing_twice(settings: Settings, empty_database_url: str) -> None:
    fresh = replace(settings, database_url=empty_database_url)
    first = tracker(fresh, "migrate", "--json")
    assert first.status == 0, first.errors
    assert first.json["applied"][0] == "0001_initial"
    assert len([step for step in first.json["applied"] if step.startswith("partitions ")]) == 5
    assert tracker(fresh, "migrate", "--json").json == {"applied": []}
    assert tracker(fresh, "migrate").output == "The database is up to date: nothing to do.\n"


def test_migrate_works_over_the_direct_connection(settings: Settings, empty_database_url: str) -> None:
    finished = tracker(settings, "migrate", DATABASE_URL=NOWHERE, DATABASE_MAINTENANCE_URL=empty_database_url)
    assert finished.status == 0, finished.errors


def test_partitions_are_listed_with_their_bounds(settings: Settings) -> None:
    rows = tracker(settings, "partitions", "list", "--json").json
    assert len(rows) == 10
    assert {row["table"] for row in rows} == {"access_logs", "custom_parameter_values"}
    assert all(row["from"].endswith("-01T00:00:00Z") and row["bytes"] > 0 for row in rows)
    assert "access_logs_" in tracker(settings, "partitions", "list").output


def test_a_gap_between_months_is_named(settings: Settings) -> None:
    make = (
        "from tracker.store.partition_making import create; from tracker.store.partitions import Month; import sys; "
        "create(sys.argv[1], [Month(2020, 1)])"
    )
    run(environment(settings), "-c", make, settings.database_url)
    finished = tracker(settings, "partitions", "list", "--json")
    assert len(finished.json) == 12
    assert "access_logs has a gap from 2020-02-01 to " in finished.errors


def test_the_version_is_the_package_s(settings: Settings) -> None:
    assert tracker(settings, "--version").output == f"{__version__}\n"
    checks = {finding["check"]: finding["seen"] for finding in tracker(settings, "doctor", "--json").json}
    assert checks["version"].startswith(f"{__version__} on Python 3.")


@pytest.mark.parametrize(
    "arguments", [["apps", "list"], ["apps", "list", "--json"], ["export", "--app-id", "shop"], ["--version"]]
)
def test_results_that_find_no_room_are_one_line_and_1(
    settings: Settings, application: Application, arguments: list[str], tmp_path: Path
) -> None:
    errors = tmp_path / "errors"
    with Path("/dev/null").open("rb") as nothing, Path("/dev/full").open("wb") as full, errors.open("wb") as said:
        status = run_on((nothing, full, said), environment(settings), "-m", "tracker", *arguments)
    assert (status, errors.read_text()) == (
        1,
        "Error: What the command writes to standard output finds no room: No space left on device.\n",
    )


def test_closed_standard_streams_are_as_empty_ones(settings: Settings) -> None:
    def closed(streams: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["/bin/sh", "-c", f'exec "$@" {streams}', "sh", sys.executable, "-m", "tracker", *arguments]
        return subprocess.run(command, env=environment(settings), capture_output=True, text=True, check=False)

    listed = closed("<&- >&-", "apps", "list")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert closed("<&- >&- 2>&-", "partitions", "create", "2020-01").returncode == 0
    unanswered = closed("<&-", "partitions", "drop", "2020-01")
    assert (unanswered.returncode, "Traceback" in unanswered.stderr) == (1, False)
    assert "Drop 2020-01" in unanswered.stderr


def test_an_export_is_written_into_a_pipe_and_takes_the_place_of_a_file_only(
    settings: Settings, application: Application, tmp_path: Path
) -> None:
    pipe, link, file = tmp_path / "pipe", tmp_path / "link", tmp_path / "file"
    os.mkfifo(pipe)
    link.symlink_to(file)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    for output in (pipe, link):
        finished = tracker(settings, "export", "--app-id", "shop", "--output", str(output))
        assert finished.status == 0, finished.errors
    assert os.read(reading, 1000).startswith(b"tracking_id,")
    os.close(reading)
    assert (pipe.is_fifo(), link.is_symlink()) == (True, True)
    assert file.read_text().startswith("tracking_id,")
    assert sorted(tmp_path.iterdir()) == [file, link, pipe]
    # A file that a shell has given us as standard output goes on where the shell has come to.
    whole = tmp_path / "whole"
    command = f"{shlex.quote(sys.executable)} -m tracker export --app-id shop --output"
    script = f"{{ echo before; {command} /dev/stdout; {command} {shlex.quote(str(whole))}; echo after; }} > {whole}"
    done = subprocess.run(["sh", "-c", script], env=environment(settings), cwd=PROJECT, check=False)
    first, *rows, last = whole.read_text().splitlines()
    assert (done.returncode, first, last) == (0, "before", "after")
    assert len([row for row in rows if row.startswith("tracking_id,")]) == 2
