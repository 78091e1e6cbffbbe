import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from tracker.embedded import Postgres, Valkey
from tracker.errors import EmbeddedServerFailed


@pytest.fixture(autouse=True)
def _wheel(valkey: Valkey) -> None:
    """Skip where the wheel is missing. Most tests here start a server of their own."""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Valkey]:
    server = Valkey(tmp_path / "own")
    yield server
    server.stop()


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("appendonly", "yes"),
        ("appendfsync", "everysec"),
        ("maxmemory-policy", "noeviction"),
        ("port", "0"),
        ("save", ""),
        ("unixsocketperm", "700"),
    ],
)
def test_its_settings_keep_what_it_acknowledged(own: Valkey, setting: str, expected: str) -> None:
    own.start()
    with Redis.from_url(own.url) as redis:
        assert redis.config_get(setting) == {setting: expected}


def test_its_folders_are_private(own: Valkey) -> None:
    own.start()
    socket = own.socket_folder / "valkey.sock"
    folders = (own.folder, own.data, own.socket_folder, socket)
    assert [stat.S_IMODE(path.stat().st_mode) for path in folders] == [0o700] * 4
    assert len(str(socket)) < 107


def test_the_data_are_still_there_after_a_restart_and_the_address_stays(own: Valkey) -> None:
    own.start()
    url = own.url
    with Redis.from_url(url) as redis:
        redis.xadd("stream", {"kept": "yes"})
    own.stop()
    own.start()
    assert own.url == url
    with Redis.from_url(url) as redis:
        assert redis.xlen("stream") == 1


def test_a_folder_with_spaces_and_quotes_serves(tmp_path: Path) -> None:
    folder = tmp_path / """it's a "folder", with $HOME; 東京"""
    for expected in (1, 2):
        with Valkey(folder) as server, Redis.from_url(server.url) as redis:
            assert redis.incr("starts") == expected


def test_two_run_side_by_side_and_beside_a_postgres_in_the_same_folder(own: Valkey, valkey: Valkey) -> None:
    own.start()
    with Postgres(own.folder, durable=False), Redis.from_url(own.url) as ours, Redis.from_url(valkey.url) as other:
        ours.set("mine", 1)
        assert other.get("mine") is None


def test_two_cannot_share_a_folder(own: Valkey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker.embedded.server.LOCK_SECONDS", 0.1)
    own.start()
    with pytest.raises(EmbeddedServerFailed, match="in use by another running valkey"):
        Valkey(own.folder).start()


def test_a_failed_start_quotes_the_end_of_the_log(own: Valkey) -> None:
    own.start()
    with Redis.from_url(own.url) as redis:
        redis.set("kept", 1)
    own.stop()
    manifest = next(own.data.glob("appendonlydir/*.manifest"))
    manifest.write_text("nonsense\n")
    with pytest.raises(EmbeddedServerFailed, match="AOF manifest"):
        own.start()
    assert not own.running
