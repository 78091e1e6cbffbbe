"""URLs of servers that are refused before anything connects, and those that are taken."""

import pytest

from tracker.errors import SettingsInvalid
from tracker.queueing.connection import connect, primary_of, tag_of
from tracker.queueing.hash_tags import HOME, RQ_PREFIX, TAGS
from tracker.queueing.sentinel import Primary
from tracker.queueing.shards import shards_of
from tracker.server_urls import (
    of_cluster,
    of_sentinels,
    wrong_with_cluster,
    wrong_with_postgresql,
    wrong_with_redis,
    wrong_with_sentinels,
)
from tracker.store.connection import complete


@pytest.mark.parametrize(
    "value",
    [
        "redis://queue?nonsense=1",
        "redis://queue?db=one",
        "redis://queue?db=-1",
        "redis://queue?db=",
        "redis://queue?db=1&db=2",
        "redis://queue?db",
        "redis://queue?decode_responses=true",
        "redis://queue?protocol=3",
        "redis://queue?ssl_cert_reqs=none",
        "redis://queue?socket_timeout=long",
        "redis://queue?socket_timeout=-1",
        "redis://queue?max_connections=0",
        "redis://queue/abc",
        "redis://queue/-1",
        "redis://queue/1/2",
        "redis://queue/1.5",
        "redis://queue/0#part",
        "redis://queue:0",
        "redis://queue:65536",
        "redis://queue:port",
        "redis://[::1",
        "redis://:pa/ss@queue",
        "rediss://queue?ssl_cert_reqs=maybe",
        "unix://",
        "unix:///",
        "unix://host/run/redis.sock",
        "unix:///run/redis.sock?db=x",
    ],
)
def test_a_url_that_redis_would_not_take_or_take_for_another_is_refused_in_one_line(value: str) -> None:
    message = wrong_with_redis(value)
    assert message
    assert "\n" not in message
    assert "pa/ss" not in message


@pytest.mark.parametrize(
    "value",
    [
        "redis://",
        "redis://queue",
        "redis://queue/",
        "redis://queue:6379/15",
        "redis://user:p%40ss%2F@queue:65535/1?socket_timeout=0.5&health_check_interval=30",
        "redis://[::1]:6379/2?db=3",
        "rediss://queue:6380/0?ssl_cert_reqs=required&ssl_ca_certs=/etc/ssl/ca.pem&ssl_check_hostname=false",
        "unix:///run/redis.sock?db=1&password=secret",
        "unix://:secret@/run/redis.sock",
    ],
)
def test_a_url_that_redis_takes_makes_a_client(value: str) -> None:
    assert wrong_with_redis(value) is None
    connect(value, name="tests").close()


@pytest.mark.parametrize("value", ["redis://queue?nonsense=1", "redis://queue?db=one", "http://queue"])
def test_a_client_is_not_made_of_what_it_does_not_take(value: str) -> None:
    with pytest.raises(SettingsInvalid, match="REDIS_URL is not accepted"):
        connect(value, name="tests")


def test_a_url_of_sentinels_says_where_they_are_and_how_its_servers_are_used() -> None:
    url = "redis+sentinel://u:p%40ss@a:1,b,[::1]:2/hits/3?socket_timeout=1&sentinel_username=s&sentinel_password=x%20y"
    assert wrong_with_sentinels(url) is None
    watched = of_sentinels(url)
    assert watched is not None
    assert watched.sentinels == (("a", 1), ("b", 26_379), ("::1", 2))
    assert (watched.service, watched.server) == ("hits", "redis://u:p%40ss@host/3?socket_timeout=1")
    client = connect(url, name="tests")
    primary = primary_of(client)
    assert isinstance(primary, Primary)
    first = primary.sentinels[0].connection_pool.connection_kwargs
    assert [first[name] for name in ("host", "port", "username", "password")] == ["a", 1, "s", "x y"]
    assert of_sentinels("redis://queue") is None


