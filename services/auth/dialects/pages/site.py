"""Where the pages stand."""

from dataclasses import dataclass
from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True)
class Address:
    """Our own origins: a form counts only when it comes from a page of ours."""

    issuer: str
    origins: frozenset[str]

    @classmethod
    def of(cls, issuer: str, public_urls: tuple[str, ...] = ()) -> "Address":
        own = {origin_of(url) for url in (issuer, *public_urls)}
        return cls(issuer, frozenset(name for origin in own for name in _names(origin)))

    @property
    def origin(self) -> str:
        return origin_of(self.issuer)

    @property
    def is_secure(self) -> bool:
        return self.issuer.startswith("https://")


def origin_of(url: str) -> str:
    """`scheme://host[:port]` in lower case, as browsers write it: without the scheme's own port."""
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}".lower()
    return origin.removesuffix({"http": ":80", "https": ":443"}.get(parts.scheme, ":"))


def _names(origin: str) -> frozenset[str]:
    """A gateway on this machine is reached by any of the machine's names for itself on the same port."""
    scheme, _, host = origin.partition("://")
    name, colon, port = host.rpartition(":") if host.rpartition(":")[2].isdecimal() else (host, "", "")
    if name not in LOOPBACK:
        return frozenset({origin})
    return frozenset(f"{scheme}://{other}{colon}{port}" for other in LOOPBACK)
