"""Applications with custom parameters of their own are made together, and each file has those of its own alone."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.support.facts import make_facts
from tests.support.queued_hits import NOON, define, drain, enqueue, hit_of, rows
from tracker.application import Application
from tracker.facts import batch, write
from tracker.facts.rebuild import verify
from tracker.facts.write import Writer
from tracker.management import applications
from tracker.queueing.connection import Connection
from tracker.store import custom_parameter_definitions
from tracker.store.database import Database
from tracker.store.facts_marks import FactsDay

DEFINED = {"a": ["price"], "b": ["color"], "c": ["color", "price"], "d": []}

Store = Callable[[datetime], None]


@pytest.fixture
def sites(database: Database) -> dict[str, Application]:
    made = {name: applications.create(database, name=name, app_id=name, rate_limit=1000)[0] for name in DEFINED}
    for name, keys in DEFINED.items():
        for key in keys:
            define(database, made[name], key, "string")
    return made


@pytest.fixture
def store(database: Database, redis: Connection, sites: dict[str, Application]) -> Store:
    """Store a hit of each site, with values that say whose they are."""

    def stored(at: datetime) -> None:
        for number, (name, site) in enumerate(sites.items()):
            given = {key: f"{key} of {name}" for key in ("price", "color")}
            enqueue(redis, [hit_of(site, number + at.minute * 10 + 1, created_at=at, custom_params=given)])
        drain(redis, database)

    return stored


def parameters(database: Database, writer: Writer) -> dict[str, tuple[list[str], Any]]:
    """Of each site, by its app_id: the parameters that its file is said to have, and those that it has, by hit."""
    query = """SELECT app_id, facts_files.name, facts_files.parameters
               FROM facts_files JOIN applications ON applications.id = application_id WHERE replaced_at IS NULL"""
    files = {}
    for app_id, name, said in rows(database, query):
        with duckdb.connect() as engine:
            answer = engine.execute(f"FROM read_parquet('{writer.folder.path / name}') ORDER BY time")
            names = [column[0] for column in answer.description or ()]
            its = [(name, names.index(name)) for name in names if name.startswith("p_")]
            files[app_id] = (said, [{name: row[at] for name, at in its} for row in answer.fetchall()])
    return files


@pytest.mark.parametrize("most", [1, 100])
def test_a_file_has_the_parameters_of_its_application_and_of_the_file_before(  # noqa: PLR0917 fixtures
    database: Database,
    sites: dict[str, Application],
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    most: int,
) -> None:
    batches: list[list[FactsDay]] = []
    make_batch = write.make_batch

    def noted(*arguments: Any) -> list[FactsDay]:
        batches.append(make_batch(*arguments))
        return batches[-1]

    monkeypatch.setattr(write, "make_batch", noted)
    monkeypatch.setattr(batch, "_PASS_PARAMETERS", most)
    writer = make_facts(database, tmp_path / "facts")
    store(NOON)
    writer.turn()
    assert parameters(database, writer) == {
        name: (keys, [{f"p_{key}": f"{key} of {name}" for key in keys}]) for name, keys in DEFINED.items()
    }
    with database.transaction() as tx:
        custom_parameter_definitions.delete(tx, sites["a"].id, "price")
    define(database, sites["b"], "price", "string")
    store(NOON + timedelta(minutes=1))
    writer.turn()
    after = parameters(database, writer)
    assert after["a"] == (["price"], [{"p_price": "price of a"}, {"p_price": None}])
    assert after["b"] == (
        ["color", "price"],
        [{"p_color": "color of b", "p_price": None}, {"p_color": "color of b", "p_price": "price of b"}],
    )
    assert after["c"] == (["color", "price"], [{"p_color": "color of c", "p_price": "price of c"}] * 2)
    assert after["d"] == ([], [{}, {}])
    assert [len(days) for days in batches] == [len(sites)] * 2
    assert all(verify(writer, (site.id, NOON.date())) is None for site in sites.values())
