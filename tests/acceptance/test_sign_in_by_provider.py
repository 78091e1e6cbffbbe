"""Signing in at a real provider of OpenID Connect, over HTTP: to several processes, with odd clocks, new keys, or none.

`make test-clients` runs this.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.support.openid_provider import CALLBACK, OpenIdProvider, Visitor, openid_provider, refreshed
from tests.support.serving import Serving, serving
from tracker.clock import SystemClock
from tracker.management import applications, audit, keys, members
from tracker.management.members import MemberIdentity
from tracker.store.database import Database

pytestmark = [pytest.mark.clients, pytest.mark.usefixtures("application")]

SHOP = "/dashboard/applications/shop"
ALICE = "alice@shop.example"


@pytest.fixture
def provider() -> Iterator[OpenIdProvider]:
    with openid_provider() as made:
        yield made


@pytest.fixture
def server(environment: dict[str, str], provider: OpenIdProvider, tmp_path: Path) -> Iterator[Serving]:
    """Two processes: whoever begins at one of them comes back to any."""
    with serving({**environment, **provider.environment}, tmp_path, processes=2) as running:
        yield running


def url_of(server: Serving) -> str:
    return f"http://127.0.0.1:{server.port}"


def invited(database: Database, role: str = "viewer", app_id: str = "shop", email: str = "") -> str:
    return members.invite(database, app_id, name="Alice", role=role, now=SystemClock().now(), email=email)[1]


def test_somebody_who_is_invited_joins_signs_in_again_and_is_removed(
    server: Serving, provider: OpenIdProvider, database: Database
) -> None:
    url = url_of(server)
    provider.start(url)
    applications.create(database, name="Stranger", app_id="stranger")
    alice = Visitor(url)
    token = invited(database, "editor")
    assert "Accept, and sign in with Example ID" in alice.get(f"{url}/dashboard/invitation/{token}").text
    page = alice.sign_in(ALICE, invitation=token)
    assert (page.status_code, urlsplit(page.url).path) == (200, SHOP)
    assert "alt_" not in page.text
    [member] = members.list_(database, "shop")
    assert (member.role, member.has_identity, member.is_active) == ("editor", True, True)
    pages = {
        path: alice.get(f"{url}{path}").status_code
        for path in (
            f"{SHOP}/settings",
            f"{SHOP}/keys",
            "/dashboard/operations",
            "/dashboard/applications/stranger",
            "/dashboard/applications/no%00such",
        )
    }
    assert list(pages.values()) == [200, 404, 404, 404, 404]
    changed = {"was:bot_filter": "drop", "set:bot_filter": "keep"}
    assert alice.form(f"{SHOP}/settings", action="settings", **changed).status_code == 303
    [change] = [row for row in audit.list_(database, limit=50) if row["action"] == "setting.changed"]
    assert change["actor_key_id"] == member.key_id
    [joined] = [row for row in audit.list_(database, limit=50) if row["action"] == "member.joined"]
    assert (joined["after"]["subject"], joined["after"]["issuer"]) == (ALICE, provider.issuer)
    again = Visitor(url)
    assert again.begin(invitation=token).status_code == 200
    assert again.sign_in(ALICE, next=f"{SHOP}/live").url == f"{url}{SHOP}/live"
    members.remove(database, "shop", str(member.id))
    assert alice.get(f"{url}{SHOP}").status_code == 404
    home = again.get(f"{url}/dashboard")
    assert "not a member of any application yet" in home.text
    assert ALICE in home.text
    keys.create(database, "shop", permissions=["stats:read"])
    assert again.get(f"{url}{SHOP}").status_code == 404


def test_an_invitation_to_an_address_waits_for_whoever_has_verified_it(
    server: Serving, provider: OpenIdProvider, database: Database
) -> None:
    url = url_of(server)
    provider.start(url)
    applications.create(database, name="Second", app_id="second")
    invited(database, "viewer", email="ALICE@shop.example ")
    invited(database, "viewer", "second", email=ALICE)
    invited(database, "owner", "second", email="unverified@shop.example")
    for name in ("mallory@shop.example", "unverified@shop.example"):
        other = Visitor(url)
        home = other.sign_in(name).text
        assert "not a member of any application yet" in home
        waiting = [row for row in members.list_(database, "shop") if row.key_id is None]
        assert other.form("/dashboard", id=str(waiting[0].id)).status_code == 404
    alice = Visitor(url)
    home = alice.sign_in(ALICE).text
    ids = re.findall(r'name="id" value="([\w-]+)"', home)
    assert len(ids) == 2
    assert alice.get(f"{url}{SHOP}").status_code == 404, "not before it is accepted"
    assert [alice.form("/dashboard", id=value).status_code for value in ids] == [303, 303]
    assert alice.form("/dashboard", id=ids[0]).status_code == 404, "it counts once"
    assert alice.get(f"{url}{SHOP}").status_code == 200
    assert alice.get(f"{url}/dashboard/applications/second").status_code == 200
    person = MemberIdentity(provider.issuer, ALICE, ALICE)
    assert [membership.app_id for membership in members.memberships(database, person)] == ["second", "shop"]
    token = invited(database, "owner")
    refused = Visitor(url).sign_in(ALICE, invitation=token)
    assert (refused.status_code, "a member of this application already" in refused.text) == (409, True)


def test_what_is_no_answer_to_what_this_browser_began_signs_nobody_in(
    server: Serving, provider: OpenIdProvider, database: Database
) -> None:
    url = url_of(server)
    provider.start(url)
    alice, mallory = Visitor(url), Visitor(url)
    back = alice.answer_of_provider(alice.begin(), ALICE)
    query = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    assert set(query) == {"code", "state", "iss"}
    mallory.begin()
    odd = [
        (mallory, back),
        (Visitor(url), back),
        (alice, f"{url}{CALLBACK}?{urlencode({**query, 'state': 'x'})}"),
    ]
    for visitor, address in odd:
        answer = visitor.get(address)
        assert (answer.status_code, "not begun in this browser" in answer.text) == (403, True), address
        assert "tracker_session" not in visitor.cookies
    for change in ({"iss": "https://evil.example"}, {"code": "x" * 5000}, {"code": ""}, {"code": "wrong"}):
        alice = Visitor(url)
        answer_url = alice.answer_of_provider(alice.begin(), ALICE)
        query = {name: values[0] for name, values in parse_qs(urlsplit(answer_url).query).items()}
        assert alice.get(f"{url}{CALLBACK}?{urlencode({**query, **change})}").status_code == 403, change
        assert "tracker_session" not in alice.cookies
    once = Visitor(url)
    back = once.answer_of_provider(once.begin(), ALICE)
    kept = once.cookies.copy()
    assert once.get(back).status_code == 200
    once.cookies = kept
    assert once.get(back).status_code == 403, "a code counts once"
    assert alice.get(f"{url}{CALLBACK}?error=access_denied&state=x").status_code == 403
    foreign = alice.post(f"{url}/dashboard/sign-in/provider", {}, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403
    for path in ("https://evil.example/", "//evil.example", "/dashboard/../evil", "/\\evil.example"):
        led = Visitor(url).sign_in(ALICE, next=path)
        assert led.url == f"{url}/dashboard", path


def test_two_tabs_sign_in_beside_each_other_and_end_in_any_order(
    server: Serving, provider: OpenIdProvider, database: Database
) -> None:
    url = url_of(server)
    provider.start(url)
    token = invited(database)
    alice = Visitor(url)
    first, second, third = alice.begin(next="/dashboard/operations"), alice.begin(invitation=token), alice.begin()
    by_first = alice.answer_of_provider(first, ALICE)
    assert alice.get(f"{url}{CALLBACK}?state=made+up&code=x").status_code == 403
    by_second = alice.answer_of_provider(second, ALICE)
    joined = alice.get(by_second)
    assert (joined.status_code, refreshed(joined)) == (200, SHOP)
    led = alice.get(by_first)
    assert (led.status_code, refreshed(led)) == (200, "/dashboard/operations")
    assert alice.get(by_first).status_code == 403, "each counts once"
    assert refreshed(alice.get(alice.answer_of_provider(third, ALICE))) == "/dashboard"
    assert [name for name in alice.cookies.keys() if name.startswith("tracker_sign_in")] == []  # noqa: SIM118 names


@pytest.mark.parametrize(
    "options", [{"secret": None}, {"email_by_userinfo": False}, {"clock_ahead": 90}, {"clock_ahead": -90}]
)
def test_public_clients_claims_in_the_token_and_clocks_that_differ(
    environment: dict[str, str],
    provider: OpenIdProvider,
    database: Database,
    tmp_path: Path,
    options: dict[str, object],
) -> None:
    invited(database, email=ALICE)
    variables = {**environment, **provider.environment}
    if options.get("secret", "") is None:
        del variables["TRACKER_OIDC_CLIENT_SECRET"]
    with serving(variables, tmp_path, processes=1) as server:
        provider.start(url_of(server), **options)
        assert "Accept the invitation to Shop" in Visitor(url_of(server)).sign_in(ALICE).text


def test_a_provider_that_is_away_has_other_keys_or_another_time(
    server: Serving, provider: OpenIdProvider, application_key: str, environment: dict[str, str]
) -> None:
    url = url_of(server)
    away = Visitor(url).begin()
    assert away.status_code == 503
    assert away.headers["Retry-After"] == "10"
    assert "The sign-in provider does not answer as it should" in away.text
    by_key, by_token = Visitor(url), Visitor(url)
    assert by_key.form("/dashboard/sign-in", key=application_key).status_code == 303
    assert by_token.form("/dashboard/sign-in", key=environment["TRACKER_ADMIN_TOKEN"]).status_code == 303
    assert by_token.get(f"{url}/dashboard/operations").status_code == 200
    provider.start(url)
    alice = Visitor(url)
    for _ in range(3):
        assert alice.sign_in(ALICE).status_code == 200, server.log
        provider.start(url)  # With another key, and nobody signed in there.
    begun = alice.begin()
    back = alice.answer_of_provider(begun, ALICE)
    provider.stop()
    # The keys may be known and the token is not: whoever comes back is told so, and whoever is in stays in.
    lost = alice.get(back)
    assert lost.status_code == 503
    assert alice.get(f"{url}/dashboard").status_code == 200
    out = alice.form("/dashboard/sign-out")
    assert out.status_code in {200, 303}
    assert urlsplit(alice.get(f"{url}/dashboard").url).path == "/dashboard/sign-in"
    provider.start(url, clock_ahead=600)
    assert Visitor(url).sign_in(ALICE).status_code == 403
