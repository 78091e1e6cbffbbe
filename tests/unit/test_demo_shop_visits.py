"""The made-up visits of the demo: repeatable, and spread over the days that were asked for."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from tracker.demo.shop_visits import Visitors

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


def test_past_visits_come_in_the_order_of_time_and_lie_within_the_days() -> None:
    views = Visitors(7).past("shop", NOW, days=14, visits=300)
    times = [datetime.fromisoformat(view["timestamp"]) for view in views]
    assert all(earlier <= later for earlier, later in pairwise(times))
    assert NOW - timedelta(days=14) < times[0] < NOW - timedelta(days=13)
    assert NOW - timedelta(days=1) < times[-1] < NOW
    by_day = Counter(time.date() for time in times)
    assert len(by_day) == 15
    assert 280 <= len({view["session_id"] for view in views}) <= 300
    assert views == Visitors(7).past("shop", NOW, days=14, visits=300)


def test_a_visit_says_where_it_came_from_once_and_its_visitor_keeps_one_device() -> None:
    views = Visitors(7).past("shop", NOW, days=14, visits=300)
    outside = Counter(
        view["session_id"]
        for view in views
        if not view.get("referrer", "https://shop.example/").startswith("https://shop.")
    )
    assert set(outside.values()) == {1}
    devices = {(view["client_sub_id"], view["user_agent"]) for view in views}
    assert len(devices) == len({view["client_sub_id"] for view in views})
