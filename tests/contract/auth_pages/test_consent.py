"""The consent page: what is asked in words, what yes and no lead to, and who cannot say yes for others."""

from typing import Any
from urllib.parse import urlencode

import pytest

from services.auth.domain import scopes
from services.auth.domain.clients import CODE, PUBLIC, REFRESH, Client, ClientOrigin
from services.auth.domain.grants import Grant
from tests.contract.auth.test_stores import at_once
from tests.fakes.auth_pages import Browser, Site, query_of
from tests.fakes.auth_world import ISSUER, WALLET

pytestmark = pytest.mark.clause("dirac 1.3")

CALLBACK = "https://app.example/callback"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def application(**changes: Any) -> Client:
    plain: dict[str, Any] = {
        "client_id": "app1",
        "origin": ClientOrigin.SELF,
        "name": "Plot & Publish",
        "redirect_uris": (CALLBACK,),
        "grant_types": (CODE, REFRESH),
        "auth_method": PUBLIC,
        "scopes": ("openid", "profile", scopes.JOB_READ, scopes.JOB_WRITE, scopes.ADMIN),
    }
    return Client(**(plain | changes))


def asking(**changes: str | None) -> str:
    plain = {
        "response_type": "code",
        "client_id": "app1",
        "redirect_uri": CALLBACK,
        "scope": "openid job:read",
        "state": "s&t=a te",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return "/oauth2/auth?" + urlencode(
        {name: value for name, value in {**plain, **changes}.items() if value is not None}
    )


@pytest.fixture
def asked(site: Site, browser: Browser) -> Browser:
    """A browser in which ann sees the question."""
    site.world.clients.add(application())
    browser.sign_in()
    assert browser.get(asking()).status_code == 200
    return browser


def grants(site: Site) -> list[Grant]:
    return site.parts.belongings.flows.of_subject(site.ann.subject)


def test_who_is_not_signed_in_signs_in_first_and_comes_back(site: Site, browser: Browser) -> None:
    site.world.clients.add(application())
    assert browser.get(asking()).headers["Location"].startswith("/login?next=")
    browser.follow()
    answer = browser.sign_in()
    assert answer.headers["Location"].startswith("/oauth2/auth?")
    page = browser.follow()
    assert "Plot &amp; Publish" in page.text
    answer = browser.send("/oauth2/auth", decision="allow")
    assert query_of(answer.headers["Location"])["state"] == "s&t=a te"


def test_a_wallet_comes_back_as_well(site: Site, browser: Browser) -> None:
    site.world.clients.add(application())
    next_page = query_of(browser.get(asking()).headers["Location"])["next"]
    browser.get(f"/login/wallet?address={WALLET.address}&next={next_page}")
    assert browser.fields("/login/wallet")["next"] == next_page


def test_the_question_is_put_in_words(asked: Browser) -> None:
    assert asked.page is not None
    for words in ("Know who you are", "See your jobs and their results", "app.example"):
        assert words in asked.page.text
    assert "Run and stop jobs" not in asked.page.text
    policy = asked.page.headers["Content-Security-Policy"]
    assert "form-action 'self' https://app.example;" in policy
    assert "script-src" not in policy


def test_yes_leads_to_the_application_with_a_code_for_what_was_asked(site: Site, asked: Browser) -> None:
    answer = asked.send("/oauth2/auth", decision="allow")
    assert answer.status_code == 303
    location = answer.headers["Location"]
    assert location.startswith(CALLBACK + "?")
    found = query_of(location)
    assert (found["state"], found["iss"], len(found["code"])) == ("s&t=a te", ISSUER, 43)
    (grant,) = grants(site)
    assert (grant.client_id, grant.scopes) == ("app1", ("openid", "job:read"))
    assert grant.details["amr"] == ["pwd"]
    assert grant.details["auth_time"] == int(site.world.clock.now())


def test_no_leads_back_with_the_state_and_leaves_nothing(site: Site, asked: Browser) -> None:
    answer = asked.send("/oauth2/auth", decision="deny")
    found = query_of(answer.headers["Location"])
    assert answer.headers["Location"].startswith(CALLBACK + "?")
    assert (found["error"], found["state"]) == ("access_denied", "s&t=a te")
    assert "code" not in found
    assert grants(site) == []


def test_looking_at_the_question_answers_nothing(site: Site, asked: Browser) -> None:
    fields = asked.fields("/oauth2/auth")
    for _ in range(3):
        asked.get(asking(decision="allow", csrf=fields["csrf"], request=None))
    assert grants(site) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site", "Origin": None},
    ],
)
def test_another_page_cannot_agree(site: Site, asked: Browser, headers: dict[str, str | None]) -> None:
    fields = asked.fields("/oauth2/auth")
    answer = asked.post("/oauth2/auth", {**fields, "decision": "allow"}, **headers)
    assert (answer.status_code, "Location" in answer.headers) == (403, False)
    assert grants(site) == []