def test_a_url_of_a_cluster_says_some_of_its_nodes_and_how_each_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "redis+cluster://u:p%40ss@a:1,b,[::1]:2?socket_timeout=1"
    assert wrong_with_cluster(url) is None
    cluster = of_cluster(url)
    assert cluster is not None
    assert cluster.nodes == (("a", 1), ("b", 6379), ("::1", 2))
    assert cluster.server == "redis://u:p%40ss@host/0?socket_timeout=1"
    assert of_cluster("redis://queue") is None
    monkeypatch.setattr("tracker.queueing.connection.RQ_KEY_PREFIX", RQ_PREFIX)
    client = connect(url, name="tests")
    tags = [tag_of(shard) for shard in shards_of(client)]
    assert (tag_of(client), tags) == (HOME, list(TAGS))
    assert all(shard.connection_pool.connection_kwargs["password"] == "p@ss" for shard in shards_of(client))


def test_a_cluster_is_refused_where_the_keys_of_rq_would_not_be_in_one_slot() -> None:
    with pytest.raises(SettingsInvalid, match=r"RQ_KEY_PREFIX=rq:\{tracker\} to each process") as refused:
        connect("redis+cluster://a:6379", name="tests")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "value",
    [
        "redis+cluster://",
        "redis+cluster://a:0x1",
        "redis+cluster://a:65536",
        "redis+cluster://a,,b",
        "redis+cluster://a/1",
        "redis+cluster://a#part",
        "redis+cluster://a?nonsense=1",
        "redis+cluster://a?db=1",
        "redis+cluster://a?ssl_ca_certs=/ca.pem",
        "redis+cluster://:pa/ss@a",
    ],
)
def test_a_url_of_a_cluster_that_does_not_read_as_one_is_refused_in_one_line(value: str) -> None:
    message = wrong_with_cluster(value)
    assert message
    assert "pa/ss" not in message


@pytest.mark.parametrize(
    "value",
    [
        "redis+sentinel://",
        "redis+sentinel://a:26379",
        "redis+sentinel://a:26379/",
        "redis+sentinel://a:0x1/hits",
        "redis+sentinel://a:65536/hits",
        "redis+sentinel://a,,b/hits",
        "redis+sentinel://a/hits/x",
        "redis+sentinel://a/hits/0#part",
        "redis+sentinel://a/hits/0?nonsense=1",
        "redis+sentinel://a/hits/0?ssl_ca_certs=/ca.pem",
        "redis+sentinel://:pa/ss@a/hits",
    ],
)
def test_a_url_of_sentinels_that_does_not_read_as_one_is_refused_in_one_line(value: str) -> None:
    message = wrong_with_sentinels(value)
    assert message
    assert "pa/ss" not in message


@pytest.mark.parametrize(
    "hosts", ["a:5432,b:5433", "a,b", "u:p%2C%3A@a:1,b:2,c", "[::1]:5432,[fe80::1]", "", "u@", "a:", "%2Frun%2Fpg"]
)
def test_a_database_may_have_several_hosts(hosts: str) -> None:
    url = f"postgresql://{hosts}/tracker?target_session_attrs=read-write"
    assert wrong_with_postgresql(url) is None
    assert complete(url, name="tests", wait=2)


def test_a_databases_name_may_have_an_at_sign() -> None:
    assert wrong_with_postgresql("postgresql://u:p@h/db@x?connect_timeout=1") is None


@pytest.mark.parametrize("user", ["u:p@w", "u:p/w", "u:p@w/x", "u@home:p", "u:p/w#1"])
def test_signs_of_a_password_that_end_it_are_refused(user: str) -> None:
    assert "written as %XX" in str(wrong_with_postgresql(f"postgresql://{user}@localhost/tracker"))


@pytest.mark.parametrize("hosts", ["a:1,b:65536", "a:0,b", "a:1,b:two", "u:p:w@d@a:x", "[::1:1", "a:1:2"])
def test_a_port_that_is_none_is_refused_among_several_hosts(hosts: str) -> None:
    assert "a port from 1 to 65535" in str(wrong_with_postgresql(f"postgresql://{hosts}/tracker"))
