"""One's own account: what is linked and what acts, each taken back at once, and nobody else's."""

import pytest

from services.auth.domain.api_keys import KeyRequest
from services.auth.domain.clients import Client, ClientOrigin
from services.auth.domain.grants import Grant
from services.auth.domain.people import Person
from tests.fakes.auth_pages import Browser, Site
from tests.fakes.auth_world import OTHER_WALLET, WALLET


def grant_of(site: Site, subject: str) -> Grant:
    client = Client(client_id="app1", origin=ClientOrigin.SELF, name="Plot & Publish")
    if site.world.clients.get("app1") is None:
        site.world.clients.add(client)
    flows = site.parts.belongings.flows
    grant = flows.new_grant(client, subject, "code", scopes=("openid", "job:read"))
    site.world.grants.add(grant)
    return grant


def key_of(site: Site, person: Person) -> str:
    who = site.parts.sessions.find(site.parts.sessions.begin(person.subject, "pwd"))
    assert who is not None
    made = site.parts.belongings.keys.create(who.principal(), KeyRequest(label="nightly <run>"))
    return made.key.key_id


def take(browser: Browser, what: str, found: str) -> int:
    browser.get("/account")
    fields = browser.fields("/account")
    return browser.post("/account", {"csrf": fields["csrf"], "what": what, "id": found}).status_code


def test_who_is_not_signed_in_signs_in_first(browser: Browser) -> None:
    browser.get("/account")
    browser.follow()
    assert browser.sign_in().headers["Location"] == "/account"


def test_what_acts_for_a_person_is_listed(site: Site, browser: Browser) -> None:
    site.world.people.link_wallet(site.ann.id, WALLET.address)
    grant_of(site, site.ann.subject)
    key_id = key_of(site, site.ann)
    browser.sign_in()
    page = browser.follow().text
    for text in ("Plot &amp; Publish", "See your jobs and their results", WALLET.address, key_id):
        assert text in page
    assert "nightly &lt;run&gt;" in page
    assert "14 November 2023" in page


def test_each_thing_is_taken_back_at_once(site: Site, browser: Browser) -> None:
    site.world.people.link_wallet(site.ann.id, WALLET.address)
    grant, key_id = grant_of(site, site.ann.subject), key_of(site, site.ann)
    browser.sign_in()
    for what, found in (("grant", grant.id), ("key", key_id), ("wallet", WALLET.address)):
        assert take(browser, what, found) == 303
        assert 'role="status"' in browser.follow().text
    assert site.world.grants.get(grant.id) is None
    assert site.world.api_keys.revoked_at.keys() == {key_id}
    person = site.world.people.by_id(site.ann.id)
    assert person is not None
    assert person.wallets == ()


def test_what_belongs_to_somebody_else_stays(site: Site, browser: Browser) -> None:
    site.world.people.link_wallet(site.bob.id, OTHER_WALLET.address)
    grant, key_id = grant_of(site, site.bob.subject), key_of(site, site.bob)
    browser.sign_in()
    for what, found in (("grant", grant.id), ("key", key_id), ("wallet", OTHER_WALLET.address)):
        assert take(browser, what, found) == 303
        assert "That was gone already." in browser.follow().text
    assert site.world.grants.get(grant.id) is not None
    assert site.world.api_keys.revoked_at == {}
    person = site.world.people.by_id(site.bob.id)
    assert person is not None
    assert person.wallets == (OTHER_WALLET.address,)


@pytest.mark.parametrize("what", ["grant", "key", "wallet"])
@pytest.mark.parametrize("found", ["", "x" * 5000, "é", "' OR 1=1 --", "%"])
def test_any_id_may_be_sent(browser: Browser, what: str, found: str) -> None:
    browser.sign_in()
    assert take(browser, what, found) == 303


def test_what_is_not_on_the_page_is_not_taken(browser: Browser) -> None:
    browser.sign_in()
    assert take(browser, "person", "x") == 400


def test_every_browser_is_signed_out(site: Site, browser: Browser) -> None:
    other = site.browser()
    other.sign_in()
    browser.sign_in()
    browser.follow()
    assert browser.send("/account", what="sessions").headers["Location"] == "/login"
    for one in (browser, other):
        assert one.get("/account").headers["Location"].startswith("/login?next=")


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"}])
def test_another_page_takes_nothing(site: Site, browser: Browser, headers: dict[str, str]) -> None:
    grant = grant_of(site, site.ann.subject)
    browser.sign_in()
    browser.follow()
    fields = browser.fields("/account")
    answer = browser.post("/account", {"csrf": fields["csrf"], "what": "grant", "id": grant.id}, **headers)
    assert answer.status_code == 403
    forged = browser.post("/account", {"csrf": "x" * 43, "what": "grant", "id": grant.id})
    assert forged.status_code == 403
    assert site.world.grants.get(grant.id) is not None


def test_a_wallet_of_nobody_has_an_account_page(site: Site, browser: Browser) -> None:
    subject = f"eip155:{WALLET.address}"
    grant = grant_of(site, subject)
    browser.sign_in_with(WALLET)
    assert "Plot &amp; Publish" in browser.follow().text
    assert take(browser, "grant", grant.id) == 303
    assert site.world.grants.get(grant.id) is None
