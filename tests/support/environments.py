"""The environment of a process, for what reads settings from it."""

from pathlib import Path

import pytest

from tracker import config
from tracker.errors import SettingsInvalid

NEEDED = {"DATABASE_URL": "postgresql://app@db/tracker", "REDIS_URL": "redis://queue:6379/0"}


class Environment:
    """The environment of one test: only what it sets, in a working directory without a `.env`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        monkeypatch.setattr("os.environ", dict(NEEDED))
        monkeypatch.chdir(folder)
        self._monkeypatch = monkeypatch

    def set(self, **values: str) -> None:
        for name, value in values.items():
            self._monkeypatch.setenv(name, value)

    def unset(self, name: str) -> None:
        self._monkeypatch.delenv(name)

    def refused(self) -> str:
        with pytest.raises(SettingsInvalid) as raised:
            config.load()
        message = str(raised.value)
        assert "\n" not in message
        return message
