"""The device page: a code is entered, the question behind it answered by whoever is signed in."""

import pytest

from services.auth.domain import scopes
from services.auth.domain.clients import DEVICE, PUBLIC, Client, ClientOrigin
from services.auth.domain.device import AuthorizationPending, DeviceDenied, shown
from services.auth.usecases.device import Started
from tests.fakes.auth_pages import Browser, Site
from tests.fakes.auth_world import WALLET

pytestmark = pytest.mark.clause("prominence 5.2", "dirac 1.6")


@pytest.fixture
def started(site: Site) -> Started:
    site.world.clients.add(
        Client(
            client_id="cli1",
            origin=ClientOrigin.DYNAMIC,
            name="A command <line>",
            grant_types=(DEVICE,),
            auth_method=PUBLIC,
            scopes=("openid", scopes.JOB_READ, scopes.JOB_WRITE, scopes.ADMIN),
        )
    )
    return site.parts.devices.start("cli1", ("openid", scopes.JOB_READ, scopes.ADMIN))


@pytest.fixture
def question(browser: Browser, started: Started) -> Browser:
    """A browser in which ann sees the question of the device."""
    browser.sign_in()
    browser.get("/device")
    assert browser.send("/device", user_code=shown(started.user_code)).status_code == 200
    return browser


def is_pending(site: Site, started: Started) -> bool:
    with pytest.raises(AuthorizationPending):
        site.parts.devices.exchange(started.device_code, "cli1")
    return True


def test_who_is_not_signed_in_comes_back_with_the_code(browser: Browser, started: Started) -> None:
    code = shown(started.user_code)
    assert browser.get(f"/device?user_code={code}").headers["Location"].startswith("/login?next=")
    browser.follow()
    assert browser.sign_in().headers["Location"] == f"/device?user_code={code}"
    browser.follow()
    assert browser.fields("/device")["user_code"] == code


def test_following_a_link_with_a_code_agrees_to_nothing(
    site: Site, browser: Browser, started: Started
) -> None:
    browser.sign_in()
    page = browser.get(f"/device?user_code={started.user_code}")
    assert "A command" not in page.text
    assert is_pending(site, started)


@pytest.mark.parametrize("spelled", ["{}", " {} ", "lower", "no dash"])
def test_the_code_shows_who_asks_for_what(browser: Browser, started: Started, spelled: str) -> None:
    browser.sign_in()
    browser.get("/device")
    code = shown(started.user_code)
    typed = {"lower": code.lower(), "no dash": started.user_code}.get(spelled, spelled.format(code))
    page = browser.send("/device", user_code=typed)
    assert page.status_code == 200
    assert "A command &lt;line&gt;" in page.text
    assert "See your jobs and their results" in page.text
    assert "Administer" not in page.text
    assert "form-action 'self';" in page.headers["Content-Security-Policy"]


def test_yes_gives_the_device_what_the_person_may_give(
    site: Site, question: Browser, started: Started
) -> None:
    assert question.send("/device", decision="allow").status_code == 303
    assert "You are connected" in question.follow().text
    grant = site.parts.devices.exchange(started.device_code, "cli1")
    assert (grant.subject, grant.scopes) == (site.ann.subject, ("openid", "job:read"))
    assert grant.details["amr"] == ["pwd"]


def test_no_is_told_to_the_device(site: Site, question: Browser, started: Started) -> None:
    assert question.send("/device", decision="deny").status_code == 303
    assert "Nothing was allowed" in question.follow().text
    with pytest.raises(DeviceDenied):
        site.parts.devices.exchange(started.device_code, "cli1")


def test_an_answer_counts_once(question: Browser) -> None:
    fields = question.fields("/device")
    assert question.post("/device", {**fields, "decision": "deny"}).status_code == 303
    assert question.post("/device", {**fields, "decision": "allow"}).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site", "Origin": None},
    ],
)
def test_another_page_cannot_answer(
    site: Site, question: Browser, started: Started, headers: dict[str, str | None]
) -> None:
    fields = question.fields("/device")
    assert question.post("/device", {**fields, "decision": "allow"}, **headers).status_code == 403
    assert is_pending(site, started)


