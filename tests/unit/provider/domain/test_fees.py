"""Contract 8.3: amounts exact, days included, tokens chosen in order."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.provider.domain.fees import (
    ZERO_ADDRESS,
    FeePolicy,
    FeeTooLarge,
    base_units,
    compute_price,
    seconds_bought,
)

pytestmark = pytest.mark.clause("ocean 8.3")

TOKEN = "0xe78A0F7E598Cc8b0Bb87894B0F60dD2a88d6a8Ab"
OCEAN = "0x967da4048cD07aB37855c090aAF366e4ce1b9F48"


@pytest.mark.parametrize(
    ("whole", "decimals", "units"),
    [
        ("0", 18, 0),
        ("1", 18, 10**18),
        ("2.299", 6, 2_299_000),
        ("0.0000001", 6, 1),
        ("1.5", 0, 2),
        ("100000000000000000000000000000.000000000000000001", 18, 10**47 + 1),
    ],
)
def test_base_units_are_exact_and_rounded_up(whole: str, decimals: int, units: int) -> None:
    assert base_units(Decimal(whole), decimals) == units


@pytest.mark.parametrize(
    ("whole", "decimals"),
    [("1e78", 0), ("1e60", 18), ("-1", 18), ("nan", 18), ("inf", 18), ("1", 255), ("1e999999", 0)],
)
def test_amounts_that_no_contract_can_hold_are_refused(whole: str, decimals: int) -> None:
    with pytest.raises(FeeTooLarge):
        base_units(Decimal(whole), decimals)


@pytest.mark.parametrize("seconds", [86_400, 86_401, 7 * 86_400])
def test_whole_days_are_billed(seconds: int) -> None:
    """Companion 4.1/4: upstream dropped them, 7 days cost nothing."""
    assert base_units(compute_price(Decimal("2.3"), seconds), 18) == -(-23 * 10**17 * seconds // 60)


def test_a_time_in_the_past_costs_nothing() -> None:
    assert compute_price(Decimal(2), -5) == 0


@given(price=st.decimals("0", "1000", places=9), seconds=st.integers(0, 10**9), decimals=st.integers(0, 24))
def test_the_price_is_the_smallest_whole_number_of_units_that_covers_it(
    price: Decimal, seconds: int, decimals: int
) -> None:
    scaled = int(price.scaleb(9)) * seconds * 10**decimals
    assert base_units(compute_price(price, seconds), decimals) == -(-scaled // (60 * 10**9))


def test_the_token_is_the_setting_then_ocean_then_none() -> None:
    policy = FeePolicy(tokens={8996: TOKEN})
    assert policy.token(8996, OCEAN) == TOKEN
    assert policy.token(1, OCEAN) == OCEAN
    assert policy.token(1, None) == ZERO_ADDRESS
    assert FeePolicy(tokens={None: TOKEN}).token(1, OCEAN) == TOKEN


def test_amounts_go_by_service_type() -> None:
    policy = FeePolicy(amounts={"access": Decimal("1.5"), None: Decimal(2)})
    assert policy.amount("access") == Decimal("1.5")
    assert policy.amount("compute") == Decimal(2)
    assert FeePolicy().amount("access") == 0


@pytest.mark.parametrize(
    ("units", "price", "decimals", "seconds"),
    [
        (10**18, "1", 18, 60),
        (10**18 - 1, "1", 18, 59),
        (0, "1", 18, 0),
        (-5, "1", 18, 0),
        (1, "0.0000007", 6, 85),
        (1, "60", 0, 1),
        (2**256 - 1, "1e-30", 0, (2**256 - 1) * 60 * 10**30),
    ],
)
def test_seconds_bought_are_whole_and_exact(units: int, price: str, decimals: int, seconds: int) -> None:
    assert seconds_bought(units, Decimal(price), decimals) == seconds


@given(
    st.decimals(min_value="0.000000001", max_value="1000", places=9),
    st.integers(1, 10**8),
    st.integers(0, 18),
)
def test_what_a_price_costs_buys_its_time(price: Decimal, seconds: int, decimals: int) -> None:
    assert seconds_bought(base_units(compute_price(price, seconds), decimals), price, decimals) >= seconds
