"""Seals hold for one browser, one purpose and one text, and for nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.auth.dialects.pages.seals import MOST_CHARS, Seals

SEALS = Seals("a secret for keys at rest")
ANN, EVE = "a" * 43, "e" * 43


def test_what_was_sealed_comes_back() -> None:
    text = "/oauth2/auth?state=ä&x=%00 \n\"'<>"
    assert SEALS.open(ANN, "next", SEALS.seal(ANN, "next", text)) == text


def test_a_seal_is_safe_in_a_query() -> None:
    assert SEALS.seal(ANN, "next", "?" * 100).replace(".", "").replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    ("visitor", "purpose"), [(EVE, "next"), (ANN, "request"), ("", "next"), (ANN[:-1], "next")]
)
def test_another_browser_or_purpose_opens_nothing(visitor: str, purpose: str) -> None:
    assert SEALS.open(visitor, purpose, SEALS.seal(ANN, "next", "/account")) is None


def test_another_service_s_secret_opens_nothing() -> None:
    assert Seals("a secret of somebody else").open(ANN, "next", SEALS.seal(ANN, "next", "/account")) is None


def test_nobody_has_no_visitor() -> None:
    assert SEALS.open("", "next", SEALS.seal("", "next", "/account")) is None
    assert not SEALS.is_token("", "login", SEALS.token("", "login"))


@pytest.mark.parametrize(
    "sealed",
    ["", ".", "a", "a.b", "é.b", "L2FjY291bnQ", "L2FjY291bnQ.", "=.=", "L2Fj Y291bnQ.x", "\ud800.x", "\x00",
     "A" * MOST_CHARS + ".x"],
)  # fmt: skip
def test_what_is_no_seal_opens_nothing(sealed: str) -> None:
    assert SEALS.open(ANN, "next", sealed) is None


@given(st.text(), st.text(), st.text(), st.text())
def test_the_parts_of_a_seal_do_not_run_into_each_other(
    visitor: str, purpose: str, other: str, text: str
) -> None:
    sealed = SEALS.seal(ANN + visitor.encode("ascii", "ignore").decode(), purpose, text)
    found = SEALS.open(ANN, other, sealed)
    assert found is None or (visitor.encode("ascii", "ignore") == b"" and other == purpose and found == text)


@given(st.text(), st.text())
def test_no_text_raises(visitor: str, sealed: str) -> None:
    assert SEALS.open(visitor, "next", sealed) is None
    assert not SEALS.is_token(visitor, "login", sealed)


def test_one_changed_character_opens_nothing() -> None:
    sealed = SEALS.seal(ANN, "next", "/account")
    for place in range(len(sealed)):
        other = "A" if sealed[place] != "A" else "B"
        assert SEALS.open(ANN, "next", sealed[:place] + other + sealed[place + 1 :]) in (None, "/account")
        # Bits beyond the last byte of the text may differ; the text may not.


def test_a_token_is_of_one_form_in_one_browser() -> None:
    token = SEALS.token(ANN, "login")
    assert SEALS.is_token(ANN, "login", token)
    assert not SEALS.is_token(EVE, "login", token)
    assert not SEALS.is_token(ANN, "logout", token)
    assert not SEALS.is_token(ANN, "login", "")
    assert not SEALS.is_token(ANN, "login", token + "=")
    assert SEALS.open(ANN, "form", "login." + token) is None
