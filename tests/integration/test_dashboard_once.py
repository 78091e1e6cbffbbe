"""A form that is sent twice, as by a double click, makes one thing, and its answer is the answer to the first click."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.browsing import Browsing
from tests.support.managing import Managing
from tests.support.queued_hits import rows
from tests.support.registered_webhooks import register
from tracker import dashboard
from tracker.application import Application
from tracker.dashboard import once
from tracker.errors import QueueUnavailable
from tracker.management import applications
from tracker.queueing import form_answers
from tracker.queueing.connection import Connection
from tracker.store.database import Database

NEW = "/dashboard/new-application"
FORM = {"action": "create", "name": "My site", "rate_limit_per_minute": "1000"}
HOME = "/dashboard/applications/shop"
TEMPLATES = Path(dashboard.__file__).parent / "templates"
AS_OFTEN_AS_SENT = {
    *("{{ root }}/language", "{{ root }}/sign-out", "{{ root }}/sign-in", "{{ root }}/sign-in/provider"),
    "{{ link }}/password",
}
"""What forms may do twice: they lead somewhere, and make nothing."""
MAKING = {
    "keys": ("/keys", {"action": "create", "name": "Board", "may:stats:read": "on", "days": "0"}, "api_keys"),
    "invitations": ("/access", {"action": "invite", "name": "Somebody", "role": "viewer"}, "members"),
    "share links": ("/access", {"action": "share", "name": "Board"}, "shares"),
    "webhooks": (
        *("/webhooks", {"action": "create", "url": "https://93.184.216.34/in", "on:batch.failed": "on"}),
        "webhooks",
    ),
    "goals": ("/goals", {"action": "goal", "name": "Thanks", "kind": "page", "value": "/thanks"}, "goals"),
    "funnels": (
        "/goals",
        {"action": "funnel", "name": "Way", "kind1": "page", "value1": "/", "kind2": "page", "value2": "/thanks"},
        "funnels",
    ),
    "notes": ("/notes", {"action": "add", "day": "2026-11-30", "text": "Newsletter", "next": HOME}, "annotations"),
}


@pytest.fixture
def operator(managing: Managing) -> Browsing:
    opened = Browsing(managing)
    opened.sign_in(managing.admin_token)
    return opened


def token_in(page: str) -> str:
    """Return what the forms of a page are known by: all of one page by the same."""
    [token] = set(re.findall(r'<input type="hidden" name="once" value="([\w-]{12})">', page))
    return str(token)


def count(database: Database, table: str) -> int:
    [(number,)] = rows(database, f"SELECT count(*) FROM {table}")
    return int(number)


def test_an_application_without_an_app_id_is_made_once_and_its_key_shown_to_the_second_click(
    operator: Browsing, database: Database
) -> None:
    sent = {**FORM, "once": token_in(operator.get(NEW).text)}
    first, second = (operator.post(NEW, **sent) for _ in range(2))
    assert len(applications.list_(database)) == 1
    assert (second.status_code, second.text) == (200, first.text)
    assert re.findall(r"alt_[\w-]{20,}", second.text) == re.findall(r"alt_[\w-]{20,}", first.text) != []
    assert dict(second.headers)["Content-Security-Policy"] == dict(first.headers)["Content-Security-Policy"]
    operator.post(NEW, **{**sent, "name": "Another site"})
    assert len(applications.list_(database)) == 2, "who goes back and writes something else means it"
    operator.post(NEW, **{**sent, "once": token_in(operator.get(NEW).text)})
    assert len(applications.list_(database)) == 3, "so does who opens the form again"


@pytest.mark.parametrize("kind", MAKING)
def test_what_is_made_by_a_form_is_made_once(
    operator: Browsing, database: Database, application: Application, kind: str
) -> None:
    path, fields, table = MAKING[kind]
    before, audited = count(database, table), count(database, "audit_log")
    token = token_in(operator.get(HOME + path.replace("/notes", "/settings")).text)
    first, second = (operator.post(HOME + path, **fields, once=token) for _ in range(2))
    assert (count(database, table) - before, count(database, "audit_log") - audited) == (1, 1)
    assert (first.status_code, first.location, first.text) == (second.status_code, second.location, second.text)
    assert first.status_code in {200, 303}


def test_of_clicks_that_come_together_one_makes_it_and_the_others_wait(
    operator: Browsing, managing: Managing, database: Database, application: Application
) -> None:
    path, fields, _ = MAKING["keys"]
    token, cookie = token_in(operator.get(HOME + path).text), operator.cookie()
    assert cookie is not None

    def click(_: int) -> str:
        browser = Browsing(managing)
        browser.set_cookie(cookie)
        return browser.post(HOME + path, **fields, once=token).text

    with ThreadPoolExecutor(4) as threads:
        pages = set(threads.map(click, range(4)))
    assert (len(pages), count(database, "api_keys")) == (1, 1)


@pytest.mark.parametrize("grace", ["0", "86400"])
def test_whoever_replaces_the_key_of_their_own_session_sees_the_new_one_by_the_second_click(
    managing: Managing, database: Database, grace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, api_key = applications.create(database, name="Own")
    holder = Browsing(managing)
    holder.sign_in(api_key)
    path = f"/dashboard/applications/{made.app_id}/keys"
    cookie, sent = holder.cookie(), {"action": "rotate", "id": "first", "grace": grace}
    assert cookie is not None
    sent["once"] = token_in(holder.get(path).text)
    first = holder.post(path, **sent)
    holder.set_cookie(cookie)
    second = holder.post(path, **sent)
    assert (second.status_code, second.text) == (200, first.text)
    assert re.findall(r'id="key-made">(alt_[\w-]+)', second.text) not in ([], [api_key])
    holder.set_cookie(cookie)
    monkeypatch.setattr(once, "_SECOND_CLICK_SECONDS", -1)
    holder.set_cookie(cookie)
    assert holder.post(path, **sent).location.startswith("/dashboard/sign-in"), "later it has ended for this form, too"
    third = holder.post(path, **{**sent, "once": "another-text"})
    assert third.location.startswith("/dashboard/sign-in"), "it has ended"


def test_of_an_application_that_the_first_click_has_deleted_the_second_says_so(
    operator: Browsing, database: Database, application: Application
) -> None:
    path = f"{HOME}/settings"
    sent = {"action": "delete", "app_id": "shop", "once": token_in(operator.get(path).text)}
    first, second = (operator.post(path, **sent) for _ in range(2))
    assert (first.status_code, first.location) == (second.status_code, second.location) == (303, first.location)
    assert operator.post(path, **{**sent, "once": "another-text"}).status_code == 404


def test_who_goes_back_and_sends_the_same_form_again_means_it(
    operator: Browsing, database: Database, application: Application, redis: Connection
) -> None:
    """Of what leads elsewhere the answer is kept for the second click alone."""
    webhook = register(database, application, "*")
    sent = {"action": "test", "id": str(webhook), "once": token_in(operator.get(f"{HOME}/webhooks").text)}
    operator.post(f"{HOME}/webhooks", **sent)
    [kept] = redis.keys("tracker:form-answers:*")
    assert 0 < redis.ttl(kept) <= 10
    redis.delete(kept)
    operator.post(f"{HOME}/webhooks", **sent)
    assert count(database, "webhook_deliveries") == 2


def test_a_form_whose_answer_does_not_fit_into_redis_is_not_taken_to_be_under_way(
    operator: Browsing, database: Database, application: Application, redis: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise QueueUnavailable("Redis is full.")

    path, fields, table = MAKING["goals"]
    with monkeypatch.context() as patch:
        patch.setattr(form_answers, "keep", full)
        assert operator.post(HOME + path, **fields, once="known-by-this").status_code == 303
    assert redis.keys("tracker:form-answers:*") == []
    assert count(database, table) == 1


def test_an_answer_of_before_another_secret_key_is_none(
    operator: Browsing, database: Database, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, fields, table = MAKING["keys"]
    monkeypatch.setattr(form_answers, "claim", lambda *_, **__: "gAAAAA of another key")
    page = operator.post(HOME + path, **fields, once="known-by-this")
    assert (page.status_code, count(database, table)) == (200, 1)


def test_another_session_gets_nothing_of_the_answer(
    operator: Browsing, managing: Managing, database: Database, application: Application
) -> None:
    path, fields, _ = MAKING["keys"]
    token = token_in(operator.get(HOME + path).text)
    first = operator.post(HOME + path, **fields, once=token).text
    other = Browsing(managing)
    other.sign_in(managing.admin_token)
    second = other.post(HOME + path, **fields, once=token).text
    [[one], [another]] = [re.findall(r'id="key-made">(alt_[\w-]+)', page) for page in (first, second)]
    assert (one != another, count(database, "api_keys")) == (True, 2)


def test_no_answer_is_kept_in_clear(operator: Browsing, redis: Connection, application: Application) -> None:
    path, fields, _ = MAKING["keys"]
    page = operator.post(HOME + path, **fields, once=token_in(operator.get(HOME + path).text)).text
    [key] = re.findall(r'id="key-made">(alt_[\w-]+)', page)
    [kept] = redis.keys("tracker:form-answers:*")
    text = bytes(redis.get(kept) or b"")
    assert (key.encode() in text, text.startswith(b"gAAAA"), 0 < redis.ttl(kept) <= 600) == (False, True, True)


def test_what_was_refused_may_be_sent_again(operator: Browsing, database: Database, application: Application) -> None:
    sent = {"action": "goal", "name": "", "kind": "page", "value": "/thanks", "once": "known-by-this"}
    for _ in range(2):
        assert operator.post(f"{HOME}/goals", **sent).status_code == 400
    assert count(database, "goals") == 0
    assert operator.post(f"{HOME}/goals", **{**sent, "name": "Thanks"}).status_code == 303


def test_whoever_is_at_it_still_is_waited_for_and_then_said(
    operator: Browsing, database: Database, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(once, "_WAIT_SECONDS", 0.1)
    monkeypatch.setattr(form_answers, "claim", lambda *_, **__: "")
    path, fields, table = MAKING["goals"]
    operator.language = "ja"
    page = operator.post(HOME + path, **fields, once="known-by-this")
    assert (page.status_code, "二重に送信され" in page.text, count(database, table)) == (409, True, 0)


def test_without_redis_a_form_is_done_as_it_comes(
    operator: Browsing, database: Database, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: object, **__: object) -> str:
        raise QueueUnavailable("Redis is unavailable.")

    path, fields, table = MAKING["goals"]
    for name in ("claim", "keep", "drop"):
        monkeypatch.setattr(form_answers, name, unavailable)
    assert operator.post(HOME + path, **fields, once="known-by-this").status_code == 303
    assert count(database, table) == 1


def test_a_test_event_is_sent_once(operator: Browsing, database: Database, application: Application) -> None:
    webhook = register(database, application, "*")
    token = token_in(operator.get(f"{HOME}/webhooks").text)
    for _ in range(2):
        assert "done=test" in operator.post(f"{HOME}/webhooks", action="test", id=str(webhook), once=token).location
    assert count(database, "webhook_deliveries") == 1


def test_every_form_that_changes_something_is_known_again() -> None:
    forms = [
        form
        for file in TEMPLATES.glob("*.html")
        for form in re.findall(r"<form\b.*?</form>", file.read_text(), re.DOTALL)
    ]
    posts = [form for form in forms if 'method="post"' in form]
    assert len(posts) > 30
    unknown = [form[:80] for form in posts if "{{ once }}" not in form]
    assert {re.findall(r'action="([^"]*)"', form)[0] for form in unknown} == AS_OFTEN_AS_SENT
