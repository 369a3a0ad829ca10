"""What a download is called: the exact header form, and nothing a hostile origin can steer with."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.provider.domain.file_names import (
    FALLBACK,
    MAX_NAME_CHARS,
    attachment,
    download_name,
    guess_type,
    media_type,
    safe_name,
)

pytestmark = pytest.mark.clause("ocean 2.6")

URL = "https://files.test/folder/noext?token=secret#x"


@pytest.mark.parametrize(
    ("disposition", "url", "fallback", "content_type", "name"),
    [
        (None, "https://h/a.csv", None, "text/plain", "a.csv"),
        (None, URL, None, "application/json", "noext.json"),
        (None, URL, None, "application/json; charset=utf-8", "noext.json"),
        (None, URL, None, None, "noext"),
        (None, URL, None, "made/up", "noext"),
        (None, URL, "0123456789abcdef", "text/csv", "0123456789abcdef.csv"),
        (None, "https://h/", None, "text/csv", "download.csv"),
        (None, "https://h/a%20b%2Fc.txt", None, None, "c.txt"),
        (None, "https://h/../..", None, None, FALLBACK),
        (None, "https://[h/a.csv", None, None, FALLBACK),
        ('attachment; filename="x.bin"', URL, "0123", "text/csv", "x.bin"),
        ("attachment;filename=x.bin", URL, None, None, "x.bin"),
        ("inline", URL, None, None, "noext"),
        (
            "attachment; filename*=UTF-8''na%C3%AFve%20file.txt; filename=x",
            URL,
            None,
            None,
            "na\u00efve file.txt",
        ),
        ("attachment; filename*=bogus''%41.txt", URL, None, None, "noext"),
        ("attachment; filename*=utf-8''%ff%fe.txt", URL, None, None, "__.txt"),
        ("attachment; filename=\u00c3\u00bc.txt", URL, None, None, "\u00fc.txt"),
        ("attachment; filename=\u20ac.txt", URL, None, None, "_.txt"),
    ],
)
def test_names(
    disposition: str | None, url: str, fallback: str | None, content_type: str | None, name: str
) -> None:
    assert download_name(disposition, url, fallback, content_type) == name


@pytest.mark.parametrize(
    ("hostile", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/abs/olute", "olute"),
        ("C:\\x\\y.exe", "y.exe"),
        ("a;b.csv", "a_b.csv"),
        ('a"b.csv', "a_b.csv"),
        ("a\r\nSet-Cookie: x", "a__Set-Cookie_ x"),
        ("..", FALLBACK),
        (".", FALLBACK),
        ("", FALLBACK),
        ("   ", FALLBACK),
        (".bashrc", "bashrc"),
        ("a/", FALLBACK),
        ("nul\x00.txt", "nul_.txt"),
        ("\u202etxt.exe", "_txt.exe"),
    ],
)
def test_an_origin_cannot_steer_the_name(hostile: str, name: str) -> None:
    assert safe_name(hostile) == name


def test_long_names_keep_their_extension() -> None:
    assert safe_name("a" * 500 + ".csv").endswith("a.csv")
    assert len(safe_name("a" * 500 + ".csv")) <= MAX_NAME_CHARS
    assert len(safe_name("a" * 500)) == MAX_NAME_CHARS
    assert len(safe_name("a." + "b" * 500)) == MAX_NAME_CHARS


def test_header_form_is_what_clients_match() -> None:
    """ocean.js: /attachment;filename=(.+)/ and the rest of the line is the name."""
    assert attachment("data.csv") == "attachment;filename=data.csv"
    found = re.match(r"attachment;filename=(.+)", attachment('x"; filename*=y'))
    assert found is not None
    assert not set('";/\\') & set(found[1])


@given(st.text(max_size=300))
def test_any_name_is_safe(name: str) -> None:
    clean = safe_name(name)
    assert 0 < len(clean) <= MAX_NAME_CHARS
    assert not re.search(r'[/\\";:\r\n\x00-\x1f\x7f-\x9f]', clean)
    assert clean.strip(".") == clean
    clean.encode("latin-1")


@given(st.text(max_size=80), st.text(max_size=40), st.text(max_size=20))
def test_any_headers_give_a_name(disposition: str, url: str, content_type: str) -> None:
    assert download_name(disposition, url, None, content_type)
    assert download_name(f"attachment; filename*={disposition}", f"https://h/{url}", None, content_type)


def test_types() -> None:
    assert media_type("Text/CSV; charset=utf-8") == "text/csv"
    assert media_type(None) == ""
    assert guess_type("a.csv") == "text/csv"
    assert guess_type("noext") == "application/octet-stream"
