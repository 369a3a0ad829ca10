"""Where a login may lead, which origins are ours, and what a page's policy says of redirect URIs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.auth.dialects.pages.desk import is_target
from services.auth.dialects.pages.filters import asked, brief
from services.auth.dialects.pages.responses import form_targets
from services.auth.dialects.pages.site import Address, origin_of
from services.auth.domain.scopes import MEANINGS


@pytest.mark.parametrize(
    "target",
    ["/account", "/device", "/device?user_code=BCDF-GHJK", "/oauth2/auth?client_id=a&state=https%3A%2F%2Fx"],
)
def test_pages_of_ours_are_targets(target: str) -> None:
    assert is_target(target)


@pytest.mark.parametrize(
    "target",
    [
        "", "/", "account", "//evil.example", "//evil.example/account", "/\\evil.example", "\\/evil.example",
        "https://evil.example/account", "javascript:alert(1)", "/login", "/account/../login",
        "/account\r\nX: y", "/account?\r\nX: y", "/account?x=\u202e", "/account\t",
        "/device/../..//evil.example", "/oauth2/token", "/api/services/download", "///account",
        "/account@evil.example", " /account", "http:/account", "/oauth2/auth\x00", "/accountä",
    ],
)  # fmt: skip
def test_nothing_else_is(target: str) -> None:
    assert not is_target(target)


@given(st.text())
def test_whatever_is_a_target_stays_here(target: str) -> None:
    assert not is_target(target) or target.startswith(("/account", "/device", "/oauth2/auth"))


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Gateway.Test", "https://gateway.test"),
        ("https://gateway.test:443/base", "https://gateway.test"),
        ("http://gateway.test:80", "http://gateway.test"),
        ("http://gateway.test:8030/", "http://gateway.test:8030"),
        ("http://[::1]:8030", "http://[::1]:8030"),
    ],
)
def test_origins_are_written_as_browsers_write_them(url: str, origin: str) -> None:
    assert origin_of(url) == origin


def test_cookies_are_secure_where_the_issuer_is() -> None:
    assert Address.of("https://gateway.test").is_secure
    assert not Address.of("http://gateway.test:8030").is_secure
    both = Address.of("http://gateway.test:8030", ("http://other.test:8030",))
    assert both.origins == {"http://gateway.test:8030", "http://other.test:8030"}


@pytest.mark.parametrize(
    ("uri", "source"),
    [
        ("https://app.example/cb?x=1", "https://app.example"),
        ("https://App.Example:8443/cb", "https://app.example:8443"),
        ("http://127.0.0.1:5000/cb", "http://127.0.0.1:5000"),
        ("http://[::1]:5000/cb", "http:"),
        ("com.example.app:/cb", "com.example.app:"),
        ("https://app.example;script-src%20*/cb", "https:"),
        ("https://a.example https://b.example/", "https:"),
        ("https://app.example,x/cb", "https:"),
    ],
)
def test_a_redirect_uri_says_nothing_else_in_the_policy(uri: str, source: str) -> None:
    assert form_targets([uri]) == (source,)


@pytest.mark.parametrize("scope", MEANINGS)
def test_every_scope_has_words(scope: str) -> None:
    assert asked([scope]) == [MEANINGS[scope]]


def test_choices_have_words_and_unknown_scopes_are_shown_as_they_are() -> None:
    assert asked(["group:dev", "vo:gridpp"]) == ["Act in your group dev", "Act in the organisation gridpp"]
    assert asked(["property:Admin", "setup:Main"]) == ["Use the right Admin", "Use the setup Main"]
    assert asked(["new:one"]) == ["new:one"]


def test_long_names_are_cut() -> None:
    assert brief("ann") == "ann"
    assert brief("0xA78deb2Fa79463945C247991075E2a0e98Ba7A09") == "0xA78deb…Ba7A09"
    assert len(brief("x" * 5000)) == 40