def test_the_form_of_the_code_is_no_answer(site: Site, question: Browser, started: Started) -> None:
    sealed = question.fields("/device")["request"]
    question.get("/device")
    first = question.fields("/device")
    assert question.post("/device", {**first, "request": sealed, "decision": "allow"}).status_code == 403
    assert is_pending(site, started)


def test_another_person_s_question_is_not_answered(site: Site, question: Browser, started: Started) -> None:
    fields = question.fields("/device")
    other = site.browser()
    other.sign_in("bob")
    assert other.post("/device", {**fields, "decision": "allow"}).status_code == 403
    assert is_pending(site, started)


def test_an_unknown_code_is_not_found(browser: Browser) -> None:
    browser.sign_in()
    browser.get("/device")
    answer = browser.send("/device", user_code="BBBB-BBBB")
    assert answer.status_code == 404
    assert "That code is not waiting" in answer.text


def test_guessing_codes_is_slowed_down(site: Site, browser: Browser, started: Started) -> None:
    browser.sign_in()
    browser.get("/device")
    fields = browser.fields("/device")
    answers = [browser.post("/device", {**fields, "user_code": "BBBB-BBBB"}) for _ in range(60)]
    last = answers[-1]
    assert last.status_code == 429
    assert int(last.headers["Retry-After"]) >= 1
    assert "Try again in" in last.text
    again = browser.post("/device", {**fields, "user_code": started.user_code})
    assert again.status_code == 429


@pytest.mark.parametrize(
    "code",
    ["", "x" * 60_000, "<script>alert(1)</script>", "\u202e", "BBBB\u00a0BBBB", "бббббббб", "%00", "0" * 8],
)
def test_any_text_may_be_typed(browser: Browser, code: str) -> None:
    browser.sign_in()
    browser.get("/device")
    answer = browser.send("/device", user_code=code)
    assert answer.status_code == 404
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize(
    "code", ["<script>alert(1)</script>", "x" * 9000, "\x00", "é", "//evil.example", "&next=x"]
)
def test_any_text_may_stand_in_the_link(browser: Browser, code: str) -> None:
    for signed_in in (False, True):
        if signed_in:
            browser.get("/login")
            browser.sign_in()
        answer = browser.get("/device", query_string={"user_code": code})
        assert answer.status_code in (200, 303, 400)
        assert "<script>alert" not in answer.text
        if answer.status_code == 303:
            browser.follow()
            location = browser.sign_in().headers["Location"]
            assert location in ("/device", f"/device?user_code={'x' * 32}")
            browser.client.delete_cookie("tidegate-session", domain="gateway.test")


def test_the_last_page_cannot_be_made_up(browser: Browser) -> None:
    browser.sign_in()
    assert "You are connected" not in browser.get("/device?done=allowed").text
    assert "You are connected" not in browser.get("/device?done=YWxsb3dlZA.x").text


def test_a_wallet_answers_too(site: Site, browser: Browser, started: Started) -> None:
    browser.sign_in_with(WALLET)
    browser.get("/device")
    browser.send("/device", user_code=started.user_code)
    browser.send("/device", decision="allow")
    grant = site.parts.devices.exchange(started.device_code, "cli1")
    assert grant.subject == f"eip155:{WALLET.address}"


def test_a_device_that_acts_in_a_group_is_told_which(site: Site, browser: Browser, started: Started) -> None:
    site.add_group("dev", "gridpp", site.ann)
    site.add_group("prod", "gridpp", site.ann)
    waiting = site.parts.devices.start("cli1", ("vo:gridpp", "job:read"))
    browser.sign_in()
    browser.get("/device")
    browser.send("/device", user_code=waiting.user_code)
    answer = browser.send("/device", decision="allow", group="root")
    assert answer.status_code == 400
    assert "not a member" in answer.text
    browser.send("/device", decision="allow", group="prod")
    grant = site.parts.devices.exchange(waiting.device_code, "cli1")
    assert (grant.details["group"], grant.details["vo"]) == ("prod", "gridpp")
