"""A bucket that fails every fourth request, in every way a store of objects can: reports are exact or say 503."""

from contextlib import closing, suppress
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.erasing import erase
from tests.support.failing_bucket import failing_bucket
from tests.support.queued_hits import rows
from tests.support.shop_in_bucket import ShopInBucket
from tracker.clock import SystemClock
from tracker.errors import FactsUnavailable, Refused
from tracker.facts.folder import MARK, Folder
from tracker.facts.write import Writer
from tracker.store.database import Database


def answer_of(shop: ShopInBucket) -> tuple[list[str], int]:
    """The report's clients, and the status."""
    try:
        return shop.clients(), 200
    except Refused as refused:
        return [], refused.status


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long), pytest.param(3, marks=pytest.mark.long)])
def test_nothing_is_lost_doubled_or_left_in_a_bucket_that_fails_now_and_then(
    shop: ShopInBucket, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    stored: list[str] = []
    with failing_bucket(shop.server.url, seed=seed, rate=0.25) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        writer = shop.make()
        for number in range(1, 5):
            shop.store(number)
            stored.append(f"c{number}")
            writer.turn(seconds=60)
            clients, status = answer_of(shop)
            assert clients == stored[: len(clients)] if status == 200 else status == 503

        def write() -> None:
            writer.turn(seconds=60)
            with suppress(FactsUnavailable):
                writer.remove_replaced(0)

        erase(shop.database, shop.redis, clients=["c3"], write_facts=write)
        assert len(proxy.failures) >= 3, "it did fail, in several ways"
        proxy.heal()
        assert shop.clients() == ["c1", "c2", "c4"]
        writer.remove_replaced(0)
        monkeypatch.setattr("tracker.facts.bucket_folder.LEFTOVER_SECONDS", 0.0)
        writer.swept_at = float("-inf")
        writer.turn()
        kept = [name for (name,) in rows(shop.database, "SELECT name FROM facts_files")]
        assert sorted(shop.server.names(".parquet")) == sorted(f"facts/{name}" for name in kept)
        assert len(shop.server.names(".visits")) == len(kept)


def test_an_erasure_waits_while_objects_may_not_be_deleted_and_the_permission_is_named(
    shop: ShopInBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    with failing_bucket(shop.server.url, seed=1, rate=1.0, only=("kept",)) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        writer = shop.make()
        shop.store(1, 2)
        writer.turn(seconds=60)
        reasons = []

        def write() -> None:
            writer.turn(seconds=60)
            try:
                writer.remove_replaced(0)
            except FactsUnavailable as error:
                reasons.append(str(error))
                proxy.heal()

        erase(shop.database, shop.redis, clients=["c1"], write_facts=write)
        assert [reason.partition(": ")[0] for reason in reasons] == [
            "The bucket s3://tracker-facts/facts refuses access"
        ]
        assert "what the bucket's policy lets them do" in reasons[0]
        assert shop.clients() == ["c2"]
        assert len(shop.server.names(".parquet")) == 1


@pytest.mark.parametrize("seed", [4, 5])
def test_a_bucket_whose_first_answer_was_lost_is_ours(
    shop: ShopInBucket, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    with failing_bucket(shop.server.url, seed=seed, rate=1.0, only=("lost answer",)) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        writer = shop.make()
        assert "does not answer" in str(writer.problem)
        assert shop.server.names(MARK), "it was carried out all the same"
        proxy.heal()
        writer.turn()
        assert writer.problem is None
    with pytest.raises(FactsUnavailable, match="another database"):
        shop.folder.found(uuid4())


@pytest.mark.parametrize("in_bucket", [True, False])
def test_a_folder_that_was_named_before_the_database_knew_of_it_is_ours(
    shop: ShopInBucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_of_all: str, *, in_bucket: bool
) -> None:
    folder: Folder = shop.folder if in_bucket else Folder(tmp_path / "facts")

    class Killed(Exception):
        pass

    def kill(*_: object) -> None:
        raise Killed

    writer = Writer(shop.database, folder, SystemClock())
    with monkeypatch.context() as patched:
        patched.setattr("tracker.store.facts_files.put_folder", kill)
        with pytest.raises(Killed):
            writer.turn()
    assert folder.id() is not None
    with closing(Database(database_of_all, name="tests")) as another:
        writer = Writer(another, folder, SystemClock())
        writer.turn()
        assert "another database" in str(writer.problem)
    shop.store(1)
    writer = Writer(shop.database, folder, SystemClock())
    writer.turn()
    assert writer.problem is None
    assert rows(shop.database, "SELECT count(*) FROM facts_files") == [(1,)]
