"""What strangers have written reaches no terminal as anything but text; files, pipes and programs get it as it is."""

import csv
import io
import os
import pty
import threading
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import orjson
import pytest

from tests.support.command_line import PATIENCE, Finished, environment, run_on, tracker
from tests.support.queued_hits import hit_of
from tests.support.raw_hits import count_days, execute, fill, make_months
from tracker.application import Application
from tracker.config import Settings
from tracker.store.database import Database
from tracker.store.partitions import Month

HIDDEN = "\x1b]0;owned\x07\x1b[31m\x9b2J\x7f\u202e\u2066\u200b\u200d\u2028\u2029\ufeff\U000e0041"
HOSTILE = f"日本\u3000語é{HIDDEN}end"
SHOWN = (
    r"日本　語é\u001b]0;owned\u0007\u001b[31m\u009b2J\u007f\u202e\u2066\u200b\u200d\u2028\u2029\ufeff\udb40\udc41end"
)
DAYS = ("--from", "2024-01-01", "--to", "2024-01-01")


def on_a_terminal(settings: Settings, *arguments: str) -> Finished:
    """Run a command whose output and errors are a terminal; what the terminal got is the output."""
    ours, theirs = pty.openpty()
    got: list[bytes] = []

    def read() -> None:
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # All who wrote have gone.
                return
            if not piece:
                return
            got.append(piece)

    reader = threading.Thread(target=read)
    reader.start()
    with os.fdopen(theirs, "wb", buffering=0) as terminal, Path(os.devnull).open("rb") as nothing:
        status = run_on((nothing, terminal, terminal), environment(settings, TERM="dumb"), "-m", "tracker", *arguments)
    reader.join(PATIENCE)
    os.close(ours)
    return Finished(status, b"".join(got).decode(), "")


def dangerous(text: str) -> set[str]:
    """Characters that do something to a terminal or hide; line breaks and spaces are none."""
    return {one for one in text if unicodedata.category(one) in ("Cc", "Cf", "Zl", "Zp", "Cn")} - {"\n", "\r"}


@pytest.fixture
def hostile(database: Database, application: Application) -> UUID:
    """An application with hostile text wherever there is room for some; the id of its failed hit."""
    make_months(database, Month(2024, 1))
    quoted = "'" + HOSTILE + "'"
    of_params = f"jsonb_build_object({quoted}, {quoted})"
    texts = dict.fromkeys(("client_sub_id", "session_id", "user_agent", "url", "event_name"), quoted)
    fill(database, application, 2, start=datetime(2024, 1, 1, tzinfo=UTC), custom_params=of_params, **texts)
    count_days(database, datetime(2024, 1, 1, tzinfo=UTC).date(), datetime(2024, 1, 1, tzinfo=UTC).date())
    execute(database, "UPDATE applications SET name = %s", HOSTILE)
    failed = hit_of(application, 1)
    payload = orjson.dumps({"app_id": HOSTILE, "url": HOSTILE, "custom_params": {HOSTILE: [HOSTILE]}}).decode()
    execute(
        database,
        "INSERT INTO batch_queue (id, tracking_data, retry_count, status, processed_at, error_message, created_at, "
        "updated_at) VALUES (%s, %s, 3, 'failed', now(), %s, now(), now())",
        failed.tracking_id, payload, HOSTILE,
    )  # fmt: skip
    return failed.tracking_id


def test_no_command_shows_a_character_that_does_something(settings: Settings, hostile: UUID) -> None:
    commands = (
        ("queue", "show", str(hostile)),
        ("queue", "failed"),
        ("apps", "list"),
        ("apps", "show", "shop"),
        ("stats", "drift", "--app-id", "shop", *DAYS),
    )
    for command in commands:
        drawn, plain = on_a_terminal(settings, *command).output, tracker(settings, *command).output
        assert dangerous(drawn) == dangerous(plain) == set(), command
        # A table on a terminal of 80 columns breaks texts anywhere.
        assert drawn.count("\\u") >= SHOWN.count("\\u") / 2, command
        assert SHOWN in plain, command
        as_json = tracker(settings, *command, "--json")
        assert dangerous(as_json.output) == set()
        assert dangerous(on_a_terminal(settings, *command, "--json").output) == set()
        assert orjson.dumps(HOSTILE)[1:-1] in orjson.dumps(as_json.json), "programs get it as it is"
    shown = tracker(settings, "queue", "show", str(hostile), "--json").json
    assert shown["tracking_data"] == {"app_id": HOSTILE, "url": HOSTILE, "custom_params": {HOSTILE: [HOSTILE]}}
    assert shown["error_message"] == HOSTILE


def test_an_error_that_quotes_what_was_given_shows_it_as_text(settings: Settings, application: Application) -> None:
    finished = tracker(settings, "apps", "show", HOSTILE)
    assert finished.status == 1
    assert dangerous(finished.errors) == set()


@pytest.mark.parametrize("format_", ["csv", "jsonl"])
def test_an_export_is_text_on_a_terminal_and_exact_elsewhere(settings: Settings, hostile: UUID, format_: str) -> None:
    command = ("export", "--app-id", "shop", *DAYS, "--format", format_)
    shown = on_a_terminal(settings, *command)
    assert shown.status == 0
    assert dangerous(shown.output) == set()
    assert SHOWN in shown.output
    exact = tracker(settings, *command).output
    if format_ == "csv":
        [first, _] = csv.DictReader(io.StringIO(exact, newline=""))
        assert orjson.loads(first["custom_params"]) == {HOSTILE: HOSTILE}
    else:
        first = orjson.loads(exact.split("\n")[0])
        assert first["custom_params"] == {HOSTILE: HOSTILE}
        lines = [line for line in shown.output.replace("\r\n", "\n").split("\n") if line.startswith("{")]
        assert [orjson.loads(line) for line in lines] == [orjson.loads(line) for line in exact.split("\n") if line]
    assert first["url"] == HOSTILE


def test_compressed_data_are_not_sent_to_a_terminal(settings: Settings, hostile: UUID) -> None:
    command = ("export", "--app-id", "shop", *DAYS, "--gzip")
    shown = on_a_terminal(settings, *command)
    assert shown.status == 2
    assert "say --output" in shown.output
    assert dangerous(shown.output) == set()
