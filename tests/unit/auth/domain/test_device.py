"""Codes and states of device requests (RFC 8628)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.auth.domain.device import (
    ALPHABET,
    DeviceCodes,
    DeviceRequest,
    DeviceState,
    UnknownUserCode,
    device_hash,
    interval_of,
    least_seconds_between_polls,
    shown,
    typed,
    user_hash,
)

pytestmark = pytest.mark.clause("prominence 5.3")

REQUEST = DeviceRequest(client_id="c", scopes=(), created_at=0, expires_at=600)


def test_the_alphabet_makes_no_words_and_has_no_look_alikes() -> None:
    assert len(set(ALPHABET)) == len(ALPHABET) == 20
    assert not set(ALPHABET) & set("AEIOUY0123456789")


def test_codes_are_of_the_promised_size_and_never_the_same() -> None:
    made = [DeviceCodes.make() for _ in range(50)]
    assert len({codes.device_code for codes in made}) == len({codes.user_code for codes in made}) == 50
    assert {len(codes.device_code) for codes in made} == {43}
    assert all(set(codes.user_code) <= set(ALPHABET) and len(codes.user_code) == 8 for codes in made)


def test_codes_do_not_show_themselves() -> None:
    codes = DeviceCodes.make()
    assert codes.device_code not in repr(codes)
    assert codes.user_code not in repr(codes)


@pytest.mark.parametrize("text", ["BCDF-GHJK", "bcdfghjk", " bcdf - ghjk\t", "b-c-d-f-g-h-j-k", "BCDFGHJK"])
def test_case_dashes_and_blanks_do_not_count(text: str) -> None:
    assert typed(text) == "BCDFGHJK"
    assert shown(typed(text)) == "BCDF-GHJK"


@pytest.mark.parametrize(
    "text", ["", "-", "BCDF-GHJ", "BCDF-GHJKL", "ABCD-FGHJ", "BCDF-GHJ1", "BCDFGHJK\n", "ßßßß", "B" * 10_000]
)
def test_what_cannot_be_a_code_is_none(text: str) -> None:
    with pytest.raises(UnknownUserCode):
        typed(text)


@given(st.text())
def test_any_text_is_a_code_or_refused(text: str) -> None:
    try:
        letters = typed(text)
    except UnknownUserCode:
        return
    assert set(letters) <= set(ALPHABET)


@pytest.mark.parametrize("text", ["", "ä", "\ud800", "x" * 129])
def test_what_cannot_be_a_device_code_has_no_hash(text: str) -> None:
    assert device_hash(text) is None


def test_hashes_fit_their_columns_and_tell_nothing() -> None:
    assert len(device_hash("x" * 43) or "") == 64
    assert len(user_hash("BCDFGHJK")) == 16
    assert "BCDF" not in user_hash("BCDFGHJK")


def test_a_request_waits_until_it_is_answered_or_over() -> None:
    assert REQUEST.waits(599.9)
    assert not REQUEST.waits(600)
    assert REQUEST.is_over(600)
    for state in (DeviceState.APPROVED, DeviceState.DENIED, DeviceState.USED):
        assert not replace(REQUEST, state=state).waits(1)


def test_who_keeps_the_interval_is_never_too_soon() -> None:
    assert interval_of("anybody") == 5
    assert least_seconds_between_polls(5) == 4


def test_diracx_is_never_too_soon() -> None:
    assert interval_of("myDIRACClientID") == 2
    assert least_seconds_between_polls(2) == 0
