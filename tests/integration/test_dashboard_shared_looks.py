"""Looks at what goes on now that others have just been answered: the same answer, and never to whoever may not look."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from werkzeug.test import TestResponse

from tests.support.browsing import Browsing, cards, text_of
from tests.support.managing import Managing
from tests.support.raw_hits import fill
from tests.support.standing_clock import StandingClock
from tracker.application import Application
from tracker.dashboard import live_page, share_reads
from tracker.dashboard.live_page import LOOK_AGAIN
from tracker.dashboard.services import EXTENSION
from tracker.management import applications, keys, shares
from tracker.reading import live
from tracker.store.database import Database

NOW = "/dashboard/applications/shop/live/now"


@pytest.fixture
def made(managing: Managing, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The application of each look that was answered by the whole way; a process's parts are kept, as they are."""
    parts = managing.app.extensions[EXTENSION]()
    managing.app.extensions[EXTENSION] = lambda: parts
    monkeypatch.setattr(live, "_FRESH_SECONDS", 60.0)
    whole: list[str] = []

    def note(app_id: str, of: Callable[[str], object] = live_page.application_named) -> object:
        whole.append(app_id)
        return of(app_id)

    monkeypatch.setattr(live_page, "application_named", note)
    return whole


@pytest.fixture
def token(database: Database, application: Application) -> str:
    fill(
        database,
        application,
        9,
        start=datetime.now(UTC) - timedelta(minutes=20),
        every="1 s",
        client_sub_id="'v' || n % 4",
    )
    return shares.create(database, "shop", name="Board")[1]


def whole_answer(answer: TestResponse) -> tuple[int, bytes, dict[str, str]]:
    return answer.status_code, answer.data, {n: v for n, v in answer.headers.items() if n != LOOK_AGAIN}


def test_many_who_look_by_a_link_are_told_what_one_was_told(managing: Managing, made: list[str], token: str) -> None:
    path = f"/dashboard/share/{token}/live/now"
    answers = [Browsing(managing).get(path) for _ in range(5)]
    assert made == ["shop"] * 2, "the first tells whose it is, the second is remembered"
    assert cards(answers[-1]) == {"visitors": "4", "requests": "9"}
    assert [whole_answer(answer) for answer in answers] == [whole_answer(answers[0])] * 5
    same = Browsing(managing).get(path, headers={"If-None-Match": answers[0].headers["ETag"]})
    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", answers[0].headers["ETag"])
    for answer in (*answers, same):
        assert 1875 <= int(answer.headers[LOOK_AGAIN]) <= 2125
    in_japanese = Browsing(managing, language="ja").get(path)
    assert "リクエスト" in text_of(in_japanese)
    assert in_japanese.headers["ETag"] != same.headers["ETag"]


def test_a_link_that_is_revoked_elsewhere_is_gone_with_the_next_look(
    managing: Managing, made: list[str], token: str, database: Database, application: Application
) -> None:
    path, other = (
        f"/dashboard/share/{one}/live/now" for one in (token, shares.create(database, "shop", name="Other")[1])
    )
    guest = Browsing(managing)
    for _ in range(3):
        assert guest.get(path).status_code == guest.get(other).status_code == 200
    before = len(made)
    revoked = next(row for row in shares.list_(database, "shop") if row["name"] == "Board")
    shares.revoke(database, "shop", str(revoked["id"]))
    assert guest.get(path).status_code == 404
    assert guest.get(other).status_code == 200
    assert len(made) == before
    applications.delete(database, "shop")
    assert guest.get(other).status_code == 404


def test_a_session_looks_as_long_as_its_key_is_there_and_nobody_has_signed_out(
    managing: Managing, made: list[str], token: str, database: Database, application_key: str
) -> None:
    reader, other = keys.create(database, "shop", name="Reader", permissions=["stats:read"])
    browsings = [Browsing(managing), Browsing(managing), Browsing(managing)]
    for browsing, key in zip(browsings, (application_key, other, other), strict=True):
        browsing.sign_in(key)
        for _ in range(4):
            assert browsing.get(NOW).status_code == 200
    assert len(made) == 2 * len(browsings), "to each their own answer: a cookie is a right of its own"
    copied = Browsing(managing)
    copied.set_cookie(browsings[1].cookie() or "")
    assert copied.get(NOW).status_code == 200
    browsings[1].post("/dashboard/sign-out")
    assert copied.get(NOW).status_code == 303
    assert browsings[2].get(NOW).status_code == 200
    keys.revoke(database, "shop", str(reader.id))
    assert browsings[2].get(NOW).status_code == 303
    assert browsings[0].get(NOW).status_code == 200


def test_what_is_new_is_told_and_a_link_has_its_limit(  # noqa: PLR0917 fixtures
    managing: Managing,
    made: list[str],
    token: str,
    database: Database,
    application: Application,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = f"/dashboard/share/{token}/live/now"
    guest = Browsing(managing)
    first = [guest.get(path) for _ in range(3)][-1]
    fill(database, application, 1, start=datetime.now(UTC), every="1 s", first=50, client_sub_id="'new'")
    monkeypatch.setattr(live, "_FRESH_SECONDS", 0.0)
    after = guest.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (after.status_code, cards(after)) == (200, {"visitors": "5", "requests": "10"})
    monkeypatch.setattr(live, "_FRESH_SECONDS", 60.0)
    monkeypatch.setattr(share_reads, "AT_ONCE", 3)
    monkeypatch.setattr(share_reads, "LOOKS_PER_SECOND", 0.001)
    fresh = shares.create(database, "shop", name="Fresh")[1]
    limited = f"/dashboard/share/{fresh}/live/now"
    assert [guest.get(limited).status_code for _ in range(4)] == [200, 200, 200, 429]


def test_nobody_else_is_answered_with_it(managing: Managing, made: list[str], token: str, application_key: str) -> None:
    browsing = Browsing(managing)
    browsing.sign_in(application_key)
    for _ in range(3):
        assert browsing.get(NOW).status_code == 200
    assert Browsing(managing).get(NOW).status_code == 303
    assert browsing.get(NOW.replace("shop", "other")).status_code == 404
    assert browsing.get(f"/dashboard/share/{token[:-1]}/live/now").status_code == 404
    operator = Browsing(managing)
    operator.sign_in(managing.admin_token)
    for _ in range(3):
        assert operator.get(NOW).status_code == 200
    assert len(made) == 2 + 3 + 1, "the operator's looks go the whole way, and one who may not comes as far as a name"


@pytest.mark.parametrize("who", ["guest", "owner"])
def test_who_has_looked_for_twelve_hours_is_asked_again(  # noqa: PLR0917 fixtures
    managing: Managing, made: list[str], token: str, owner: Browsing, database: Database, who: str
) -> None:
    """Nothing new comes, and the cookie is still sent: what is remembered does not outlast it."""
    looking, path = owner, NOW
    if who == "guest":
        protected = shares.create(database, "shop", name="Board", password="open sesame")[1]
        looking, path = Browsing(managing), f"/dashboard/share/{protected}/live/now"
        assert looking.post(path.replace("live/now", "password"), password="open sesame").status_code == 303
    assert [looking.get(path).status_code for _ in range(4)] == [200] * 4
    assert len(made) == 2, "it is remembered"
    parts = managing.app.extensions[EXTENSION]()
    later = StandingClock(datetime.now(UTC) + timedelta(hours=12, seconds=1))
    managing.app.extensions[EXTENSION] = lambda: replace(parts, clock=later)
    assert looking.get(path).status_code == (401 if who == "guest" else 303)
