"""Signing in and out: what a browser gets, what a stranger's page cannot make it do, what nobody learns."""

import pytest

from libs.signing.keys import PrivateKey
from services.auth.domain.people import PersonState
from tests.fakes.auth_pages import PASSWORD, Browser, Site
from tests.fakes.auth_siwe import signed
from tests.fakes.auth_world import OTHER_WALLET, WALLET

SESSION, VISIT = "tidegate-session", "tidegate-visit"


def cookie(browser: Browser, name: str) -> str | None:
    found = browser.client.get_cookie(name, domain="gateway.test")
    return None if found is None else found.value


def test_a_password_signs_in_and_leads_to_the_account(browser: Browser) -> None:
    answer = browser.sign_in()
    assert (answer.status_code, answer.headers["Location"]) == (303, "/account")
    assert "<dd>ann</dd>" in browser.follow().text
    assert browser.get("/login").headers["Location"] == "/account"


def test_the_session_cookie_is_not_for_scripts_and_not_for_other_sites(browser: Browser) -> None:
    set_cookies = browser.sign_in().headers.getlist("Set-Cookie")
    (session,) = [line for line in set_cookies if line.startswith(f"{SESSION}=")]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(session.split("; "))
    assert "Domain" not in session


def test_over_https_cookies_are_secure_and_of_this_host_alone() -> None:
    browser = Site(issuer="https://gateway.test").browser()
    lines = browser.get("/login").headers.getlist("Set-Cookie")
    lines += browser.sign_in().headers.getlist("Set-Cookie")
    assert len(lines) == 3  # the visit, the session, and the end of the visit
    for line in lines:
        assert line.startswith("__Host-tidegate-")
        assert {"HttpOnly", "SameSite=Lax", "Path=/", "Secure"} <= set(line.split("; "))
    assert browser.get("/account").status_code == 200


def test_a_wrong_password_and_an_unknown_name_look_the_same(site: Site) -> None:
    texts = []
    for name, password in (("ann", "wrong"), ("nobody", "wrong"), ("ann", ""), ("", "")):
        browser = site.browser()
        answer = browser.sign_in(name, password)
        assert answer.status_code == 403
        assert cookie(browser, SESSION) is None
        page = answer.text.replace(f'value="{name}"', 'value=""')
        for token in browser.fields("/login").values():
            page = page.replace(token, "") if token else page
        texts.append(page.replace(browser.fields("/login/wallet")["csrf"], ""))
    assert set(texts) == {texts[0]}
    assert "The user name or the password is not right." in texts[0]


def test_the_password_is_never_sent_back(browser: Browser) -> None:
    assert "wr0ng-guess" not in browser.sign_in("ann", "wr0ng-guess").text


def test_after_wrong_guesses_the_page_says_when_to_try_again(site: Site, browser: Browser) -> None:
    for _ in range(5):
        assert browser.sign_in("ann", "wrong").status_code == 403
    answer = browser.sign_in("ann", PASSWORD)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert f"Try again in {answer.headers['Retry-After']} second" in answer.text
    site.world.clock.time += 3600
    assert browser.sign_in().status_code == 303


def test_a_disabled_person_does_not_come_in(site: Site, browser: Browser) -> None:
    site.world.people.change(site.ann.id, state=PersonState.DISABLED)
    answer = browser.sign_in()
    assert answer.status_code == 403
    assert "The user name or the password is not right." in answer.text


def test_a_planted_session_id_is_worth_nothing_after_the_login(site: Site, browser: Browser) -> None:
    planted = "p" * 43
    browser.client.set_cookie(SESSION, planted, domain="gateway.test")
    browser.sign_in()
    assert cookie(browser, SESSION) not in (None, planted)
    stranger = site.browser()
    stranger.client.set_cookie(SESSION, planted, domain="gateway.test")
    assert stranger.get("/account").status_code == 303


def test_signing_in_again_ends_the_session_before(site: Site, browser: Browser) -> None:
    browser.sign_in()
    former = cookie(browser, SESSION)
    assert former is not None
    browser.get("/login?next=anything")
    browser.send("/login", username="bob", password=PASSWORD)
    assert "<dd>bob</dd>" in browser.follow().text
    stranger = site.browser()
    stranger.client.set_cookie(SESSION, former, domain="gateway.test")
    assert stranger.get("/account").status_code == 303


def test_logout_ends_the_session_for_whoever_has_its_id(site: Site, browser: Browser) -> None:
    browser.sign_in()
    browser.follow()
    copied = cookie(browser, SESSION)
    assert copied is not None
    answer = browser.send("/logout")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert cookie(browser, SESSION) is None
    thief = site.browser()
    thief.client.set_cookie(SESSION, copied, domain="gateway.test")
    assert thief.get("/account").status_code == 303


@pytest.mark.parametrize("change", ["disable", "password", "remove"])
def test_a_session_does_not_outlive_its_person(site: Site, browser: Browser, change: str) -> None:
    browser.sign_in()
    assert browser.get("/account").status_code == 200
    people = site.world.people
    if change == "password":
        people.set_password(site.ann.id, "plain$another")
    else:
        people.change(site.ann.id, state=PersonState.DISABLED if change == "disable" else PersonState.REMOVED)
    assert browser.get("/account").headers["Location"].startswith("/login?next=")


