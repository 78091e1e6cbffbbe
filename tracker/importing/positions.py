"""The state file of a follower: how far each log was read, for one follower at a time."""

import fcntl
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Final

import orjson

from tracker.errors import Refused
from tracker.importing.pieces import Position

_KEY: Final = "positions_1"
"""Named after the version of what is written."""
_NO_POSITIONS: Final = "holds no positions; remove it to read the logs from their start: what is stored is known"


@dataclass(slots=True)
class LogState:
    """What is known of one log."""

    pieces: list[Position] = field(default_factory=list)
    """The oldest first; the last is the one that grows."""
    header: str = ""
    """The last `#Fields:` and `#Software:` lines, which say what the lines after them hold."""
    partial: str = ""
    """The part of a line whose end is still to come, where a container's runtime cut it."""


class StateFile:
    """Positions by application and path. Written whole and put in place by a rename, so that it is never half there."""

    def __init__(self, path: Path, application: str) -> None:
        """Raises Refused where it cannot be used: another follower has it, it cannot be read or written."""
        self._path, self._application = path, application
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock: IO[bytes] = path.with_name(f"{path.name}.lock").open("wb")
        except OSError as error:
            raise _unusable(path, f"cannot be written: {error.strerror}; name another with --state") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise _unusable(path, "is in use by another follower; give each its own --state") from error
        try:
            self._all = self._read()
        except BaseException:
            self._lock.close()
            raise

    def _read(self) -> dict[str, Any]:
        try:
            text = self._path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise _unusable(self._path, f"cannot be read: {error.strerror}") from error
        try:
            content = orjson.loads(text)
            positions: dict[str, Any] = content[_KEY]
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise _unusable(self._path, _NO_POSITIONS) from error
        return positions

    def logs(self) -> dict[str, LogState]:
        """Return what was saved of the application's logs, by path. Raises Refused."""
        try:
            return {
                path: LogState([Position(**piece) for piece in log["pieces"]], log["header"], log["partial"])
                for path, log in self._all.get(self._application, {}).items()
            }
        except (AttributeError, KeyError, TypeError) as error:
            raise _unusable(self._path, _NO_POSITIONS) from error

    def save(self, logs: dict[str, LogState]) -> None:
        """Raises Refused where the disk takes nothing."""
        self._all[self._application] = {path: asdict(log) for path, log in logs.items()}
        text = orjson.dumps({_KEY: self._all}, option=orjson.OPT_INDENT_2)
        new = self._path.with_name(f"{self._path.name}.new")
        try:
            # Only for its owner: it may hold the beginning of a line.
            new.touch(mode=0o600)
            with new.open("wb") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            new.replace(self._path)
        except OSError as error:
            raise _unusable(self._path, f"cannot be written: {error.strerror}") from error

    def close(self) -> None:
        self._lock.close()


def _unusable(path: Path, why: str) -> Refused:
    return Refused("VALIDATION_ERROR", 400, f"The state file {path} {why}.")
