"""Reading credentials: every spelling that clients use, and nothing that could be read in two ways."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.web.credentials import (
    MAX_BASIC_CHARS,
    MAX_TOKEN_CHARS,
    BadCredential,
    Credential,
    bare,
    basic,
    bearer,
    one_of,
    quoted,
    reversed_bearer,
    token_parameter,
)

TOKEN = "aaa.bbb-_~+/.ccc=="


def of(token: str) -> Credential:
    return Credential("bearer", token)


@pytest.mark.parametrize(
    "header", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"BEARER    {TOKEN}", f" Bearer {TOKEN} "]
)
def test_bearer_in_any_case_with_any_number_of_blanks(header: str) -> None:
    assert bearer(header) == of(TOKEN)


@pytest.mark.parametrize("header", [None, "", "Basic abc", "token abc", TOKEN, "Bearerabc", "NTLM x"])
def test_another_scheme_is_no_bearer_token(header: str | None) -> None:
    assert bearer(header) is None


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer a,b",
        "Bearer a, Bearer b",
        "Bearer a\tb",
        "Bearer a\x00b",
        "Bearer \xe4",
        "Bearer ab=c",
        'Bearer "a"',
        "Bearer a\nb",
        "Bearer " + "a" * (MAX_TOKEN_CHARS + 1),
    ],
)
def test_a_bearer_token_that_cannot_be_one_is_refused_here(header: str) -> None:
    with pytest.raises(BadCredential) as caught:
        bearer(header)
    assert (caught.value.code, caught.value.status) == ("invalid_token", 401)


def test_prominence_says_token() -> None:
    assert bearer(f"token {TOKEN}", schemes=("bearer", "token")) == of(TOKEN)
    assert bearer(f"Token {TOKEN}", schemes=("bearer", "token")) == of(TOKEN)


def test_openpai_sends_a_jwt_alone() -> None:
    assert bare("aaa.bbb.ccc") == of("aaa.bbb.ccc")
    assert bare("aaa.bbb") is None
    assert bare("Bearer aaa.bbb.ccc") is None
    assert bare(None) is None


def test_dirac_turns_the_header_around() -> None:
    assert reversed_bearer(f"{TOKEN} Bearer") == of(TOKEN)
    assert reversed_bearer(f"{TOKEN} bearer") == of(TOKEN)
    assert reversed_bearer(f"Bearer {TOKEN}") is None
    assert reversed_bearer("a b bearer") is None


def test_two_credentials_count_when_they_are_the_same() -> None:
    assert one_of(of("a"), None, of("a")) == of("a")
    assert one_of(None, None) is None
    with pytest.raises(BadCredential) as caught:
        one_of(of("a"), of("b"))
    assert (caught.value.code, caught.value.status) == ("invalid_request", 400)


def test_the_parameter_counts_once() -> None:
    assert token_parameter([]) is None
    assert token_parameter(["a"]) == of("a")
    assert token_parameter(["a", "a"]) == of("a")
    with pytest.raises(BadCredential) as caught:
        token_parameter(["a", "b"])
    assert caught.value.status == 400
    with pytest.raises(BadCredential):
        token_parameter([""])


def test_basic_is_handed_on_as_it_came() -> None:
    assert basic("Basic eyJ2Ijoz+/==") == Credential("basic", "eyJ2Ijoz+/==")
    assert basic("basic  abc") == Credential("basic", "abc")
    assert basic("Bearer abc") is None
    for header in ("Basic ", "Basic \x00", "Basic " + "a" * (MAX_BASIC_CHARS + 1)):
        with pytest.raises(BadCredential):
            basic(header)


def test_a_credential_does_not_show_its_value() -> None:
    assert "geheim" not in repr(of("geheim"))


def test_quoted_texts_cannot_end_their_quotes() -> None:
    assert quoted('a"b\\c\r\nX: y\x00\xe4') == "a'bcX: y"


@given(st.text())
def test_no_header_makes_a_reader_fail_in_another_way(header: str) -> None:
    for reader in (bearer, bare, reversed_bearer, basic):
        for text in (header, f"Bearer {header}", f"{header} Bearer", f"Basic {header}"):
            with contextlib.suppress(BadCredential):
                found = reader(text)
                assert found is None or found.value.isascii()
