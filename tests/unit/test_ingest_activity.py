from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tracker.hit import Hit
from tracker.ingest.activity import activities_of

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHOP, NEWS = UUID(int=1), UUID(int=2)


def hit(number: int, seconds: int, application: UUID = SHOP, **columns: Any) -> Hit:
    given_columns = {"session_id": "s", "created_at": START + timedelta(seconds=seconds), **columns}
    return Hit(id=number, application_id=application, app_id=f"app{application.int}", **given_columns)


def test_hits_without_a_session_make_no_activity() -> None:
    assert activities_of([hit(1, 0, session_id=None)]) == []


def test_hits_of_one_session_become_one_activity_whatever_their_order() -> None:
    hits = [
        hit(3, 30, user_agent="late", client_sub_id="c", custom_params={"a": 3, "c": 3}),
        hit(1, 10, user_agent=None, custom_params={"a": 1, "b": 1}),
        hit(2, 20, user_agent="early", event_name="click", custom_params={"a": 2}),
    ]
    [[activity]] = activities_of(hits)
    assert activity.first_accessed_at == START + timedelta(seconds=10)
    assert activity.last_accessed_at == START + timedelta(seconds=30)
    assert (activity.user_agent, activity.client_sub_id, activity.module_id) == ("early", "c", None)
    assert activity.session_custom_params == {"a": 3, "b": 1, "c": 3}
    assert activity.page_views == 2


def test_page_views_are_hits_without_an_event_or_with_one_that_says_so() -> None:
    names = [None, "page_view", "pageview", "Page_View", "click", ""]
    [[activity]] = activities_of([hit(n, n, event_name=name) for n, name in enumerate(names)])
    assert activity.page_views == 3
    [[begun_by_an_event]] = activities_of([hit(1, 1, event_name="click")])
    assert begun_by_an_event.page_views == 0


def test_of_two_applications_the_earliest_hit_goes_first_and_the_other_is_offered_too() -> None:
    rounds = activities_of([hit(2, 20, NEWS), hit(1, 10, SHOP), hit(3, 5, NEWS, session_id="t")])
    assert [[(session.session_id, session.application_id) for session in one] for one in rounds] == [
        [("s", SHOP), ("t", NEWS)],
        [("s", NEWS)],
    ]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 5), st.sampled_from(["a", "b", "c"]), st.sampled_from([SHOP, NEWS]), st.integers(0, 9)
        ),
        max_size=20,
    ),
    st.randoms(),
)
def test_the_order_within_a_batch_does_not_matter(drawn: list[tuple[int, str, UUID, int]], random: Any) -> None:
    hits = [
        hit(number, seconds, application, session_id=session, custom_params={"k": value}, user_agent=f"{value}" or None)
        for number, (seconds, session, application, value) in enumerate(drawn)
    ]
    shuffled = list(hits)
    random.shuffle(shuffled)
    rounds = activities_of(hits)
    assert activities_of(shuffled) == rounds
    assert sum(activity.page_views for one in rounds for activity in one) == len(hits)
    for one in rounds:
        names = [session.session_id for session in one]
        assert names == sorted(set(names))
