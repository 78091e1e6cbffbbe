"""A question that has no room in memory beside another one is asked again by itself."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tracker.errors import Refused
from tracker.facts.engine import FactsTooLarge
from tracker.reports import readers as module
from tracker.reports.readers import Readers


class AnyEngine:
    def cursor(self, *, seconds: float) -> Any:
        return nullcontext(seconds)


@pytest.fixture
def readers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Readers:
    monkeypatch.setattr(Readers, "_opened", lambda _: AnyEngine())
    return Readers(tmp_path)


def too_large_at_first(asked: list[str], refused: Event, *, times: int = 1) -> Callable[[Any], str]:
    def question(_: Any) -> str:
        asked.append("asked")
        if len(asked) <= times:
            refused.set()
            raise FactsTooLarge("no room")
        return "answered"

    return question


def test_it_waits_until_no_other_is_asked(readers: Readers) -> None:
    asked: list[str] = []
    refused, goes_on = Event(), Event()
    with ThreadPoolExecutor(2) as threads:
        with readers.cursor("shop"):
            answer = threads.submit(readers.answer, "shop", too_large_at_first(asked, refused))
            assert refused.wait(10)
            # Whoever comes later is asked after it, also while it waits.
            later = threads.submit(readers.answer, "shop", lambda _: goes_on.set())
            assert not answer.done()
            assert asked == ["asked"]
        assert answer.result(10) == "answered"
        later.result(10)
    assert goes_on.is_set()


def test_two_that_want_all_places_wait_for_each_other_one_after_the_other(readers: Readers) -> None:
    with ThreadPoolExecutor(8) as threads:
        questions = [too_large_at_first([], Event()) for _ in range(8)]
        assert list(threads.map(lambda one: readers.answer("shop", one), questions)) == ["answered"] * 8


def test_what_has_no_room_by_itself_is_said(readers: Readers) -> None:
    asked: list[str] = []
    with pytest.raises(FactsTooLarge):
        readers.answer("shop", too_large_at_first(asked, Event(), times=9))
    assert len(asked) == 2
    assert readers.answer("shop", lambda _: "answered") == "answered", "its places are free again"


def test_it_does_not_wait_for_ever(readers: Readers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WAIT_SECONDS", 0.05)
    with readers.cursor("shop"), pytest.raises(Refused):
        readers.answer("shop", too_large_at_first([], Event()))
    with readers.cursor("shop"), readers.cursor("shop"):
        pass
