"""What holds of every page: headers, methods, any input; and that a login leads nowhere else."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from services.auth.dialects.pages import errors, is_page
from services.auth.domain.errors import AuthError
from tests.fakes.auth_pages import PASSWORD, Browser, Site

PAGES = ["/login", "/login/wallet", "/device", "/account", "/oauth2/auth", "/nothing", "/logout"]
FORMS = ["/login", "/login/wallet", "/logout", "/device", "/account", "/oauth2/auth"]
STATIC = {
    "/pages/style.css": "text/css",
    "/pages/icon.svg": "image/svg+xml",
    "/pages/wallet.js": "text/javascript",
}


def check_headers(headers: Any, *, has_script: bool) -> None:
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert policy["form-action"].startswith("'self'")
    assert ("script-src" in policy) is has_script
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Access-Control-Allow-Origin"] == "http://gateway.test:8030"
    assert "Access-Control-Allow-Credentials" not in headers


@pytest.mark.parametrize("signed_in", [False, True])
@pytest.mark.parametrize("path", PAGES)
def test_every_answer_carries_the_headers(browser: Browser, path: str, signed_in: bool) -> None:
    if signed_in:
        browser.sign_in()
    for answer in (
        browser.get(path),
        browser.post(path, {}),
        browser.post(path, {}, Origin="https://x.example"),
    ):
        is_login = path == "/login" and answer.status_code in (200, 429) and "<h1>Sign in" in answer.text
        check_headers(answer.headers, has_script=is_login)


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"])
def test_other_methods_do_nothing(site: Site, browser: Browser, path: str, method: str) -> None:
    browser.sign_in()
    answer = browser.client.open(path, method=method, base_url=browser.issuer)
    assert answer.status_code < 500
    assert answer.data == b"" or method not in ("HEAD", "OPTIONS")
    if method not in ("HEAD", "OPTIONS"):
        assert answer.status_code == 405
    assert browser.get("/account").status_code == 200


@pytest.mark.parametrize(("path", "kind"), STATIC.items())
def test_static_files_are_what_they_say(browser: Browser, path: str, kind: str) -> None:
    answer = browser.get(path)
    assert (answer.status_code, answer.mimetype) == (200, kind)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert browser.get("/pages/../settings.py").status_code == 404
    assert browser.get("/pages/base.html").status_code == 404


BODIES: list[tuple[str, bytes]] = [
    ("application/x-www-form-urlencoded", b"a=" + b"x" * 70_000),
    ("application/x-www-form-urlencoded", b"&".join(b"f%d=1" % number for number in range(500))),
    ("application/x-www-form-urlencoded", b"csrf=%ff%fe&username=%00"),
    ("application/x-www-form-urlencoded", b"csrf=a&csrf=b"),
    ("application/x-www-form-urlencoded", b"%"),
    ("application/x-www-form-urlencoded", b"=\xff\xff"),
    ("application/x-www-form-urlencoded", b"decision=allow&request=%00&csrf=%00"),
    ("application/x-www-form-urlencoded", b"decision=allow&decision=deny"),
    ("application/json", b'{"csrf": "x"}'),
    ("multipart/form-data; boundary=x", b"--x\r\n\r\n--x--"),
    ("text/plain", b"csrf=a"),
    ("", b"csrf=a"),
]


@pytest.mark.parametrize("signed_in", [False, True])
@pytest.mark.parametrize(("kind", "body"), BODIES, ids=range(len(BODIES)))
@pytest.mark.parametrize("path", FORMS)
def test_any_body_gets_a_page(browser: Browser, path: str, kind: str, body: bytes, signed_in: bool) -> None:
    if signed_in:
        browser.sign_in()
    answer = browser.client.post(
        path, base_url=browser.issuer, data=body, content_type=kind, headers={"Origin": browser.issuer}
    )
    assert 300 <= answer.status_code < 500
    assert answer.mimetype == ("text/plain" if answer.status_code == 303 else "text/html")


@pytest.mark.parametrize("path", ["/login", "/login/wallet", "/device", "/account", "/oauth2/auth"])
@pytest.mark.parametrize(
    "query",
    ["next=%ff", "next=" + "a" * 20_000, "&" * 1000, "a=1&a=2", "%00=%00", "next=%00",
     "done=%00&user_code=%00", "client_id=%00", "client_id=a%00", "client_id=%F0%9F%92%A9",
     "note=" + "A" * 9000, "address=%ff"],
)  # fmt: skip
def test_any_query_gets_a_page(browser: Browser, path: str, query: str) -> None:
    for signed_in in (False, True):
        if signed_in:
            browser.get("/login")
            browser.sign_in()
        answer = browser.get(f"{path}?{query}")
        assert answer.status_code < 500
        assert answer.mimetype in ("text/html", "text/plain")


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)",
     "/account\r\nX-Evil: 1", "L2FjY291bnQ.x", "", ".", "x" * 8000],
)  # fmt: skip
def test_a_login_leads_to_our_own_pages_only(browser: Browser, target: str) -> None:
    browser.get("/login", query_string={"next": target})
    assert browser.send("/login", username="ann", password=PASSWORD).headers["Location"] == "/account"


def test_a_way_back_of_another_browser_is_forgotten(site: Site, browser: Browser) -> None:
    attacker = site.browser()
    sealed = attacker.get("/device?user_code=BCDFGHJK").headers["Location"].partition("next=")[2]
    browser.get(f"/login?next={sealed}")
    assert browser.send("/login", username="ann", password=PASSWORD).headers["Location"] == "/account"


@pytest.mark.parametrize("name", ["username", "next"])
@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onfocus='x"]
)
def test_what_was_typed_comes_back_as_text(browser: Browser, name: str, text: str) -> None:
    browser.get("/login")
    answer = browser.send("/login", **{"username": "ann", "password": "wrong", name: text})
    assert answer.status_code == 403
    tags = Tags()
    tags.feed(answer.text)
    assert "img onerror" not in tags.seen
    assert not any("onfocus" in tag or "onerror" in tag for tag in tags.seen)
    assert tags.scripts == ["/pages/wallet.js"]


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.scripts: list[str] = []
        self.labelled: set[str] = set()
        self.fields: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.seen.append(" ".join([tag, *named]))
        if tag == "script":
            self.scripts.append(named.get("src") or "inline")
        if tag == "label":
            self.labelled.add(named.get("for") or "")
        if tag in ("input", "select", "textarea") and named.get("type") != "hidden":
            self.fields.add(named.get("id") or "")


@pytest.mark.parametrize("path", ["/login", "/login/wallet", "/device", "/account"])
def test_pages_can_be_read_by_everyone(browser: Browser, path: str) -> None:
    """One heading, a language, a label for each field, and nothing that a policy would stop."""
    if path in ("/device", "/account"):
        browser.sign_in()
    page = browser.get(path).text
    tags = Tags()
    tags.feed(page)
    assert '<html lang="en">' in page
    assert page.count("<h1>") == 1
    assert "<main>" in page
    assert tags.fields - {""} <= tags.labelled
    assert "inline" not in tags.scripts
    assert not re.search(r"<style|style=|\son\w+=", page)


def test_every_error_that_a_page_may_meet_has_a_page(site: Site) -> None:
    with site.app.test_request_context():
        room = errors.ErrorPages(site.parts_responses())
        for known in errors.PAGES:
            made = known.__new__(known)
            assert room.render(made).status_code == errors.PAGES[known][0]
        with pytest.raises(KeyError):
            room.render(AuthError())


def test_which_paths_are_pages() -> None:
    assert all(is_page(path) for path in PAGES if path != "/nothing")
    assert not any(is_page(path) for path in ("/", "/oauth2/token", "/api/services/nonce", "/tidegate/v1/me"))
