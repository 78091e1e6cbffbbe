import pytest

from tracker.outbox.event_types import NAMES, check_events, type_for_hit, wants


def test_all_names_and_everything_and_events_of_hits_are_accepted_once_each() -> None:
    names = [*NAMES, "*", "tracking.purchase", " tracking.add to cart ", "tracking.購入", "tracking.created"]
    assert check_events(names) == (*NAMES, "*", "tracking.purchase", "tracking.add to cart", "tracking.購入")


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ([], "It needs 1 to 50 events"),
        ([f"tracking.{number}" for number in range(51)], "It needs 1 to 50 events"),
        (["sesion.started"], "Do you mean session.started?"),
        (["purchase"], "There are tracking.created, "),
        (["webhook.test"], "There is no event 'webhook.test'"),
        (["tracking."], "There is no event 'tracking.'"),
        (["tracking." + "x" * 101], "There is no event 'tracking.xxx"),
        (["tracking.a\nb"], "There is no event"),
        (["tracking.a\0"], "There is no event"),
        (["tracking.\ud800"], "There is no event"),
        ([""], "There is no event ''"),
        (["**"], "There is no event '**'"),
        (["Session.Started"], "Do you mean session.started?"),
    ],
)
def test_a_name_that_is_none_is_refused_with_the_nearest(names: list[str], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence.replace("*", r"\*").replace("?", r"\?")):
        check_events(names)


def test_everything_is_everything_but_what_is_only_sent_on_request_has_no_name() -> None:
    assert wants({"*"}, "session.ended")
    assert wants({"session.ended"}, "session.ended")
    assert not wants({"tracking.created"}, "session.ended")
    assert "webhook.test" not in NAMES


def test_a_hit_has_one_type_for_a_webhook() -> None:
    assert type_for_hit({"*", "tracking.a"}, "a") == "tracking.a"
    assert type_for_hit({"*", "tracking.a"}, "b") == "tracking.created"
    assert type_for_hit({"tracking.a"}, None) is None
