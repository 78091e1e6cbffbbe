import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import FrozenInstanceError
from ipaddress import ip_network
from pathlib import Path

import pytest

from tests.support.environments import NEEDED, Environment
from tracker import config


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Environment:
    return Environment(monkeypatch, tmp_path)


def test_two_urls_are_enough(environment: Environment) -> None:
    settings = config.load()
    assert settings.database_url == settings.database_maintenance_url == settings.database_read_url
    assert settings.redis_url == NEEDED["REDIS_URL"]
    assert settings.batch_size == 100
    assert settings.max_retries == 3
    assert settings.trusted_proxies == 0
    assert settings.retention_months == 24
    assert settings.rq_queue == "tracker"
    assert settings.admin_token is None
    assert settings.secret_key is None
    assert settings.webhook_allow_http is False
    assert settings.webhook_allowed_networks == ()
    assert settings.webhook_ports == frozenset()
    assert (settings.webhook_disable_days, settings.webhook_disable_attempts) == (5, 10)


def test_everything_can_be_set(environment: Environment) -> None:
    environment.set(
        DATABASE_MAINTENANCE_URL="postgres://maintainer@db/tracker",
        DATABASE_READ_URL="postgresql://reader@replica/tracker",
        REDIS_URL="unix:///run/redis.sock?db=1",
        TRACKER_ADMIN_TOKEN="token",
        TRACKER_SECRET_KEY="secret",
        TRACKER_BATCH_SIZE="250",
        TRACKER_MAX_RETRIES="0",
        TRACKER_TRUSTED_PROXIES="2",
        TRACKER_RETENTION_MONTHS="0",
        TRACKER_LOG_FORMAT="JSON",
        TRACKER_RQ_QUEUE="hits.1",
        TRACKER_DRAIN_SECONDS="5",
        TRACKER_QUEUE_LIMIT="1000",
        TRACKER_QUEUE_MAX_BYTES="500000000",
        TRACKER_DAILY_MEGABYTES="0",
        TRACKER_WEBHOOK_ALLOW_HTTP="true",
        TRACKER_WEBHOOK_ALLOWED_NETWORKS="10.0.0.0/8, fd00::/8,",
        TRACKER_WEBHOOK_PORTS="8080, 9443",
        TRACKER_WEBHOOK_DISABLE_DAYS="2",
        TRACKER_WEBHOOK_DISABLE_ATTEMPTS="20",
    )
    settings = config.load()
    assert settings.database_maintenance_url == "postgres://maintainer@db/tracker"
    assert settings.database_read_url == "postgresql://reader@replica/tracker"
    assert settings.redis_url == "unix:///run/redis.sock?db=1"
    assert (settings.admin_token, settings.secret_key) == ("token", "secret")
    assert (settings.batch_size, settings.max_retries, settings.trusted_proxies) == (250, 0, 2)
    assert (settings.retention_months, settings.drain_seconds, settings.queue_limit) == (0, 5, 1000)
    assert settings.queue_max_bytes == 500_000_000
    assert (settings.log_format, settings.rq_queue) == ("json", "hits.1")
    assert settings.webhook_allow_http is True
    assert settings.webhook_allowed_networks == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
    assert settings.webhook_ports == {8080, 9443}
    assert (settings.webhook_disable_days, settings.webhook_disable_attempts) == (2, 20)


