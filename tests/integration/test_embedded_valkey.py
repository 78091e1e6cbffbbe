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
def server(tmp_path: Path) -> Iterator[Valkey]:
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
def test_its_settings_keep_what_it_acknowledged(server: Valkey, setting: str, expected: str) -> None:
    server.start()
    with Redis.from_url(server.url) as redis:
        assert redis.config_get(setting) == {setting: expected}


def test_its_folders_are_private(server: Valkey) -> None:
    server.start()
    socket = server.socket_folder / "valkey.sock"
    folders = (server.folder, server.data, server.socket_folder, socket)
    assert [stat.S_IMODE(path.stat().st_mode) for path in folders] == [0o700] * 4
    assert len(str(socket)) < 107


def test_the_data_are_still_there_after_a_restart_and_the_address_stays(server: Valkey) -> None:
    server.start()
    url = server.url
    with Redis.from_url(url) as redis:
        redis.xadd("stream", {"kept": "yes"})
    server.stop()
    server.start()
    assert server.url == url
    with Redis.from_url(url) as redis:
        assert redis.xlen("stream") == 1


def test_a_folder_with_spaces_and_quotes_serves(tmp_path: Path) -> None:
    folder = tmp_path / """it's a "folder", with $HOME; 東京"""
    for expected in (1, 2):
        with Valkey(folder) as server, Redis.from_url(server.url) as redis:
            assert redis.incr("starts") == expected


def test_two_run_side_by_side_and_beside_a_postgres_in_the_same_folder(server: Valkey, valkey: Valkey) -> None:
    server.start()
    postgres = Postgres(server.folder, durable=False)
    with postgres, Redis.from_url(server.url) as ours, Redis.from_url(valkey.url) as other:
        ours.set("mine", 1)
        assert other.get("mine") is None


def test_two_cannot_share_a_folder(server: Valkey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker.embedded.server.LOCK_SECONDS", 0.1)
    server.start()
    with pytest.raises(EmbeddedServerFailed, match="in use by another running valkey"):
        Valkey(server.folder).start()


def test_a_failed_start_quotes_the_end_of_the_log(server: Valkey) -> None:
    server.start()
    with Redis.from_url(server.url) as redis:
        redis.set("kept", 1)
    server.stop()
    manifest = next(server.data.glob("appendonlydir/*.manifest"))
    manifest.write_text("nonsense\n")
    with pytest.raises(EmbeddedServerFailed, match="AOF manifest"):
        server.start()
    assert not server.running
