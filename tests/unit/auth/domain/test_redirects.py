"""OAuth 2.1 2.3 and 8.4, RFC 8252 7: what may be registered, and what fits it."""

import pytest

from services.auth.domain.errors import AuthError
from services.auth.domain.redirects import MAX_CHARS, BadRedirectUri, check, extended, fits

pytestmark = pytest.mark.clause("dirac 1.6")

LENGTH = "A redirect URI has 1 to 2000 characters."
FRAGMENT = "A redirect URI has no fragment."
SHAPE = "The redirect URI is not a URI."
KIND = "A redirect URI is https, http on 127.0.0.1, [::1] or localhost, or has a scheme with a dot."
PORT = "The redirect URI has no such port."


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example",
        "https://app.example/",
        "https://app.example?x=1",
        "https://app.example/cb?x=%20&y=/",
        "https://app.example:1/cb",
        "https://app.example:65535/cb",
        "https://app.example./cb",
        "https://192.0.2.7/cb",
        "https://[2001:db8::1]:8443/cb",
        "https://a/cb",
        "http://127.0.0.1",
        "http://127.0.0.1:8080/cb",
        "http://[::1]:8080/cb",
        "http://localhost/cb",
        "http://localhost?x=1",
        "com.example.app:/",
        "com.example.app:/cb?x=1",
        "x-1.y+z:/cb",
    ],
)
def test_what_a_client_may_register(uri: str) -> None:
    check(uri)
    assert fits([uri], uri)


@pytest.mark.parametrize(
    "uri",
    [
        "http://app.example/cb",
        "http://127.0.0.2/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://localhost.evil.example/cb",
        "http://user@localhost/cb",
        "http://[::2]/cb",
        "https://",
        "https:///cb",
        "https:app.example",
        "https://user@app.example/cb",
        "https://user:word@app.example/cb",
        "https://app.example:/cb",
        "https://app.example:123456/cb",
        "https://app.example:-1/cb",
        "https://-app.example/cb",
        "https://app.example-/cb",
        "https://[::1/cb",
        "https://[::g]/cb",
        "https://app.example@evil.example",
        "HTTPS://app.example/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "app:/cb",
        "myapp://cb",
        "com.example.app://cb",
        "com.example.app:cb",
        "Com.Example:/cb",
        ".example:/cb",
        "com.:/cb",
        "1com.example:/cb",
        "//app.example/cb",
        "/cb",
        "None/redirect_url",
        "urn:ietf:wg:oauth:2.0:oob",
    ],
)
def test_no_other_scheme_host_or_user(uri: str) -> None:
    with pytest.raises(BadRedirectUri) as refused:
        check(uri)
    assert str(refused.value) == KIND
    assert isinstance(refused.value, AuthError)


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example/a b",
        " https://app.example/",
        "https://app.example/\n",
        "https://app.example/\r\nLocation:https://evil.example",
        "https://app.example/\0",
        "https://app.example/\x7f",
        "https://app.example\\@evil.example/",
        'https://app.example/"onload=',
        "https://app.example/<script>",
        "https://app.example/{x}",
        "https://app.example/a|b",
        "https://app.example/`",
        "https://app.example/^",
        "https://b\u00fccher.example/",
        "https://app.example:\u0661/",
        "https://app.example/\ud800",
        "https://app.example/%",
        "https://app.example/%2",
        "https://app.example/%zz",
        "https://app.example/%20%",
        "*\u202e",
    ],
    ids=lambda uri: ascii(uri),
)
def test_what_is_not_a_uri(uri: str) -> None:
    with pytest.raises(BadRedirectUri) as refused:
        check(uri)
    assert str(refused.value) == SHAPE


@pytest.mark.parametrize(
    "uri", ["https://app.example/#", "https://app.example/#x", "com.example:/#", "#", "# \0"]
)
def test_no_fragment(uri: str) -> None:
    with pytest.raises(BadRedirectUri) as refused:
        check(uri)
    assert str(refused.value) == FRAGMENT


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example:0/cb",
        "https://app.example:65536",
        "https://[::1]:99999/",
        "http://localhost:0",
        "http://127.0.0.1:65536/cb",
        "http://[::1]:00000/cb",
    ],
)
def test_no_port_that_does_not_exist(uri: str) -> None:
    with pytest.raises(BadRedirectUri) as refused:
        check(uri)
    assert str(refused.value) == PORT