def test_settings_do_not_change_after_the_start(environment: Environment) -> None:
    with pytest.raises(FrozenInstanceError):
        config.load().batch_size = 5  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [
        ("TRACKER_BATCH_SIZE", "0", "a whole number from 1 to 1000"),
        ("TRACKER_BATCH_SIZE", "1001", "a whole number from 1 to 1000"),
        ("TRACKER_BATCH_SIZE", "ten", "a whole number from 1 to 1000"),
        ("TRACKER_BATCH_SIZE", "1e2", "a whole number from 1 to 1000"),
        ("TRACKER_BATCH_SIZE", "1_0", "a whole number from 1 to 1000"),
        ("TRACKER_BATCH_SIZE", "\u0661\u0660", "a whole number from 1 to 1000"),
        ("TRACKER_BATCH_SIZE", "9" * 5000, "a whole number from 1 to 1000"),
        ("TRACKER_MAX_RETRIES", "-1", "a whole number from 0 to 100"),
        ("TRACKER_TRUSTED_PROXIES", "17", "a whole number from 0 to 16"),
        ("TRACKER_TRUSTED_PROXIES", "-1", "a whole number from 0 to 16"),
        ("TRACKER_TRUSTED_PROXIES", "1,10.0.0.0/8", "networks as CIDRs, separated by commas"),
        ("TRACKER_TRUSTED_PROXIES", "10.0.0.1/8", "networks as CIDRs, separated by commas"),
        ("TRACKER_TRUSTED_PROXIES", "10.0.0.0-10.0.0.9", "networks as CIDRs, separated by commas"),
        ("TRACKER_TRUSTED_PROXIES", "::/0", "would let anybody forge one"),
        ("TRACKER_TRUSTED_PROXIES", "::ffff:0:0/96", "would let anybody forge one"),
        ("TRACKER_TRUSTED_PROXIES", "10.0.0.0/8,0.0.0.0/1,128.0.0.0/1", "would let anybody forge one"),
        ("TRACKER_PROXY_HEADER", "x-real-ip", "x-forwarded-for or forwarded"),
        ("TRACKER_RETENTION_MONTHS", "0.5", "a whole number from 0 to 1200"),
        ("TRACKER_DRAIN_SECONDS", "0", "a whole number from 1 to 600"),
        ("TRACKER_QUEUE_LIMIT", "999", "a whole number from 1000 to 1000000000"),
        ("TRACKER_DAILY_MEGABYTES", "-1", "a whole number from 0 to 1000000000"),
        ("TRACKER_LOG_FORMAT", "xml", "json or console"),
        ("TRACKER_WEBHOOK_ALLOW_HTTP", "yes", "true or false"),
        ("TRACKER_RQ_QUEUE", "two words", "1 to 50 letters, digits, points, dashes and underscores"),
        ("TRACKER_WEBHOOK_ALLOWED_NETWORKS", "10.0.0.1/8", "networks as CIDRs, separated by commas"),
        ("TRACKER_WEBHOOK_ALLOWED_NETWORKS", "intranet", "networks as CIDRs, separated by commas"),
        ("TRACKER_WEBHOOK_PORTS", "80,http", "ports from 1 to 65535, separated by commas"),
        ("TRACKER_WEBHOOK_PORTS", "0", "ports from 1 to 65535, separated by commas"),
        ("TRACKER_WEBHOOK_DISABLE_DAYS", "0", "a whole number from 1 to 365"),
        ("TRACKER_WEBHOOK_DISABLE_ATTEMPTS", "0", "a whole number from 1 to 1000000"),
    ],
)
def test_a_wrong_value_is_refused_with_name_value_and_what_is_accepted(
    environment: Environment, name: str, value: str, accepted: str
) -> None:
    environment.set(**{name: value})
    message = environment.refused()
    assert message.startswith(f"{name}={value!r} is not accepted: ")
    assert accepted in message


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("16", 16),
        ("10.0.0.0/8, fd00::/8,", (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))),
        ("10.1.2.3", (ip_network("10.1.2.3/32"),)),
        ("::ffff:10.0.0.0/104", (ip_network("10.0.0.0/8"),)),
    ],
)
def test_trusted_proxies_are_a_number_or_networks(environment: Environment, value: str, expected: object) -> None:
    environment.set(TRACKER_TRUSTED_PROXIES=value)
    assert config.load().trusted_proxies == expected


def test_space_around_a_value_does_not_count(environment: Environment) -> None:
    environment.set(TRACKER_BATCH_SIZE=" 7 ", TRACKER_ADMIN_TOKEN="token\n")
    settings = config.load()
    assert (settings.batch_size, settings.admin_token) == (7, "token")


def test_an_empty_value_is_an_absent_one(environment: Environment) -> None:
    environment.set(TRACKER_BATCH_SIZE="", TRACKER_ADMIN_TOKEN=" ", DATABASE_READ_URL="")
    settings = config.load()
    assert (settings.batch_size, settings.admin_token) == (100, None)
    assert settings.database_read_url == NEEDED["DATABASE_URL"]


