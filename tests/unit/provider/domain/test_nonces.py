"""Nonce texts: what is accepted, how they are ordered, what clients are shown. Source: contract section 4."""

import json
import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.provider.domain.nonces import MalformedNonce, check_nonce, client_view, sort_key

pytestmark = pytest.mark.clause("ocean 4")

ACCEPTED = st.from_regex(r"\A[0-9]{1,30}(\.[0-9]{1,12})?\Z").filter(str.isascii)
MALFORMED = [
    "",
    "1e3",
    "1E3",
    "inf",
    "Infinity",
    "nan",
    "NaN",
    "-1",
    "+1",
    " 7",
    "7 ",
    "7\n",
    "\n7",
    "1.",
    ".5",
    "1.1.1",
    "0x10",
    "1_000",
    "٣",
    "1٣",
    "①",
    "1" * 31,
    "1." + "1" * 13,
    "1,5",
    "true",
    "\x00",
]


@pytest.mark.parametrize(
    "text", ["0", "1", "007", "9" * 30, "1.5", "0." + "0" * 11 + "1", "9" * 30 + "." + "9" * 12]
)
def test_digits_with_an_optional_fraction_are_nonces(text: str) -> None:
    assert check_nonce(text) == text
    assert len(sort_key(text)) == 42


@pytest.mark.parametrize("text", MALFORMED)
def test_exponents_signs_spaces_and_other_digits_are_not(text: str) -> None:
    with pytest.raises(MalformedNonce):
        check_nonce(text)
    with pytest.raises(MalformedNonce):
        sort_key(text)


@given(ACCEPTED, ACCEPTED)
def test_sort_keys_order_as_numbers_do(a: str, b: str) -> None:
    assert (sort_key(a) < sort_key(b)) == (Decimal(a) < Decimal(b))
    assert (sort_key(a) == sort_key(b)) == (Decimal(a) == Decimal(b))


def test_unknown_addresses_are_told_one() -> None:
    assert client_view(None) == "1"


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("0", "0"),
        ("1", "1"),
        ("23", "23"),
        ("007", "7"),
        ("1644315615.24195", "1644315615.24195"),
        ("10.50", "10.5"),
        ("9007199254740991", "9007199254740991"),
        ("1000000000000000000000", None),
        ("1.234567890123", None),
    ],
)
def test_small_values_are_shown_as_they_are(stored: str, shown: str | None) -> None:
    view = client_view(stored)
    assert json.loads(view) >= 0
    if shown is not None:
        assert view == shown


def test_large_values_are_shown_as_the_second_double_above() -> None:
    for stored in ("9007199254740992", "9007199254740993", "1795295486993079057", "1" + "0" * 24):
        double = float(stored)
        while Decimal(double) <= Decimal(stored):
            double = math.nextafter(double, math.inf)
        assert client_view(stored) == str(int(math.nextafter(double, math.inf)))


def javascript(number: float) -> str:
    """`String(number)` for the magnitudes that stay without an exponent."""
    return format(Decimal(repr(number)), "f").removesuffix(".0")


def ocean_js(view: str) -> str:
    """`(Number(endpoint) + 1).toString()`."""
    return javascript(float(view) + 1)


def ocean_py(view: str) -> str:
    """`int(ceil(float(endpoint))) + 1`."""
    return str(math.ceil(float(view)) + 1)


NONCES_IN_USE = st.one_of(
    st.integers(0, 10**21 - 10**6).map(str),
    st.integers(2**53 - 10, 2**53 + 10).map(str),
    st.integers(10**18, 3 * 10**18).map(str),
    st.decimals("0", "99999999999", places=6).map(lambda value: format(value, "f")),
    st.decimals("0", "9999", places=12).map(lambda value: format(value, "f")),
)


@given(NONCES_IN_USE)
def test_whatever_is_stored_every_clients_next_nonce_is_accepted(stored: str) -> None:
    view = client_view(stored)
    for client in (ocean_js, ocean_py):
        following = client(view)
        assert sort_key(following) > sort_key(stored), (client.__name__, view, following)


@given(ACCEPTED)
def test_view_is_always_a_plain_json_number(stored: str) -> None:
    view = client_view(stored)
    json.loads(view)
    assert "e" not in view.lower()
