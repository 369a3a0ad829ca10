"""Where the pages stand."""

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Address:
    """Our own origins: a form counts only when it comes from a page of ours."""

    issuer: str
    origins: frozenset[str]

    @classmethod
    def of(cls, issuer: str, public_urls: tuple[str, ...] = ()) -> "Address":
        return cls(issuer, frozenset(origin_of(url) for url in (issuer, *public_urls)))

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
