"""What a connection to the engine can do, in this process or in one of its own, and how it fails."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

EngineRow = tuple[Any, ...]
Parameters = Sequence[object] | Mapping[str, object]
THREADS: Final = 2
"""Of an engine that works alone."""


class EngineFailure(Exception):
    """What the engine says of a statement: the name of its error, and its words, which may hold paths and values."""

    def __init__(self, name: str, words: str) -> None:
        super().__init__(words)
        self.name = name


class EngineCursor(Protocol):
    """Statements of one thread; `interrupt` ends the one that runs, and is for any other thread."""

    def rows(self, statement: str, params: Parameters) -> list[EngineRow]:
        """Return every row of the answer. Raises EngineFailure."""

    def run(self, statement: str, params: Parameters) -> None:
        """Run what has no answer. Raises EngineFailure."""

    def interrupt(self) -> None: ...

    def close(self) -> None: ...


class EngineConnection(Protocol):
    """An engine in memory."""

    def cursor(self) -> EngineCursor:
        """Raises EngineFailure."""

    def close(self) -> None: ...
