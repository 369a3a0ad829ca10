"""Amounts of credits."""

from decimal import Decimal

import pytest

from services.compute.domain.ledger import amount, amount_text, cost, positive

pytestmark = pytest.mark.clause("dcp 6")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("0E-30", "0"),
        ("100", "100"),
        ("1E+3", "1000"),
        ("0.500", "0.5"),
        ("1e-18", "0.000000000000000001"),
        ("1e40", "1" + "0" * 40),
        ("9999999999999999999999999999999999999999.999999999999999999",) * 2,
    ],
)
def test_an_amount_is_kept_as_the_shortest_text(value: str, text: str) -> None:
    assert amount_text(Decimal(value)) == text
    assert amount(Decimal(value)) == Decimal(text)
    assert amount(Decimal(value)).as_tuple().exponent == -18


@pytest.mark.parametrize("value", ["-1", "-1e-18", "NaN", "sNaN", "Infinity", "-Infinity", "1e-19", "1e41"])
def test_what_is_no_amount_is_a_fault(value: str) -> None:
    for check in (amount, amount_text, positive):
        with pytest.raises(ValueError, match="amount"):
            check(Decimal(value))


def test_nothing_is_no_positive_amount() -> None:
    assert positive(Decimal("1e-18")) == Decimal("1e-18")
    with pytest.raises(ValueError, match="above 0"):
        positive(Decimal(0))


def test_what_slices_cost_is_exact() -> None:
    offer = Decimal("9999999999999999999999999999999999999999.999999999999999999")
    assert cost(offer, 1_000_000) == Decimal("9999999999999999999999999999999999999999999999.999999999999")
    assert cost(Decimal("0.000000000000000001"), 3) == Decimal("3e-18")
