import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.fetch.errors import UrlRefused
from libs.fetch.urls import parse_url

REFUSED = [
    "", "/", "//host/x", "host/x", "http:", "http://", "http:///x", "http://:80/", "ftp://host/x", "file:///etc/passwd",
    "gopher://host/", "javascript:alert(1)", "data:text/plain,x", "unix:///run/x.sock",
    "http://user@host/", "http://user:secret@host/", "http://@host/", "http://host@127.0.0.1/",
    "http://127.1/", "http://127.0.1/", "http://2130706433/", "http://0x7f000001/", "http://0x7f.0.0.1/",
    "http://0177.0.0.1/", "http://127.0.0.0x1/", "http://1.2.3.4.5/", "http://256.0.0.1/", "http://example.123/",
    "http://127%2e0.0.1/", "http://%31%32%37.0.0.1/", "http://loc%61lhost/", "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/", "http://[::1/", "http://[v1.x]/", "http://[]/", "http://a[b]c/",
    "http://host:0/", "http://host:65536/", "http://host:x/", "http://host:-1/", "http://host:８0/",
    "http://ho st/", "http://ho\tst/", "http://host/\r\nX: y", "http://host\\@evil/", "http://host/\x00",
    "http://a..b/", "http://.host/", "http://-host/", "http://host-/", "http://" + "a" * 64 + "/",
    "http://" + "a." * 127 + "aa/", "http://host/" + "x" * 9000, "http://\ud800/", "http://host/\udfff",
    "http://xn--\u2603/", "http://exa*mple/", "http://ex'ample/", "http://host,other/",
]  # fmt: skip


@pytest.mark.parametrize("url", REFUSED)
def test_refused(url: str) -> None:
    with pytest.raises(UrlRefused):
        parse_url(url)


@pytest.mark.parametrize(
    ("url", "scheme", "host", "port", "path"),
    [
        ("http://example.com", "http", "example.com", 80, "/"),
        ("HTTPS://Example.COM:443/A?b=c#d", "https", "example.com", 443, "/A?b=c"),
        ("http://example.com./x", "http", "example.com", 80, "/x"),
        ("http://127.0.0.1.:8/x", "http", "127.0.0.1", 8, "/x"),
        ("http://\uff11\uff12\uff17.0.0.1/", "http", "127.0.0.1", 80, "/"),
        ("http://127\u30020\u30020\u30021/", "http", "127.0.0.1", 80, "/"),
        ("http://[::FFFF:127.0.0.1]/", "http", "::ffff:7f00:1", 80, "/"),
        ("http://b\u00fccher.example/\u00fc", "http", "xn--bcher-kva.example", 80, "/%C3%BC"),
        ("http://my_service:9000/a b?c d", "http", "my_service", 9000, "/a%20b?c%20d"),
        ("http://h/a%2Fb/%zz?x=%26", "http", "h", 80, "/a%2Fb/%zz?x=%26"),
        (" http://h/ ", "http", "h", 80, "/"),
        ("http://h?q", "http", "h", 80, "/?q"),
    ],
)
def test_parsed(url: str, scheme: str, host: str, port: int, path: str) -> None:
    parsed = parse_url(url)
    assert (parsed.scheme, parsed.host, parsed.port, parsed.path_qs) == (scheme, host, port, path)


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("http://h", "h"),
        ("http://h:80", "h"),
        ("http://h:443", "h:443"),
        ("https://h:443", "h"),
        ("http://[2606:4700::1]:8/", "[2606:4700::1]:8"),
        ("https://[2606:4700::1]/", "[2606:4700::1]"),
    ],
)
def test_host_header(url: str, authority: str) -> None:
    assert parse_url(url).authority == authority


def test_a_refusal_never_repeats_the_url() -> None:
    with pytest.raises(UrlRefused) as caught:
        parse_url("http://user:hunter2@secret.example/token")
    assert "hunter2" not in str(caught.value)
    assert "secret.example" not in str(caught.value)


@given(st.text(max_size=60))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    for url in (text, f"http://{text}", f"https://h/{text}", f"http://h:{text}/"):
        try:
            parsed = parse_url(url)
        except UrlRefused:
            continue
        assert parsed.path_qs.isascii()
        assert not any(char <= " " for char in parsed.path_qs + parsed.authority)
        assert parse_url(parsed.text) == parsed
