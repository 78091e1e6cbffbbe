import json

import pytest
from click.testing import CliRunner

from tracker.cli.capacity import capacity
from tracker.diagnostics.capacity import SECONDS_A_MONTH, HitCosts, Load, Need, advice, needs

COSTS = HitCosts(
    receiver=100, valkey=50, worker=200, postgresql=400, fact=100, site_facts=6000,
    waiting_bytes=1000, stored_bytes=2000, log_bytes=5000,
)  # fmt: skip


def amounts(needed: list[Need]) -> dict[str, float]:
    return {need.of: need.amount for need in needed}


def load(hits_per_second: float = 1000, *, peak_factor: float = 5, sites: int = 1) -> Load:
    return Load(hits_per_second=hits_per_second, peak_factor=peak_factor, sites=sites, retention_months=2)


def test_processes_are_counted_for_the_peak_and_disk_for_the_average() -> None:
    needed = needs(load(), COSTS, utilisation=0.5, relative_speed=1)
    assert amounts(needed) == {
        "receiver": 1,
        "worker": 2,
        "PostgreSQL": 4,
        "Redis or Valkey": 1,
        "facts of the scheduler": 0.5,
        "memory of Redis for an hour in which nothing is stored": 18.0,
        "disk of PostgreSQL": 10368.0,
        "write-ahead log a day": 432.0,
    }
    assert needed[1].arithmetic == "5,000 hits/s * 200 µs = 1.000 cores busy, / 0.5 = 2.000"


def test_a_faster_core_does_more() -> None:
    assert amounts(needs(load(10_000), COSTS, utilisation=0.5, relative_speed=2))["PostgreSQL"] == 20


@pytest.mark.parametrize(("sites", "speed", "busy"), [(1, 1, 0.01), (600, 1, 0.61), (9999, 1, 0.61), (150, 4, 0.08)])
def test_facts_of_many_sites_cost_by_the_sites_of_a_turn(sites: int, speed: float, busy: float) -> None:
    """A hundred hits a second are of three hundred sites in a turn at most."""
    needed = needs(load(20, sites=sites), COSTS, utilisation=0.5, relative_speed=speed)
    assert amounts(needed)["facts of the scheduler"] == busy
    [said] = [need.arithmetic for need in needed if need.of == "facts of the scheduler"]
    assert f"{min(sites, 300)} sites a turn" in said


def test_what_one_server_cannot_carry_is_said() -> None:
    small = needs(load(1), COSTS, utilisation=0.6, relative_speed=1)
    assert advice(load(1), small) == []
    large = needs(load(100_000), COSTS, utilisation=0.6, relative_speed=1)
    sentences = advice(load(100_000, sites=20_001), large)
    assert [sentence.split()[0] for sentence in sentences] == ["One", "PostgreSQL", "Facts", "A"]


def test_a_month_of_page_views_is_so_many_hits_a_second() -> None:
    done = CliRunner().invoke(capacity, ["--page-views-per-month", str(2 * SECONDS_A_MONTH), "--json"])
    assert done.exit_code == 0
    answer = json.loads(done.output)
    assert (answer["load"]["hits_per_second"], answer["load"]["peak_hits_per_second"]) == (2.0, 10.0)
    assert answer["needs"][0]["of"] == "receiver"


@pytest.mark.parametrize("arguments", [[], ["--hits-per-second", "1", "--page-views-per-month", "1"]])
def test_one_of_both_measures_is_needed(arguments: list[str]) -> None:
    done = CliRunner().invoke(capacity, arguments)
    assert done.exit_code == 2
    assert "either --hits-per-second or --page-views-per-month" in done.output