@pytest.mark.parametrize("changes", [{"csrf": ""}, {"csrf": "x" * 43}, {"request": ""}, {"request": "eA.eA"}])
def test_without_the_form_s_own_marks_nothing_is_agreed(
    site: Site, asked: Browser, changes: dict[str, str]
) -> None:
    assert asked.send("/oauth2/auth", decision="allow", **changes).status_code == 403
    assert grants(site) == []


@pytest.mark.parametrize(("first", "second"), [("allow", "allow"), ("deny", "allow"), ("allow", "deny")])
def test_a_question_is_answered_once(site: Site, asked: Browser, first: str, second: str) -> None:
    fields = asked.fields("/oauth2/auth")
    assert asked.post("/oauth2/auth", {**fields, "decision": first}).status_code == 303
    answer = asked.post("/oauth2/auth", {**fields, "decision": second})
    assert (answer.status_code, "Location" in answer.headers) == (403, False)
    assert len(grants(site)) == (first == "allow")


def test_of_two_clicks_at_once_one_counts(site: Site, asked: Browser) -> None:
    form = {**asked.fields("/oauth2/auth"), "decision": "allow"}
    session = asked.client.get_cookie("tidegate-session", domain="gateway.test")
    assert session is not None

    def click(_: int) -> int:
        browser = site.browser()
        browser.client.set_cookie("tidegate-session", session.value, domain="gateway.test")
        return browser.post("/oauth2/auth", form).status_code

    assert sorted(str(status) for status in at_once(6, click)) == ["303"] + ["403"] * 5
    assert len(grants(site)) == 1


def test_what_was_shown_is_what_is_agreed(site: Site, asked: Browser) -> None:
    """The request cannot be swapped between the page and the answer."""
    shown = asked.fields("/oauth2/auth")
    asked.get(asking(scope="openid job:read job:write"))
    wider = asked.fields("/oauth2/auth")
    assert shown["request"] != wider["request"]
    answer = asked.post("/oauth2/auth?scope=job:write", {**shown, "decision": "allow"})
    assert answer.status_code == 303
    (grant,) = grants(site)
    assert grant.scopes == ("openid", "job:read")


def test_another_person_s_form_is_refused(site: Site, asked: Browser) -> None:
    fields = asked.fields("/oauth2/auth")
    other = site.browser()
    other.sign_in("bob")
    assert other.post("/oauth2/auth", {**fields, "decision": "allow"}).status_code == 403


def test_a_form_from_before_a_new_login_is_refused(site: Site, asked: Browser) -> None:
    fields = asked.fields("/oauth2/auth")
    asked.get("/login?next=x")
    asked.sign_in()
    assert asked.post("/oauth2/auth", {**fields, "decision": "allow"}).status_code == 403
    assert grants(site) == []


def test_after_logout_the_question_is_not_answered(site: Site, asked: Browser) -> None:
    fields = asked.fields("/oauth2/auth")
    asked.send("/logout")
    assert asked.post("/oauth2/auth", {**fields, "decision": "allow"}).status_code == 403
    assert grants(site) == []


def test_after_the_session_s_time_the_answer_leads_to_the_login(site: Site, asked: Browser) -> None:
    fields = asked.fields("/oauth2/auth")
    site.world.clock.time += 13 * 3600
    answer = asked.post("/oauth2/auth", {**fields, "decision": "allow"})
    assert answer.headers["Location"].startswith("/login?next=")
    assert grants(site) == []


def test_a_client_that_is_gone_meanwhile_gets_nothing(site: Site, asked: Browser) -> None:
    site.world.clients.remove("app1")
    answer = asked.send("/oauth2/auth", decision="allow")
    assert (answer.status_code, "Location" in answer.headers) == (400, False)


def test_a_third_answer_is_no_answer(site: Site, asked: Browser) -> None:
    assert asked.send("/oauth2/auth", decision="maybe").status_code == 400
    assert grants(site) == []


