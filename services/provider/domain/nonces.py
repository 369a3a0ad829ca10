"""Nonces: which texts are accepted, how they are ordered, and what is shown to clients.

Source: contract section 4. A nonce is decimal text; order is numeric and exact, never by float.
"""

import re
from decimal import Decimal
from math import inf as infinity
from math import nextafter

from services.provider.domain.errors import ProviderError

USER_SCOPE = "user"  # download, compute, tokens: shared with the nonce endpoint
DECRYPT_SCOPE = "decrypt"  # indexers sign with time.time_ns(); their values must not lock wallets out

INTEGER_DIGITS = 30
FRACTION_DIGITS = 12
FIRST_NONCE = "1"  # what an unknown address is told
LARGEST_EXACT_DOUBLE = 2**53 - 1

_ACCEPTED = re.compile(r"\A[0-9]{1,30}(?:\.[0-9]{1,12})?\Z")


class MalformedNonce(ProviderError):
    """Not `digits` or `digits.digits` within the accepted lengths."""


class NonceTooLow(ProviderError):
    """The address has already used this nonce or a higher one."""

    def __init__(self, stored: str, sent: str) -> None:
        super().__init__("nonce is not above the stored one")
        self.stored = stored
        self.sent = sent


class LedgerUnavailable(ProviderError):
    """The ledger cannot be asked right now, so no signed request can be let through."""


def check_nonce(text: str) -> str:
    """Return `text` unchanged; raises MalformedNonce."""
    if not _ACCEPTED.match(text):
        raise MalformedNonce
    return text


def sort_key(text: str) -> str:
    """42 digits (30 integer, 12 fraction) whose text order is the numeric order of nonces."""
    whole, _, fraction = check_nonce(text).partition(".")
    return whole.zfill(INTEGER_DIGITS) + fraction.ljust(FRACTION_DIGITS, "0")


def client_view(stored: str | None) -> str:
    """JSON number text from which every client's own `+ 1` is accepted next.

    Clients add one in IEEE doubles. Above 2^53-1 the sum rounds, so the second double above the
    stored value is shown: it and its rounded successor both lie above (contract section 4, rule 4).
    """
    if stored is None:
        return FIRST_NONCE
    value = Decimal(stored)
    if value > LARGEST_EXACT_DOUBLE:
        return str(_second_double_above(value))
    shown = format(value.normalize(), "f")
    return shown if _next_is_accepted(shown, value) else str(int(value) + 1)


def _second_double_above(value: Decimal) -> int:
    double = float(value)
    while Decimal(double) <= value:
        double = nextafter(double, infinity)
    return int(nextafter(double, infinity))


def _next_is_accepted(shown: str, stored: Decimal) -> bool:
    """Whether `Number(shown) + 1`, as JavaScript prints it, is well-formed and above `stored`."""
    following = repr(float(shown) + 1).removesuffix(".0")
    return bool(_ACCEPTED.match(following)) and Decimal(following) > stored
