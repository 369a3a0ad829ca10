"""Decide, once, which addresses a URL may be fetched from; connections are made to exactly those.

A name is resolved a single time. If any of its answers lies outside the open internet, the URL is refused, so
an attacker cannot hide one private answer among public ones, nor change it between check and connect.
"""

import re
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from ipaddress import ip_address
from threading import Lock

from libs.fetch.addresses import IpAddress, is_public
from libs.fetch.errors import FetchTimedOut, NameNotResolved, UrlRefused
from libs.fetch.urls import ParsedUrl, parse_url

Resolver = Callable[[str, int], Sequence[str]]
"""(host, port) -> textual addresses, in order of preference. Raises OSError."""

_LOOKUP_THREADS = 32
_SHARE = r"[A-Za-z0-9_-]{20,64}"


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be fetched and the addresses it was resolved to; nothing resolves it again."""

    url: ParsedUrl
    addresses: tuple[str, ...]

    @property
    def scheme(self) -> str:
        return self.url.scheme

    @property
    def host(self) -> str:
        return self.url.host

    @property
    def port(self) -> int:
        return self.url.port

    @property
    def path_qs(self) -> str:
        return self.url.path_qs

    @property
    def ip(self) -> str:
        return self.addresses[0]


def system_resolver(host: str, port: int) -> list[str]:
    """The machine's own resolver, every address once, in its order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def parse_allow(text: str) -> frozenset[tuple[str, int]]:
    """`host:port,host:port,...` -> pairs. IPv6 hosts in brackets. Raises ValueError naming the bad entry."""
    pairs = set()
    for entry in filter(None, (piece.strip() for piece in text.split(","))):
        host, colon, port = entry.rpartition(":")
        if not colon or not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError(f"{entry!r} is not host:port")
        try:
            parsed = parse_url(f"http://{host}:{port}")
        except UrlRefused as refused:
            raise ValueError(f"{entry!r} is not host:port: {refused.reason}") from None
        pairs.add((parsed.host, parsed.port))
    return frozenset(pairs)


class Guard:
    """Refuses everything but http(s) to the open internet, except what the operator allowed by name.

    `allow_all` lifts the address rule for every host, `allow` for single (host, port) pairs, `shared` for
    the URLs of a neighbour of ours that are a permission by themselves: this prefix, a token, nothing else.
    None lifts the rules of spelling. Raises UrlRefused for a `shared` that is no URL of this kind.
    """

    def __init__(
        self,
        *,
        allow_all: bool = False,
        allow: frozenset[tuple[str, int]] = frozenset(),
        shared: str | None = None,
        resolver: Resolver = system_resolver,
    ) -> None:
        self._allow_all = allow_all
        self._allow = allow
        self._shared = None if shared is None else re.compile(re.escape(parse_url(shared).text) + _SHARE)
        self._resolver = resolver
        self._lookups: ThreadPoolExecutor | None = None
        self._lock = Lock()

    def resolve(self, url: str, *, seconds: float = 10.0) -> Target:
        """Raises UrlRefused, NameNotResolved, FetchTimedOut (the look-up took longer than `seconds`)."""
        parsed = parse_url(url)
        found = [parsed.ip] if parsed.ip is not None else self._look_up(parsed, seconds)
        if not self._is_allowed(parsed) and not all(is_public(address) for address in found):
            raise UrlRefused("the host is not on the public internet")
        return Target(parsed, tuple(str(address) for address in found))

    def _is_allowed(self, parsed: ParsedUrl) -> bool:
        if self._allow_all or (parsed.host, parsed.port) in self._allow:
            return True
        return self._shared is not None and self._shared.fullmatch(parsed.text) is not None

    def _look_up(self, parsed: ParsedUrl, seconds: float) -> list[IpAddress]:
        future = self._executor().submit(self._resolver, parsed.host, parsed.port)
        try:
            answers = future.result(timeout=seconds)
        except FutureTimeout:
            future.cancel()
            raise FetchTimedOut("looking up the host name took too long") from None
        except (OSError, UnicodeError):
            raise NameNotResolved("the host name does not resolve") from None
        try:
            found = [ip_address(answer) for answer in answers]
        except ValueError:
            raise UrlRefused("the host name resolves to something unusable") from None
        if not found:
            raise NameNotResolved("the host name does not resolve")
        return found

    def _executor(self) -> ThreadPoolExecutor:
        # Made at first use, so that a process that forks its workers does not share dead threads with them.
        with self._lock:
            if self._lookups is None:
                self._lookups = ThreadPoolExecutor(_LOOKUP_THREADS, thread_name_prefix="dns")
            return self._lookups
