"""A question that has no room in memory beside another one is asked again by itself."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import pytest

from tracker.errors import Refused
from tracker.facts.engine import FactsTooLarge
from tracker.reports import places
from tracker.reports import readers as module
from tracker.reports.readers import Readers


class AnyEngine:
    def cursor(self, *, seconds: float) -> Any:
        return nullcontext(seconds)


@pytest.fixture
def readers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Readers:
    monkeypatch.setattr(Readers, "_opened", lambda _: AnyEngine())
    return Readers(tmp_path)


@contextmanager
def one_asked(readers: Readers) -> Iterator[None]:
    """Some question is under way while the block lasts."""
    is_asked, ends = Event(), Event()

    def question(_: Any) -> None:
        is_asked.set()
        ends.wait(30)

    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(readers.answer, "shop", question)
        try:
            assert is_asked.wait(10)
            yield
        finally:
            ends.set()
        asked.result(10)


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
        with one_asked(readers):
            answer = threads.submit(readers.answer, "shop", too_large_at_first(asked, refused))
            assert refused.wait(10)
            # Whoever comes later is asked after it, also while it waits.
            later = threads.submit(readers.answer, "shop", lambda _: goes_on.set())
            assert not answer.done()
            assert asked == ["asked"]
        assert answer.result(10) == "answered"
        later.result(10)
    assert goes_on.is_set()


def test_two_that_want_all_places_are_asked_one_after_the_other(
    readers: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = Barrier(2)
    answered: list[str] = []

    def answer(app_id: str) -> str:
        asked: list[str] = []

        def question(_: Any) -> str:
            asked.append("asked")
            if len(asked) == 1:
                both.wait(10)
                raise FactsTooLarge("no room")
            answered.append(app_id)
            monkeypatch.setattr(module, "_WAIT_SECONDS", 0.1)
            with pytest.raises(Refused):
                readers.answer("beside it", lambda _: "answered")
            monkeypatch.setattr(module, "_WAIT_SECONDS", 10.0)
            assert answered[-1] == app_id
            return "answered"

        return readers.answer(app_id, question)

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(answer, ["shop", "other"])) == ["answered"] * 2
    assert sorted(answered) == ["other", "shop"]


def test_what_has_no_room_by_itself_is_said_and_not_asked_again(readers: Readers) -> None:
    asked: list[str] = []
    with pytest.raises(FactsTooLarge):
        readers.answer("shop", too_large_at_first(asked, Event(), times=9))
    assert len(asked) == 1
    assert readers.answer("shop", lambda _: "answered") == "answered", "its place is free again"


def test_it_does_not_wait_for_ever_and_says_what_it_lacked(readers: Readers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WAIT_SECONDS", 0.05)
    with one_asked(readers), pytest.raises(FactsTooLarge, match="no room"):
        readers.answer("shop", too_large_at_first([], Event()))
    with one_asked(readers), one_asked(readers):
        pass


@pytest.mark.parametrize("wishes", [1, 3])
def test_others_are_kept_out_for_a_short_time_however_many_wait_for_all_places(
    readers: Readers, monkeypatch: pytest.MonkeyPatch, wishes: int
) -> None:
    monkeypatch.setattr(places, "_KEPT_OUT_SECONDS", 0.5)
    refused = [Event() for _ in range(wishes)]
    with ThreadPoolExecutor(wishes) as threads:
        with one_asked(readers):
            large = [threads.submit(readers.answer, "shop", too_large_at_first([], event)) for event in refused]
            assert refused[0].wait(10)
            began = time.monotonic()
            for _ in range(4):
                assert readers.answer("other", lambda _: "answered") == "answered"
            assert time.monotonic() - began < 5, "not until the long one is answered, nor their wait is over"
            assert all(event.wait(10) for event in refused), "each was asked beside the long one"
            assert not large[0].done()
        assert [one.result(10) for one in large] == ["answered"] * wishes, "they wait on, and keep nobody out"


def test_of_several_at_a_time_none_is_told_that_others_are_asked(
    readers: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "_KEPT_OUT_SECONDS", 0.1)
    monkeypatch.setattr(module, "_WAIT_SECONDS", 1.0)
    with ThreadPoolExecutor(3) as threads, one_asked(readers):
        large = [threads.submit(readers.answer, "shop", too_large_at_first([], Event())) for _ in range(3)]
        assert [type(one.exception(10)) for one in large] == [FactsTooLarge] * 3
