import json
import logging

import pytest

from tracker import log
from tracker.config import LogFormat


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.splitlines()


def test_a_json_line_is_an_event_with_its_fields_and_a_utc_time(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("json")
    log.logger("tracker.ingest").info("batch stored", hits=100)
    (line,) = lines(capsys)
    fields = json.loads(line)
    assert fields.pop("timestamp").endswith("Z")
    assert fields == {"event": "batch stored", "hits": 100, "level": "info"}


def test_lines_of_libraries_look_like_ours(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("json")
    logging.getLogger("rq.worker").warning("%s jobs left", 3, extra={"queue": "default"})
    (line,) = lines(capsys)
    fields = json.loads(line)
    assert fields["event"] == "3 jobs left"
    assert fields["level"] == "warning"
    assert fields["queue"] == "default"
    assert fields["timestamp"].endswith("Z")


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_an_exception_stays_with_its_line(capsys: pytest.CaptureFixture[str], log_format: LogFormat) -> None:
    log.configure(log_format)
    try:
        int("out of paper")
    except ValueError:
        log.logger("tracker").exception("printing failed")
    text = "\n".join(lines(capsys))
    assert "printing failed" in text
    assert "ValueError: invalid literal for int() with base 10: 'out of paper'" in text


def test_the_console_format_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("console")
    log.logger("tracker").info("batch stored", hits=100)
    (line,) = lines(capsys)
    assert "batch stored" in line
    assert "hits=100" in line
    assert "\x1b" not in line


def test_lines_below_the_level_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("json", level=logging.WARNING)
    log.logger("tracker").info("batch stored")
    logging.getLogger("rq").info("job done")
    assert lines(capsys) == []


def test_configuring_twice_writes_each_line_once(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("json")
    log.configure("json")
    log.logger("tracker").info("batch stored")
    assert len(lines(capsys)) == 1
