"""Absolute links to what jobs left, good for a while without any credential (contract G13)."""

from typing import Final
from urllib.parse import quote, urlencode

from flask import request

from libs.web.params import BadParams, Params
from services.compute.ports import Clock
from services.compute.ports.links import Links

LIFE_SECONDS: Final = 7 * 86_400
_LONGEST: Final = 200  # characters of a signature


class LinkRefused(Exception):
    """Not signed, changed, or too late: all look the same."""


class SignedLinks:
    """`base` is the room's, `public_url` where clients reach us (empty: as they reached us this time)."""

    def __init__(self, links: Links, clock: Clock, public_url: str, base: str) -> None:
        self._links = links
        self._clock = clock
        self._public_url = public_url.rstrip("/")
        self._base = base

    def api(self) -> str:
        """The room's own URL."""
        return f"{self._public_url or _asked_at()}{self._base}"

    def to(self, what: str) -> str:
        """`what` is the path below the base."""
        until = int(self._clock.now()) + LIFE_SECONDS
        proof = urlencode({"expires": until, "signature": self._links.sign(what, until)})
        return f"{self.api()}/{quote(what)}?{proof}"

    def check(self, what: str) -> None:
        """Of this request. Raises LinkRefused."""
        try:
            query = Params.of_query(request)
            until, signature = query.text("expires") or "", query.text("signature") or ""
        except BadParams:
            raise LinkRefused from None
        if not (until.isascii() and until.isdigit() and len(until) <= 12) or len(signature) > _LONGEST:
            raise LinkRefused
        if not self._links.holds(what, int(until), signature) or int(until) < self._clock.now():
            raise LinkRefused


def _asked_at() -> str:
    """Host and scheme as the gateway tells of them."""
    scheme = "https" if request.headers.get("X-Forwarded-Proto") == "https" else request.scheme
    return f"{scheme}://{request.host}"