def test_nobody_signs_out_a_browser_from_elsewhere(browser: Browser) -> None:
    browser.sign_in()
    browser.follow()
    fields = browser.fields("/logout")
    assert browser.post("/logout", {"csrf": "x" * 43}).status_code == 403
    assert browser.post("/logout", {}).status_code == 403
    assert browser.post("/logout", fields, Origin="https://evil.example").status_code == 403
    assert browser.client.get("/logout", base_url=browser.issuer).status_code == 405
    assert browser.get("/account").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://gateway.test"},  # another port is another origin
        {"Origin": "https://gateway.test:8030"},
        {"Origin": "http://gateway.test:8030.evil.example"},
        {"Origin": ""},
        {"Origin": None, "Sec_Fetch_Site": "cross-site"},
        {"Origin": None, "Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "cross-site"},
    ],
)
def test_a_login_form_of_another_page_is_refused(browser: Browser, headers: dict[str, str | None]) -> None:
    browser.get("/login")
    fields = {**browser.fields("/login"), "username": "ann", "password": PASSWORD}
    answer = browser.post("/login", fields, **headers)
    assert answer.status_code == 403
    assert cookie(browser, SESSION) is None


def test_a_program_without_these_headers_may_fill_in_the_form(browser: Browser) -> None:
    browser.get("/login")
    fields = {**browser.fields("/login"), "username": "ann", "password": PASSWORD}
    assert browser.post("/login", fields, Origin=None, Sec_Fetch_Site=None).status_code == 303


@pytest.mark.parametrize("csrf", ["", "x", "x" * 43, "é" * 43])
def test_a_login_form_without_its_token_is_refused(browser: Browser, csrf: str) -> None:
    browser.get("/login")
    assert browser.send("/login", csrf=csrf, username="ann", password=PASSWORD).status_code == 403
    assert cookie(browser, SESSION) is None


def test_the_token_of_another_browser_signs_nobody_in(site: Site, browser: Browser) -> None:
    """Else a page could sign its visitors in as somebody it knows (login CSRF)."""
    attacker = site.browser()
    attacker.get("/login")
    foreign = attacker.fields("/login")
    browser.get("/login")
    answer = browser.post("/login", {**foreign, "username": "bob", "password": PASSWORD})
    assert answer.status_code == 403
    no_cookie = site.browser()
    assert no_cookie.post("/login", {**foreign, "username": "bob", "password": PASSWORD}).status_code == 403


def test_the_token_of_a_former_visit_or_of_another_form_counts_no_more(browser: Browser) -> None:
    browser.get("/login")
    password_form, wallet_form = browser.fields("/login"), browser.fields("/login/wallet")
    named = {"username": "ann", "password": PASSWORD}
    assert browser.post("/login", {**password_form, "csrf": wallet_form["csrf"], **named}).status_code == 403
    assert browser.post("/login", {**password_form, **named}).status_code == 303
    assert cookie(browser, VISIT) is None
    assert browser.post("/login", {**password_form, **named}).status_code == 403


def test_a_wallet_signs_in_as_itself(browser: Browser) -> None:
    answer = browser.sign_in_with(WALLET)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/account")
    assert f"<dt>Wallet</dt><dd>{WALLET.address}</dd>" in browser.follow().text


def test_a_linked_wallet_signs_in_as_its_person(site: Site, browser: Browser) -> None:
    site.world.people.link_wallet(site.ann.id, WALLET.address)
    browser.sign_in_with(WALLET)
    assert "<dd>ann</dd>" in browser.follow().text


def test_a_signed_text_signs_in_once_and_in_one_browser(site: Site, browser: Browser) -> None:
    browser.sign_in_with(WALLET)
    captured = dict(browser.sent)
    thief = site.browser()
    thief.get("/login")
    token = thief.fields("/login/wallet")["csrf"]
    answer = thief.post("/login/wallet", {**captured, "csrf": token})
    assert answer.status_code == 403
    assert "used before" in answer.text


@pytest.mark.parametrize(
    ("signer", "status"), [(OTHER_WALLET, 403), (PrivateKey("0x" + "11" * 32), 403)], ids=["other", "third"]
)
def test_another_wallet_s_signature_is_refused(
    site: Site, browser: Browser, signer: PrivateKey, status: int
) -> None:
    browser.get(f"/login/wallet?address={WALLET.address}")
    fields = browser.fields("/login/wallet")
    text = site.parts.wallets.challenge(WALLET.address).text
    answer = browser.post("/login/wallet", {**fields, "message": text, "signature": signed(text, signer)})
    assert answer.status_code == status
    assert cookie(browser, SESSION) is None


@pytest.mark.parametrize("address", ["0x12", "no address", "<script>alert(1)</script>", "0x" + "g" * 40, "é"])
def test_what_is_no_address_gets_no_text(browser: Browser, address: str) -> None:
    answer = browser.get("/login/wallet", query_string={"address": address})
    assert answer.status_code == 400
    assert "<script>alert" not in answer.text
    assert "That is no address" in answer.text


@pytest.mark.parametrize("message", ["", "hello", "x" * 9000, "\u202e", "gateway.test:8030 wants you"])
def test_what_is_no_sign_in_text_is_refused(browser: Browser, message: str) -> None:
    browser.get("/login")
    assert browser.send("/login/wallet", message=message, signature="0x" + "1" * 130).status_code == 403


def test_a_closed_account_does_not_come_in_by_its_wallet(site: Site, browser: Browser) -> None:
    site.world.people.link_wallet(site.ann.id, WALLET.address)
    site.world.people.change(site.ann.id, state=PersonState.DISABLED)
    assert browser.sign_in_with(WALLET).status_code == 403
    assert cookie(browser, SESSION) is None


def test_a_database_that_is_away_is_no_login_and_no_bug(site: Site, browser: Browser) -> None:
    browser.get("/login")
    site.world.session_store.is_down = True
    answer = browser.send("/login", username="ann", password=PASSWORD)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert answer.mimetype == "text/html"