@pytest.mark.parametrize(
    ("name", "field"),
    [("DATABASE_URL", "database_url"), ("TRACKER_SECRET_KEY", "secret_key"), ("TRACKER_ADMIN_TOKEN", "admin_token")],
)
def test_a_secret_may_come_from_a_file(environment: Environment, tmp_path: Path, name: str, field: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("postgresql://app:from-a-file@db/tracker\n")
    if name in NEEDED:
        environment.unset(name)
    environment.set(**{f"{name}_FILE": str(secret)})
    assert getattr(config.load(), field) == "postgresql://app:from-a-file@db/tracker"


def test_a_secret_file_that_is_not_there_is_named(environment: Environment) -> None:
    environment.set(TRACKER_SECRET_KEY_FILE="/nowhere/secret")
    message = environment.refused()
    assert message == "TRACKER_SECRET_KEY_FILE='/nowhere/secret' is not accepted: it must name a readable text file."


def test_a_secret_file_that_is_no_text_is_named_and_not_quoted(environment: Environment, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xff\xfe\x00hunter2")
    environment.set(TRACKER_SECRET_KEY_FILE=str(tmp_path / "secret"))
    message = environment.refused()
    assert message.startswith("TRACKER_SECRET_KEY_FILE=")
    assert "it must name a readable text file" in message
    assert "hunter2" not in message


def test_a_dotenv_file_is_read_and_the_environment_wins(environment: Environment, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TRACKER_BATCH_SIZE=5\nTRACKER_MAX_RETRIES=6\n")
    environment.set(TRACKER_BATCH_SIZE="7")
    settings = config.load()
    assert (settings.batch_size, settings.max_retries) == (7, 6)


def test_a_dotenv_file_serves_alone_and_may_name_secret_files(environment: Environment, tmp_path: Path) -> None:
    environment.unset("DATABASE_URL")
    environment.unset("REDIS_URL")
    (tmp_path / "secret").write_text("from a file")
    (tmp_path / ".env").write_text(
        f"DATABASE_URL=postgresql://dev@localhost/dev\nREDIS_URL=redis://localhost\n"
        f"TRACKER_SECRET_KEY_FILE={tmp_path / 'secret'}\n"
    )
    settings = config.load()
    assert (settings.database_url, settings.redis_url) == ("postgresql://dev@localhost/dev", "redis://localhost")
    assert settings.secret_key == "from a file"


@contextmanager
def as_another_user() -> Iterator[None]:
    """Root may enter and read everything; whoever else runs the tests is held by the modes alone."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def let_others_enter(path: Path) -> None:
    """Let every user pass through a folder of ours and those that pytest made around it."""
    for folder in (path, *path.parents[:3]):
        if folder.stat().st_uid == os.getuid() and not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)


def test_a_directory_that_one_may_not_enter_has_no_dotenv_file(environment: Environment, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TRACKER_BATCH_SIZE=5\n")
    tmp_path.chmod(0)
    try:
        with as_another_user():
            assert config.load().batch_size == 100
    finally:
        tmp_path.chmod(0o700)


def test_a_dotenv_file_that_one_may_not_read_is_named(environment: Environment, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TRACKER_SECRET_KEY=hunter2hunter2\n")
    (tmp_path / ".env").chmod(0)
    let_others_enter(tmp_path)
    with as_another_user():
        assert "this user may read" in environment.refused()


def test_a_dotenv_file_that_leads_where_one_may_not_look_is_named(environment: Environment, tmp_path: Path) -> None:
    shut = tmp_path / "shut"
    shut.mkdir(0o700)
    (shut / ".env").write_text("TRACKER_BATCH_SIZE=5\n")
    (tmp_path / ".env").symlink_to(shut / ".env")
    let_others_enter(tmp_path)
    with as_another_user():
        assert "this user may read" in environment.refused()


def test_a_dotenv_file_that_is_no_text_is_named_and_not_quoted(environment: Environment, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"TRACKER_SECRET_KEY=hunter2\xff\xfe\n")
    message = environment.refused()
    assert message.startswith("The file .env in ")
    assert "hunter2" not in message


def test_every_setting_says_its_variable() -> None:
    source = Path(config.__file__).read_text()
    for field in config.Settings.__dataclass_fields__:
        _, _, after = source.partition(f"    {field}: ")
        meaning = after.splitlines()[1].strip().removeprefix('"""')
        variable = meaning.partition(":")[0]
        assert f'"{variable}"' in source, field
