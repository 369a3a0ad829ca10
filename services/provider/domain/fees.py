"""What a provider fee amounts to, exactly; knows no key, no chain and no clock.

Source: contract 8.3 and companion 1.4. Amounts never pass through floats, and durations keep their days.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Context, Decimal
from fractions import Fraction

from services.provider.domain.errors import ProviderError

ZERO_ADDRESS = "0x" + "0" * 40
MAX_DECIMALS = 77  # 10**77 < 2**256

_UINT256_MAX = 2**256 - 1
_EXACT = Context(prec=400, traps=[])


class FeeTooLarge(ProviderError):
    """The configured price does not fit a uint256 in the token's base units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeePolicy:
    """What the operator charges: tokens by chain id, whole tokens by service type; None is for all others."""

    tokens: Mapping[int | None, str] = field(default_factory=dict)
    amounts: Mapping[str | None, Decimal] = field(default_factory=dict)

    def token(self, chain_id: int, ocean_token: str | None) -> str:
        """The configured token, else the chain's Ocean token, else the zero address."""
        return self.tokens.get(chain_id) or self.tokens.get(None) or ocean_token or ZERO_ADDRESS

    def amount(self, service_type: str) -> Decimal:
        """Whole tokens for one order of a service of this type."""
        return self.amounts.get(service_type, self.amounts.get(None, Decimal(0)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderFeeQuote:
    """The terms of one order, signed; `amount` in base units of `token`."""

    address: str
    token: str
    amount: int
    provider_data: bytes
    v: int  # 27 or 28
    r: bytes
    s: bytes
    valid_until: int


def base_units(whole_tokens: Decimal, decimals: int) -> int:
    """Base units of the token, rounded up. Raises FeeTooLarge."""
    if not 0 <= decimals <= MAX_DECIMALS or not whole_tokens.is_finite() or whole_tokens < 0:
        raise FeeTooLarge
    if whole_tokens.adjusted() > MAX_DECIMALS:
        raise FeeTooLarge
    units = int(_EXACT.scaleb(whole_tokens, decimals).to_integral_value(rounding=ROUND_CEILING))
    if units > _UINT256_MAX:
        raise FeeTooLarge
    return units


def compute_price(price_per_minute: Decimal, seconds: int) -> Decimal:
    """Whole tokens for `seconds` of an environment, each second billed, whole days included."""
    return _EXACT.divide(_EXACT.multiply(price_per_minute, Decimal(max(0, seconds))), Decimal(60))


def seconds_bought(units: int, price_per_minute: Decimal, decimals: int) -> int:
    """How many whole seconds `units` base units of the token pay for, at a price above zero."""
    per_minute = Fraction(price_per_minute) * 10**decimals
    return int(max(0, units) * 60 // per_minute)
