"""Read a URL strictly, once: what is checked here is exactly what is connected to and sent.

Refuses every spelling that two parsers could read differently: userinfo, backslashes, control characters,
percent-encoded or numeric host names (`0x7f.0.0.1`, `2130706433`, `127.1`), zone ids.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import SplitResult, quote, urlsplit

import idna

from libs.fetch.addresses import IpAddress
from libs.fetch.errors import UrlRefused

MAX_URL_CHARS = 8192
DEFAULT_PORTS = {"http": 80, "https": 443}
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\]")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")
_KEPT_IN_PATH = "!#$%&'()*+,/:;=?@[]~"


@dataclass(frozen=True, slots=True)
class ParsedUrl:
    """An http(s) URL in canonical pieces; `ip` is set when the host is an address and not a name."""

    scheme: str
    host: str  # lower case, IDNA, no trailing dot, no brackets
    port: int
    path_qs: str  # begins with "/", ready for the request line
    ip: IpAddress | None

    @property
    def authority(self) -> str:
        """Text of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> tuple[str, str, int]:
        return (self.scheme, self.host, self.port)

    @property
    def text(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path_qs}"


@lru_cache(maxsize=256)  # the same files are asked for again and again; of 8 KiB at most each
def parse_url(url: str) -> ParsedUrl:
    """Raises UrlRefused; the reason never repeats the URL."""
    if len(url) > MAX_URL_CHARS:
        raise UrlRefused("the URL is too long")
    url = url.strip(" ")
    if _FORBIDDEN.search(url) or _has_lone_surrogates(url):
        raise UrlRefused("the URL holds characters that no URL may hold")
    parts = _split(url)
    if parts.scheme not in DEFAULT_PORTS:
        raise UrlRefused("only http and https are fetched")
    if "@" in parts.netloc:
        raise UrlRefused("user names and passwords in URLs are not accepted")
    host, ip = _host(parts)
    return ParsedUrl(parts.scheme, host, _port(parts), _path_qs(parts), ip)


def _has_lone_surrogates(url: str) -> bool:
    return not url.isascii() and any("\ud800" <= char <= "\udfff" for char in url)


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url, allow_fragments=True)
    except ValueError:
        raise UrlRefused("the URL cannot be read") from None


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError:
        raise UrlRefused("the port is not a port") from None
    if port == 0:
        raise UrlRefused("the port is not a port")
    return DEFAULT_PORTS[parts.scheme] if port is None else port


def _path_qs(parts: SplitResult) -> str:
    path = quote(parts.path or "/", safe=_KEPT_IN_PATH)
    return f"{path}?{quote(parts.query, safe=_KEPT_IN_PATH)}" if parts.query else path


def _host(parts: SplitResult) -> tuple[str, IpAddress | None]:
    host = (parts.hostname or "").lower()
    if not host:
        raise UrlRefused("the URL names no host")
    if "%" in host:
        raise UrlRefused("the host name is written in an unusual way")
    if "[" in parts.netloc or ":" in host:
        return _v6(host)
    name = _canonical_name(host)
    if _NUMERIC_LABEL.fullmatch(name.rsplit(".", 1)[-1]):
        return _v4(name)
    return name, None


def _canonical_name(host: str) -> str:
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except idna.IDNAError:
            raise UrlRefused("the host name is not a host name") from None
    name = host.removesuffix(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise UrlRefused("the host name is not a host name")
    return name


def _v4(text: str) -> tuple[str, IpAddress]:
    try:
        address = IPv4Address(text)  # dotted quad only: no octal, hexadecimal or shortened spelling
    except AddressValueError:
        raise UrlRefused("the host name is written in an unusual way") from None
    return str(address), address


def _v6(text: str) -> tuple[str, IpAddress]:
    try:
        address = IPv6Address(text)
    except AddressValueError:
        raise UrlRefused("the host name is written in an unusual way") from None
    return str(address), address