def test_an_application_may_ask_by_post_and_that_has_no_effect(site: Site, browser: Browser) -> None:
    site.world.clients.add(application())
    browser.sign_in()
    sent = query_of(asking())
    answer = browser.post("/oauth2/auth", sent, Origin="https://app.example", Sec_Fetch_Site="cross-site")
    assert answer.status_code == 303
    assert query_of(answer.headers["Location"]) == sent
    assert browser.follow().status_code == 200
    assert grants(site) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": CALLBACK + "/.."},
        {"redirect_uri": CALLBACK + "?x=1"},
        {"redirect_uri": "//evil.example"},
        {"redirect_uri": "javascript:alert(1)"},
        {"client_id": "unknown"},
        {"client_id": None},
        {"client_id": "<script>alert(1)</script>"},
    ],
)
def test_nobody_is_sent_anywhere_before_client_and_address_are_known(
    site: Site, browser: Browser, changes: dict[str, str | None]
) -> None:
    site.world.clients.add(application())
    for signed_in in (False, True):
        if signed_in:
            browser.sign_in()
        answer = browser.get(asking(**changes))
        assert (answer.status_code, "Location" in answer.headers) == (400, False)
        assert "<script>alert" not in answer.text
        assert "evil.example" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"scope": "file:write"}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_what_the_application_did_wrong_is_told_to_the_application(
    site: Site, browser: Browser, changes: dict[str, str | None], code: str
) -> None:
    site.world.clients.add(application())
    answer = browser.get(asking(**changes))
    assert answer.status_code == 303
    found = query_of(answer.headers["Location"])
    assert answer.headers["Location"].startswith(CALLBACK + "?")
    assert (found["error"], found["state"], found["iss"]) == (code, "s&t=a te", ISSUER)


def test_a_silent_question_is_never_answered_for_the_person(site: Site, browser: Browser) -> None:
    site.world.clients.add(application())
    browser.sign_in()
    found = query_of(browser.get(asking(prompt="none")).headers["Location"])
    assert found["error"] == "consent_required"


@pytest.mark.parametrize("changes", [{"prompt": "login"}, {"max_age": "0"}, {"prompt": "select_account"}])
def test_a_fresh_login_is_demanded_once(site: Site, browser: Browser, changes: dict[str, str]) -> None:
    site.world.clients.add(application())
    browser.sign_in()
    site.world.clock.time += 60
    assert browser.get(asking(**changes)).headers["Location"].startswith("/login?next=")
    assert "You are signed in as ann" in browser.follow().text
    assert browser.sign_in().headers["Location"].startswith("/oauth2/auth?")
    assert browser.follow().status_code == 200
    browser.send("/oauth2/auth", decision="allow")
    (grant,) = grants(site)
    assert grant.details["auth_time"] == int(site.world.clock.now())


def test_a_login_that_is_fresh_enough_is_not_repeated(site: Site, browser: Browser) -> None:
    site.world.clients.add(application())
    browser.sign_in()
    assert browser.get(asking(max_age="3600")).status_code == 200


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    "{{ 7*7 }}{% raw %}",
    "</title><svg/onload=alert(1)>",
    "&lt;b&gt;",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_client_s_name_is_text_and_nothing_else(site: Site, browser: Browser, text: str) -> None:
    site.world.clients.add(application(name=text))
    browser.sign_in()
    page = browser.get(asking())
    assert page.status_code == 200
    assert text not in page.text or text == "{{ 7*7 }}{% raw %}"
    assert "49" not in page.text.partition("<h1>")[2].partition("</h1>")[0]
    browser.send("/oauth2/auth", decision="allow")
    account = browser.get("/account")
    assert "<script>" not in account.text
    assert "<img src=x" not in account.text
    assert "<svg/" not in account.text


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", ["state", "scope", "error_description", "nonce", "login_hint", "prompt"])
def test_what_a_link_says_is_never_markup(site: Site, browser: Browser, name: str, text: str) -> None:
    site.world.clients.add(application())
    browser.sign_in()
    answer = browser.get(asking(**{name: text}))
    assert answer.status_code in (200, 303)
    assert "<script>alert" not in answer.text
    assert "onerror=alert" not in answer.text
    assert "<svg/" not in answer.text


def test_administration_is_given_by_administrators_alone(site: Site, browser: Browser) -> None:
    site.world.clients.add(application())
    browser.sign_in()
    page = browser.get(asking(scope="openid admin"))
    assert "Administer" not in page.text
    browser.send("/oauth2/auth", decision="allow")
    (grant,) = grants(site)
    assert grant.scopes == ("openid",)
    other = site.browser()
    other.sign_in("bob")
    assert "Administer Tidegate for you" in other.get(asking(scope="openid admin")).text
    other.send("/oauth2/auth", decision="allow")
    (grant,) = site.parts.belongings.flows.of_subject(site.bob.subject)
    assert grant.scopes == ("openid", "admin")


