"""Following something marked through the code: which functions are given it, and in which files these stand."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from tests.support.command_line import PROJECT

_CODE = f"{PROJECT / 'tracker'}/"
_STATEMENTS = "tracker/store/queries.py"


class Handing(NamedTuple):
    """A call that was given what is marked: the file of the function, the file that called it, and its name."""

    file: str
    caller: str | None
    function: str


class Walk:
    """The calls in this thread, and in those that it starts, that had an argument in which the mark shows."""

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self.handings: list[Handing] = []
        self.statements: list[str] = []
        """The files of the statements that took it as a parameter."""

    @contextmanager
    def followed(self) -> Iterator[None]:
        threading.setprofile(self._look)
        sys.setprofile(self._look)
        try:
            yield
        finally:
            sys.setprofile(None)
            threading.setprofile(None)

    @property
    def files(self) -> list[str]:
        """The files whose functions were given it, in their order."""
        return list(dict.fromkeys(handing.file for handing in self.handings))

    @property
    def stays(self) -> list[str]:
        """The files as it went from one to the next."""
        files = [handing.file for handing in self.handings]
        return [file for at, file in enumerate(files) if at == 0 or files[at - 1] != file]

    def until(self, file: str) -> "Walk":
        """The part of the walk that ends where it reaches a file."""
        part = Walk(self._mark)
        end = next(at for at, handing in enumerate(self.handings) if handing.file == file)
        part.handings = self.handings[: end + 1]
        return part

    def passing_on(self, nouns: set[str]) -> list[str]:
        """The files that give it to another one, beside those that say what it is."""
        calls = [call for call in self.handings if call.caller not in {None, call.file} and call.file not in nouns]
        return [file for file in self.files if any(call.caller == file for call in calls)]

    def to_the_statement(self, nouns: set[str]) -> list[str]:
        """The files that give it to another one, until a statement takes it; that one at the end."""
        row = next(file for file in self.files if file.startswith("tracker/store/"))
        return [*(file for file in self.until(row).passing_on(nouns) if file != row), row, self.statements[0]]

    def _look(self, frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(_CODE):
            return
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        if any(self._shows_in(frame.f_locals[name]) for name in names if name in frame.f_locals):
            self.handings.append(Handing(_name(code.co_filename), _caller_of(frame), code.co_qualname))
            if _name(code.co_filename) == _STATEMENTS and "params" in names:
                self.statements.append(f"sql/queries/{frame.f_locals['name']}.sql")

    def _shows_in(self, value: object) -> bool:
        try:
            return self._mark in repr(value)
        except AttributeError:
            return False  # An object that is being made has not all yet that it would show.


def _caller_of(frame: FrameType) -> str | None:
    caller = frame.f_back
    while caller is not None and not caller.f_code.co_filename.startswith(_CODE):
        caller = caller.f_back
    return _name(caller.f_code.co_filename) if caller is not None else None


def _name(path: str) -> str:
    return str(Path(path).relative_to(PROJECT))
