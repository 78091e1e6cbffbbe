"""Share links that ask for a password, or end by themselves."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.browsing import Browsing, text_of
from tests.support.managing import Managing
from tests.support.queued_hits import rows
from tests.support.raw_hits import execute
from tests.support.share_links import share
from tests.support.standing_clock import StandingClock
from tracker.application import Application, hash_key
from tracker.dashboard import share_reads
from tracker.errors import Refused
from tracker.management import audit, passwords, shares
from tracker.store.database import Database
from tracker.web.authentication import MAX_FAILURES

HOME = "/dashboard/applications/shop"


def test_a_link_with_a_password_shows_nothing_before_it_is_entered(
    owner: Browsing, managing: Managing, database: Database, application: Application
) -> None:
    path, other = share(owner, password="open 開け sesame"), share(owner, name="Other", password="another one")
    guest = Browsing(managing)
    pages = ("", "/live", "/live/now", "/panel?group=pages", "/panel.csv", "/goals", "/goals.csv", "/values")
    for page in pages:
        answer = guest.get(f"{path}{page}")
        assert (answer.status_code, "Shop" in answer.text) == (401, False), page
        assert answer.headers["Cache-Control"] == "no-store"
    assert f'action="{path}/password"' in answer.text
    for wrong in ("", "open sesame", "another one", "x" * 201):
        refused = guest.post(f"{path}/password", password=wrong, next=f"{path}/goals")
        assert (refused.status_code, "The password is not the one of this link." in refused.text) == (401, True)
        assert f'name="next" value="{path}/goals"' in refused.text
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert guest.post(f"{path}/password", headers=foreign, password="open 開け sesame").status_code == 403
    entered = guest.post(f"{path}/password", password="open 開け sesame", next=f"{path}/goals?range=30d")
    assert (entered.status_code, entered.location) == (303, f"{path}/goals?range=30d")
    kept = entered.headers["Set-Cookie"]
    assert ("HttpOnly" in kept, f"Path={path}" in kept, "SameSite=Lax" in kept) == (True, True, True)
    assert [guest.get(f"{path}{page}").status_code in (200, 503) for page in pages] == [True] * len(pages)
    assert guest.get(other).status_code == 401, "of one link alone"
    [cookie] = re.findall(r"tracker_share=([^;]+)", kept)
    thief = Browsing(managing)
    thief.set_cookie(cookie, name="tracker_share")
    assert thief.get(other).status_code == 401
    elsewhere = guest.post(f"{path}/password", password="open 開け sesame", next="/dashboard/operations")
    assert elsewhere.location == path
    stored = str(rows(database, "SELECT * FROM shares")) + str(audit.list_(database, limit=50))
    assert "sesame" not in stored
    assert "scrypt$" not in owner.get(f"{HOME}/access").text + str(audit.list_(database, limit=50))
    assert owner.get(f"{HOME}/access").text.count('<span class="tag">with a password</span>') == 2
    owner.language = "ja"
    for fields in ({"password": "short"}, {"password": "long enough", "frame_origins": "https://a.example"}):
        answer = owner.post(f"{HOME}/access", action="share", name="x", **fields)
        assert answer.status_code == 400
        assert 'role="alert"><span lang="en">' not in answer.text
    managing.parts = replace(managing.parts, clock=StandingClock(datetime.now(UTC) + timedelta(hours=13)))
    assert guest.get(path).status_code == 401, "after half a day it is asked for again"


def test_passwords_are_tried_so_often_and_no_more(
    owner: Browsing, managing: Managing, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(share_reads, "GUESSES_AT_ONCE", 3)
    monkeypatch.setattr(share_reads, "GUESSES_PER_SECOND", 0.001)
    path = share(owner, password="a good one")
    guest = Browsing(managing, address="203.0.113.9")
    assert [guest.post(f"{path}/password", password="guess").status_code for _ in range(4)] == [401] * 4
    for language, sentence in (
        ("en", "Too many passwords are tried at this link"),
        ("ja", "このリンクではパスワードの"),
    ):
        guest.language = language
        held = guest.post(f"{path}/password", password="a good one")
        assert (held.status_code, held.headers["Retry-After"]) == (429, "1")
        assert f'role="alert">{sentence}' in held.text
    knowing = Browsing(managing, address="203.0.113.10")
    assert knowing.post(f"{path}/password", password="a good one").status_code == 303, "others guess, and it gets in"
    assert knowing.post(f"{path}/password", password="a good one").status_code == 429, "once a minute"
    monkeypatch.setattr(share_reads, "GUESSES_AT_ONCE", 1000)
    path = share(owner, name="More", password="a good one")
    monkeypatch.setattr(passwords, "is_right", lambda *_: False)
    # A minute may end meanwhile, and the count begin again.
    answers = (guest.post(f"{path}/password", password="guess").status_code for _ in range(2 * MAX_FAILURES + 1))
    assert 429 in answers, "wrong ones count as wrong keys do"


def test_a_link_ends_by_itself(
    owner: Browsing, managing: Managing, database: Database, application: Application
) -> None:
    path = share(owner, days="7")
    [row] = shares.list_(database, "shop")
    assert timedelta(days=6, hours=23) < row["expires_at"] - datetime.now(UTC) <= timedelta(days=7)
    guest = Browsing(managing)
    assert (guest.get(path).status_code, guest.get(f"{path}/live/now").status_code) == (200, 200)
    assert "Ends " in text_of(owner.get(f"{HOME}/access"))
    execute(database, "UPDATE shares SET expires_at = now() - INTERVAL '1 second'")
    assert (guest.get(path).status_code, guest.get(f"{path}/live/now").status_code) == (404, 404)
    assert '<span class="tag bad">has ended</span>' in owner.get(f"{HOME}/access").text
    assert owner.post(f"{HOME}/access", action="share", name="x", days="8").status_code == 400


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_form_that_had_a_password_makes_no_link_without_one(
    owner: Browsing, database: Database, application: Application, language: str
) -> None:
    owner.language = language
    assert "with_password" not in owner.get(f"{HOME}/access").text
    refused = owner.post(f"{HOME}/access", action="share", name=" ", password="open sesame")
    asked = {"en": "Enter the password again. For", "ja": "パスワードをもう一度入力してください。パスワードなし"}[
        language
    ]
    for _ in range(2):
        assert (refused.status_code, "sesame" in refused.text) == (400, False)
        [field] = re.findall(r'<input id="share-password"[^>]*>', refused.text)
        assert " required autofocus " in field
        assert f'id="share-password-hint">{asked}' in refused.text
        [marked] = re.findall(r'<input type="hidden" name="with_password" value="(\w+)">', refused.text)
        refused = owner.post(f"{HOME}/access", action="share", name="x", password="", with_password=marked)
        assert 'role="alert"><span lang="en">' not in refused.text
    assert shares.list_(database, "shop") == []
    words = {"en": ("with a password", "without a password"), "ja": ("パスワード付き", "パスワードなし")}[language]
    for fields, said in zip(({"password": "open sesame", "with_password": "1"}, {}), words, strict=True):
        made = owner.post(f"{HOME}/access", action="share", name="x", **fields)
        new = made.text.partition('<section class="panel new"')[2].partition("</section>")[0]
        assert f'<span class="tag">{said}</span>' in new
        assert ("knows the password" in new or "リンクとパスワードの両方" in new) == bool(fields)


def test_no_form_of_the_password_leads_elsewhere_than_to_the_link(
    owner: Browsing, managing: Managing, application: Application
) -> None:
    path = share(owner, password="open sesame")
    guest = Browsing(managing)
    sought = guest.get(f"{path}/password")
    assert (sought.status_code, sought.location) == (303, path)
    assert guest.get(f"{path[:-1]}~/password").status_code == 404
    for given, back in ((f"{path}/goals", f"{path}/goals"), (f"{path}/password", path), (f"{path}/password?x", path)):
        wrong = guest.post(f"{path}/password", password="wrong one", next=given)
        language_form = wrong.text.partition('action="/dashboard/language"')[2].partition("</form>")[0]
        assert f'name="next" value="{back}"' in language_form
        assert set(re.findall(r'name="next" value="([^"]*)"', wrong.text)) == {back}
    assert guest.post(f"{path}/password", password="open sesame", next=f"{path}/password").location == path


def test_a_build_that_knows_neither_passwords_nor_ends_finds_no_link_that_has_them(
    owner: Browsing, managing: Managing, database: Database, application: Application
) -> None:
    plain, ending, guarded = (share(owner, **fields) for fields in ({}, {"days": "7"}, {"password": "open sesame"}))
    guest = Browsing(managing)
    assert [guest.get(path).status_code for path in (plain, ending, guarded)] == [200, 200, 401]
    stored = {token_hash for (token_hash,) in rows(database, "SELECT token_hash FROM shares")}
    assert [hash_key(path.rpartition("/")[2]) in stored for path in (plain, ending, guarded)] == [True, False, False]


def test_a_process_makes_two_hashes_at_a_time_and_none_for_a_link_too_many(
    owner: Browsing, managing: Managing, database: Database, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = share(owner, password="open sesame")
    entered, done = threading.Semaphore(0), threading.Event()
    scrypt = passwords.hashlib.scrypt

    def slow(*arguments: object, **named: object) -> bytes:
        entered.release()
        assert done.wait(20)
        return bytes(scrypt(*arguments, **named))

    monkeypatch.setattr(passwords.hashlib, "scrypt", slow)
    with ThreadPoolExecutor(2) as pool:
        try:
            hashing = [pool.submit(passwords.hash_of, "a good one") for _ in range(2)]
            assert [entered.acquire(timeout=20) for _ in hashing] == [True, True]
            for language in ("en", "ja"):
                guest = Browsing(managing, language=language)
                held = guest.post(f"{path}/password", password="open sesame")
                assert (held.status_code, held.headers.get("Retry-After")) == (429, "1")
                assert 'role="alert"><span lang="en">' not in held.text
        finally:
            done.set()
        assert all(kept.result().startswith("scrypt$") for kept in hashing)
    assert guest.post(f"{path}/password", password="open sesame").status_code == 303
    monkeypatch.setattr(shares, "MAX_SHARES", 1)
    monkeypatch.setattr(passwords, "hash_of", lambda _: pytest.fail("hashed before links were counted"))
    with pytest.raises(Refused, match="at most 1 share links"):
        shares.create(database, "shop", name="x", password="a good one")