class TestGroups:
    """DIRAC's applications act in one group, for some hours."""

    @pytest.fixture
    def asked(self, site: Site, browser: Browser) -> Browser:
        site.world.clients.add(application())
        site.add_group("dev", "gridpp", site.ann)
        site.add_group("prod", "gridpp", site.ann)
        site.add_group("root", "gridpp", site.bob)
        browser.sign_in()
        assert browser.get(asking(scope="vo:gridpp job:read")).status_code == 200
        return browser

    def test_the_person_s_own_groups_are_offered(self, asked: Browser) -> None:
        assert asked.page is not None
        assert "<option>dev</option>" in asked.page.text
        assert "<option>prod</option>" in asked.page.text
        assert "root" not in asked.page.text
        assert '<option value="24" selected>24 hours</option>' in asked.page.text

    def test_group_and_hours_are_kept(self, site: Site, asked: Browser) -> None:
        answer = asked.send("/oauth2/auth", decision="allow", group="prod", hours="4")
        assert "code" in query_of(answer.headers["Location"])
        (grant,) = grants(site)
        assert (grant.details["group"], grant.details["vo"], grant.details["setup"]) == (
            "prod",
            "gridpp",
            "Production",
        )
        assert grant.expires_at == site.world.clock.now() + 4 * 3600

    @pytest.mark.parametrize("group", ["root", "nothing", "", "<script>alert(1)</script>"])
    def test_a_group_of_others_is_refused(self, site: Site, asked: Browser, group: str) -> None:
        answer = asked.send("/oauth2/auth", decision="allow", group=group, hours="4")
        assert answer.status_code == 400
        assert "<script>alert" not in answer.text
        assert "Allow" in answer.text
        assert grants(site) == []

    @pytest.mark.parametrize("hours", ["0", "-1", "9999", "1e9", "", "²", "24 "])
    def test_other_hours_are_refused(self, site: Site, asked: Browser, hours: str) -> None:
        assert asked.send("/oauth2/auth", decision="allow", group="dev", hours=hours).status_code == 400
        assert grants(site) == []

    def test_whoever_is_in_no_group_is_told_so(self, site: Site, asked: Browser) -> None:
        site.add_person("cleo", "3" * 32)
        browser = site.browser()
        browser.sign_in("cleo")
        browser.get(asking(scope="vo:gridpp job:read"))
        answer = browser.send("/oauth2/auth", decision="allow")
        assert answer.status_code == 400
        assert "You are in no group yet" in answer.text

    def test_one_of_several_groups_has_to_be_named(self, site: Site, asked: Browser) -> None:
        answer = asked.send("/oauth2/auth", decision="allow")
        assert answer.status_code == 400
        assert "Choose one of your groups." in answer.text

    def test_old_applications_work_for_those_without_a_group(self, site: Site, asked: Browser) -> None:
        site.world.clients.add(application(client_id="old1", legacy_no_pkce=True))
        old = asking(client_id="old1", code_challenge=None, code_challenge_method=None, scope="job:read")
        asked.get(old)
        assert asked.send("/oauth2/auth", decision="allow", group="dev").status_code == 303
        assert grants(site)[-1].details["group"] == "dev"
        site.add_person("cleo", "3" * 32)
        browser = site.browser()
        browser.sign_in("cleo")
        browser.get(old)
        assert browser.send("/oauth2/auth", decision="allow", hours="8").status_code == 303
        wallet = site.browser()
        wallet.sign_in_with(WALLET)
        wallet.get(old)
        assert wallet.send("/oauth2/auth", decision="allow").status_code == 303

    def test_a_wallet_of_nobody_is_in_no_group(self, site: Site, asked: Browser) -> None:
        browser = site.browser()
        browser.sign_in_with(WALLET)
        assert browser.get(asking(scope="group:dev")).status_code == 200
        answer = browser.send("/oauth2/auth", decision="allow")
        assert answer.status_code == 400
        assert "link the wallet" in answer.text


def test_a_wallet_of_nobody_agrees_for_itself(site: Site, browser: Browser) -> None:
    site.world.clients.add(application())
    browser.sign_in_with(WALLET)
    browser.get(asking())
    assert browser.send("/oauth2/auth", decision="allow").status_code == 303
    (grant,) = site.parts.belongings.flows.of_subject(f"eip155:{WALLET.address}")
    assert grant.details["amr"] == ["siwe"]
