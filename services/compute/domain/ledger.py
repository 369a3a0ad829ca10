"""Payment accounts in compute credits (DCC): exact decimals of 18 places, kept by double entry (DCP contract,
section 6).

The sum of all balances never changes: what comes in from outside is booked from MINT, which is what all
others together were given, and what slices cost goes to FEES. Both are known by their entries alone.
"""

from dataclasses import dataclass
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation
from typing import Final

PLACES: Final = 18
MINT: Final = "mint"
FEES: Final = "fees"
NOTHING: Final = Decimal(0)
_LARGEST: Final = Decimal(10) ** 40
_SMALLEST: Final = Decimal(1).scaleb(-PLACES)
EXACT: Final = Context(prec=100, traps=[Inexact, InvalidOperation])  # to reckon with amounts in


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """`address` is EIP-55. `reserved` is in the escrows of jobs that were started from it."""

    address: str
    owner: str  # a principal's subject
    name: str
    balance: Decimal
    reserved: Decimal = Decimal(0)
    keystore: str | None = None  # JSON text, of one that is locked


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`amount` went from `debit` to `credit`, at once and for ever."""

    at: float
    debit: str
    credit: str
    amount: Decimal
    kind: str  # opening, grant, escrow, payment, refund
    job: str = ""  # uid


def amount(value: Decimal) -> Decimal:
    """`value` with 18 places. Raises ValueError for what is none: negative, finer, beyond 10**40."""
    if not value.is_finite() or not NOTHING <= value <= _LARGEST:
        raise ValueError("an amount from 0 to 10**40")
    try:
        return value.quantize(_SMALLEST, context=EXACT).copy_abs()  # there is a -0
    except DecimalException:
        raise ValueError("an amount of 18 places") from None


def positive(value: Decimal) -> Decimal:
    """As amount; nothing is none either."""
    found = amount(value)
    if found == NOTHING:
        raise ValueError("an amount above 0")
    return found


def amount_text(value: Decimal) -> str:
    """The shortest that says it; "0" is nothing."""
    text = f"{amount(value):f}"
    return text.rstrip("0").rstrip(".")


def cost(offer: Decimal, slices: int) -> Decimal:
    return EXACT.multiply(offer, Decimal(slices))
