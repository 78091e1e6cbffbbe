"""Files of facts are looked at once for all questions that come together, and what is wrong is told to each of them."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest

from tracker.errors import FactsUnavailable
from tracker.facts.engine import FactsChanged
from tracker.facts.folder import Folder, described, name_of
from tracker.facts.visits import beside
from tracker.reports.file_checks import _AT_ONCE, FileChecks
from tracker.store.facts_files import FactsFile

_QUESTIONS = 6
_LAST_HOUR = 23


class LookedAt(Folder):
    """A folder that notes which files are compared, and lets nobody go on before `go_on`."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.names: list[str] = []
        self.go_on = threading.Event()

    def has(self, name: str, size: int, checksum: str) -> bool:
        self.names.append(name)
        assert self.go_on.wait(10)
        return super().has(name, size, checksum)


@pytest.fixture
def folder(tmp_path: Path) -> LookedAt:
    return LookedAt(tmp_path)


def _file(folder: Folder, content: bytes) -> FactsFile:
    application_id = uuid4()
    name = name_of(application_id, "2026-11-30", 0, _LAST_HOUR)
    path = folder.path / name
    path.parent.mkdir(parents=True)
    for written in (path, beside(path)):
        written.write_bytes(content)
    size, checksum = described([path, beside(path)])
    return FactsFile(
        application_id=application_id, date=date(2026, 11, 30), first_hour=0, last_hour=_LAST_HOUR, name=name, facts=1,
        bytes=size, checksum=checksum, parameters=(),
    )  # fmt: skip


def _asked_together(checks: FileChecks, folder: LookedAt, files: list[FactsFile]) -> list[BaseException | None]:
    """Return what each of some questions about these files is told; nothing is looked at before all have come."""
    come = threading.Barrier(_QUESTIONS + 1)

    def ask(_: int) -> BaseException | None:
        come.wait()
        try:
            checks.check(files)
        except FactsUnavailable as error:
            return error
        return None

    folder.go_on.clear()
    with ThreadPoolExecutor(_QUESTIONS) as questions:
        asked = [questions.submit(ask, number) for number in range(_QUESTIONS)]
        come.wait()
        folder.go_on.set()
        return [one.result(10) for one in asked]


def test_questions_that_come_together_look_at_a_file_once(folder: LookedAt) -> None:
    checks, files = FileChecks(folder), [_file(folder, bytes([number]) * 100) for number in range(5)]
    assert _asked_together(checks, folder, files) == [None] * _QUESTIONS
    assert sorted(folder.names) == sorted(file.name for file in files)
    checks.check(files)
    assert len(folder.names) == len(files)


def test_a_damaged_file_is_told_to_every_question_and_looked_at_anew_once_it_is_mended(folder: LookedAt) -> None:
    checks, [good, bad] = FileChecks(folder), [_file(folder, b"good"), _file(folder, b"bad!")]
    (folder.path / bad.name).write_bytes(b"BAD!")
    told = _asked_together(checks, folder, [good, bad])
    assert ["damaged" in str(error) for error in told] == [True] * _QUESTIONS
    assert folder.names.count(good.name) == 1
    (folder.path / bad.name).write_bytes(b"bad!")
    checks.check([good, bad])
    assert folder.names[-1] == bad.name


def test_a_damaged_file_is_told_to_nobody_who_does_not_ask_about_it(folder: LookedAt) -> None:
    checks, files = FileChecks(folder), [_file(folder, bytes([number]) * 100) for number in range(10)]
    (folder.path / files[0].name).unlink()
    with ThreadPoolExecutor(2) as questions:
        all_of_them = questions.submit(checks.check, files)
        while len(folder.names) < _AT_ONCE:
            time.sleep(0.01)
        last = questions.submit(checks.check, files[-1:])
        while not last.running():
            time.sleep(0.01)
        folder.go_on.set()
        with pytest.raises(FactsChanged):
            all_of_them.result(10)
        assert last.result(10) is None
    assert files[-1].name in folder.names


def test_nobody_waits_for_a_look_that_could_not_begin(folder: LookedAt, monkeypatch: pytest.MonkeyPatch) -> None:
    checks, files = FileChecks(folder), [_file(folder, b"one"), _file(folder, b"two")]
    folder.go_on.set()
    with monkeypatch.context() as without_threads:

        def start(_: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        without_threads.setattr(threading.Thread, "start", start)
        with pytest.raises(RuntimeError, match="new thread"):
            checks.check(files)
    checks.check(files)
    assert set(folder.names) == {file.name for file in files}
