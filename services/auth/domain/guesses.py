"""How many wrong guesses are free, and how long the next ones wait."""

from ipaddress import ip_address, ip_network
from typing import Final

FREE: Final = 5
FREE_OF_PEER: Final = 50  # many people may share an address
MOST_LOCK_SECONDS: Final = 15 * 60
REST_SECONDS: Final = 3600.0  # after so long without a guess the count begins anew
KNOWN_SECONDS: Final = 30 * 24 * 3600.0
_USER, _PEER, _KNOWN = "user:", "peer:", "known:"
_REGISTER = "register:"


def lock_seconds(key: str, failures: int) -> int:
    """1 after the free ones, then twice as much with each, up to a quarter of an hour."""
    over = failures - (FREE_OF_PEER if key.startswith((_PEER, _REGISTER)) else FREE)
    return 0 if over < 0 else min(1 << min(over, 20), MOST_LOCK_SECONDS)


def user_key(username: str) -> str:
    return _USER + username


def known_key(username: str, peer: str) -> str:
    """For an address that this user came from before: strangers' guesses do not lock it."""
    return f"{_KNOWN}{username}@{network_of(peer)}"


def peer_key(peer: str) -> str:
    return _PEER + network_of(peer)


def register_key(peer: str) -> str:
    """Applications that register themselves are counted as guesses are."""
    return _REGISTER + network_of(peer)


def network_of(peer: str) -> str:
    """An IPv4 address, or the /64 of an IPv6 address: whoever has one address there has them all."""
    try:
        address = ip_address(peer)
    except ValueError:
        return "unknown"
    return str(address) if address.version == 4 else str(ip_network((address, 64), strict=False))
