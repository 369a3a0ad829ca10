"""Which IP addresses are the open internet: a table, because the standard library's answer keeps moving.

Source: IANA special-purpose address registries (RFC 6890 and successors).
"""

from ipaddress import IPv4Address, IPv6Address, ip_network

IpAddress = IPv4Address | IPv6Address

_CLOSED_V4 = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared address space (RFC 6598); also where some clouds keep metadata
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's wire server: public in form, the host's own agent in fact
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
# Only global unicast is open at all, so ::1, ::ffff:0:0/96 (mapped), 64:ff9b::/96 (NAT64), fc00::/7,
# fe80::/10 and ff00::/8 are closed without being named.
_OPEN_V6 = ip_network("2000::/3")
_CLOSED_V6 = tuple(
    ip_network(text)
    for text in (
        "2001::/23",  # Teredo, ORCHID, benchmarking and the rest of the protocol assignments
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)


def is_public(address: IpAddress) -> bool:
    """Whether `address` is one of the open internet's, and not another address in disguise."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _CLOSED_V4)
    if address.scope_id is not None or address not in _OPEN_V6:
        return False
    return not any(address in network for network in _CLOSED_V6)
