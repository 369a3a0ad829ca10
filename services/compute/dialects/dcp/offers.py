"""`slicePaymentOffer`: what its owner pays for each slice (contract 3, 6).

There is one price, the market value, and it is what a slice costs: an offer says how much it may be at most,
or how much is paid on top of it. Where the price is 0 nothing is ever paid.
"""

import re
from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal, localcontext
from typing import Final

from libs.web.strict_json import Json, NumberText
from services.compute.domain.ledger import PLACES

MARKET: Final = "MARKET_VALUE"
_AMOUNT: Final = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,2})?")
_MOST: Final = Decimal(10) ** 20
_SMALLEST: Final = Decimal(1).scaleb(-PLACES)


class BadOffer(Exception):
    """The sentence says what it must be."""


def read_offer(given: Json, price: Decimal) -> Decimal:
    """Credits for each slice. Raises BadOffer."""
    if given is None or (type(given) is str and given.strip().upper() == MARKET):
        return price
    if isinstance(given, dict):
        return _of_object(given, price)
    return _at_least(_amount(given), price)


def _of_object(given: Mapping[str, Json], price: Decimal) -> Decimal:
    if set(given) == {"marketValue"}:
        factor = _amount(given["marketValue"])
        with localcontext(prec=60):
            return _at_least((price * factor).quantize(_SMALLEST, ROUND_DOWN), price)
    if set(given) == {"maxPerRequest"}:
        _at_least(_amount(given["maxPerRequest"]), price)
        return price
    raise BadOffer(f"must be an amount, {MARKET}, or an object with marketValue or maxPerRequest")


def _amount(given: Json) -> Decimal:
    text = given.strip() if type(given) is str or isinstance(given, NumberText) else ""
    if _AMOUNT.fullmatch(text) is None:
        raise BadOffer(f"must be an amount of credits, or {MARKET}")
    amount = Decimal(text)
    if amount > _MOST:
        raise BadOffer("is more than there is")
    with localcontext(prec=60):
        return amount.quantize(_SMALLEST, ROUND_DOWN)


def _at_least(amount: Decimal, price: Decimal) -> Decimal:
    if amount < price:
        raise BadOffer(f"is below the market value of {price:f} credits")
    return amount if price else price
