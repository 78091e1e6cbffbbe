"""Answers that were given, for as long as the files that they were made from are the facts: a second look is free."""

import threading
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Any, Final
from uuid import UUID

from tracker.store.facts_files import FactsFile

_MAX_ANSWERS: Final = 300
MAX_ROWS: Final = 1500
"""Of an answer that is kept."""


class Answers:
    """The latest answers of a process. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[UUID, Hashable], tuple[tuple[int, ...], list[Any]]] = OrderedDict()

    def get(self, application_id: UUID, question: Hashable, files: Sequence[FactsFile]) -> list[Any] | None:
        """Return the answer to a question that these very files gave."""
        key = (application_id, question)
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or kept[0] != _numbers(files):
                self._kept.pop(key, None)
                return None
            self._kept.move_to_end(key)
            return kept[1]

    def put(self, application_id: UUID, question: Hashable, files: Sequence[FactsFile], rows: list[Any]) -> None:
        """Keep an answer, unless it is a large one."""
        if len(rows) > MAX_ROWS:
            return
        with self._lock:
            self._kept[application_id, question] = (_numbers(files), rows)
            while len(self._kept) > _MAX_ANSWERS:
                self._kept.popitem(last=False)


def _numbers(files: Sequence[FactsFile]) -> tuple[int, ...]:
    """Return the numbers of files: none is ever changed, and no number is given twice."""
    return tuple(file.id for file in files)