def test_length() -> None:
    start = "https://app.example/"
    check(start + "a" * (MAX_CHARS - len(start)))
    for uri in ("", start + "a" * (MAX_CHARS - len(start) + 1), "a.b" * 1_000_000):
        with pytest.raises(BadRedirectUri) as refused:
            check(uri)
        assert str(refused.value) == LENGTH


@pytest.mark.parametrize(
    "uri",
    ["https://" + "a." * 900 + "!", "a" + ".a" * 900 + "!", "https://[" + ":" * 1900],
    ids=["host", "scheme", "ip"],
)
def test_long_near_misses_are_told_at_once(uri: str) -> None:
    with pytest.raises(BadRedirectUri):
        check(uri)


@pytest.mark.parametrize(
    ("known", "uri"),
    [
        ("http://127.0.0.1/cb", "http://127.0.0.1:49152/cb"),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:65535/cb"),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1/cb"),
        ("http://[::1]/cb?a=1", "http://[::1]:8080/cb?a=1"),
        ("http://localhost", "http://localhost:8080"),
    ],
)
def test_on_the_loopback_the_port_is_free(known: str, uri: str) -> None:
    assert fits([known], uri)
    assert fits(["https://app.example/cb", known], uri)


@pytest.mark.parametrize(
    ("known", "uri"),
    [
        ("http://127.0.0.1/cb", "http://127.0.0.1:0/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:65536/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:8080/cb/"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:8080/cb?x=1"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:8080/cb#x"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:8080/CB"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:\u0661/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:80@evil.example/cb"),
        ("http://127.0.0.1/cb", "https://127.0.0.1:8080/cb"),
        ("http://127.0.0.1/cb", "http://localhost/cb"),
        ("http://127.0.0.1/cb", "http://[::1]/cb"),
        ("http://localhost", "http://localhost/"),
        ("https://app.example/cb", "https://app.example:8443/cb"),
        ("https://app.example/cb", "http://127.0.0.1/cb"),
        ("https://app.example/cb", "https://app.example/cb/../evil"),
        ("https://app.example/cb", "https://app.example/cb?"),
        ("https://app.example/cb", "https://APP.example/cb"),
        ("https://app.example/cb", "https://app.example/cb\n"),
        ("https://app.example/cb", ""),
        ("com.example:/cb", "com.example:/cb2"),
    ],
    ids=ascii,
)
def test_everything_else_is_compared_as_text(known: str, uri: str) -> None:
    assert not fits([known], uri)


def test_a_request_may_not_be_longer_than_a_registration() -> None:
    path = "/" + "a" * (MAX_CHARS - len("http://127.0.0.1/"))
    assert fits([f"http://127.0.0.1{path}"], f"http://127.0.0.1{path}")
    assert not fits([f"http://127.0.0.1{path}"], f"http://127.0.0.1:8080{path}")


def test_nothing_fits_a_client_without_redirects() -> None:
    assert not fits([], "")
    assert not fits([], "https://app.example/cb")


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("https://app.example/cb", "https://app.example/cb?code=a+b&state=%26x%3D1%23"),
        ("https://app.example/cb?", "https://app.example/cb?code=a+b&state=%26x%3D1%23"),
        ("https://app.example/cb?x=1", "https://app.example/cb?x=1&code=a+b&state=%26x%3D1%23"),
        ("https://app.example/cb?x=1&", "https://app.example/cb?x=1&code=a+b&state=%26x%3D1%23"),
        ("https://app.example/a&", "https://app.example/a&?code=a+b&state=%26x%3D1%23"),
        ("com.example:/", "com.example:/?code=a+b&state=%26x%3D1%23"),
    ],
)
def test_parameters_are_added_behind_the_uri_s_own(uri: str, expected: str) -> None:
    assert extended(uri, [("code", "a b"), ("state", "&x=1#")]) == expected


def test_parameters_cannot_break_out_of_the_header() -> None:
    assert extended("https://a/", [("state", "\r\nSet-Cookie: \u00e9")]) == (
        "https://a/?state=%0D%0ASet-Cookie%3A+%C3%A9"
    )
