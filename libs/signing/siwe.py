"""Sign-In with Ethereum messages (EIP-4361): parsed strictly by its ABNF, built canonically.

Parsing is the inverse of building, character for character: of each message there is one spelling. Who may
sign in with one, and when, is the caller's affair; the clock is an argument.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from libs.signing import uris
from libs.signing.date_times import seconds_of
from libs.signing.errors import MalformedAddress, SiweRefused
from libs.signing.keys import checksum

VERSION: Final = "1"
MAX_CHARS: Final = 8192
MAX_RESOURCES: Final = 64
_ASKS: Final = " wants you to sign in with your Ethereum account:"
_NONCE = re.compile(r"[A-Za-z0-9]{8,128}")
_CHAIN_ID = re.compile(r"0|[1-9][0-9]{0,17}")
_SHAPE = re.compile(
    rf"(?:(?P<scheme>[^:/\n]*)://)?(?P<domain>[^\n]*?){re.escape(_ASKS)}\n"
    r"(?P<address>[^\n]*)\n"
    r"\n"
    r"(?:(?P<statement>[^\n]*)\n)??"
    r"\n"
    r"URI: (?P<uri>[^\n]*)\n"
    r"Version: (?P<version>[^\n]*)\n"
    r"Chain ID: (?P<chain_id>[^\n]*)\n"
    r"Nonce: (?P<nonce>[^\n]*)\n"
    r"Issued At: (?P<issued_at>[^\n]*)"
    r"(?:\nExpiration Time: (?P<expiration_time>[^\n]*))?"
    r"(?:\nNot Before: (?P<not_before>[^\n]*))?"
    r"(?:\nRequest ID: (?P<request_id>[^\n]*))?"
    r"(?:\nResources:(?P<resources>(?:\n- [^\n]*)*))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiweMessage:
    """Every field was checked when an instance exists; making one raises SiweRefused.

    Times are the texts as written (RFC 3339). An absent field is None; an empty statement, request id or
    list of resources is there and empty, as the grammar allows.
    """

    domain: str  # RFC 3986 authority of the page that asks
    address: str  # EIP-55
    uri: str
    chain_id: int
    nonce: str
    issued_at: str
    scheme: str | None = None
    statement: str | None = None
    version: str = VERSION
    expiration_time: str | None = None
    not_before: str | None = None
    request_id: str | None = None
    resources: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        _need(self.scheme is None or uris.is_scheme(self.scheme), "scheme")
        _need(uris.is_authority(self.domain), "domain")
        _need(_is_checksummed(self.address), "address")
        _need(self.statement is None or uris.is_plain_sentence(self.statement), "statement")
        _need(uris.is_uri(self.uri), "uri")
        _need(self.version == VERSION, "version")
        _need(_CHAIN_ID.fullmatch(str(self.chain_id)) is not None, "chain_id")
        _need(_NONCE.fullmatch(self.nonce) is not None, "nonce")
        for field in ("issued_at", "expiration_time", "not_before"):
            value = getattr(self, field)
            _need(value is None or _is_date_time(value), field)
        _need(self.request_id is None or uris.is_pchars(self.request_id), "request_id")
        resources = self.resources or ()
        _need(len(resources) <= MAX_RESOURCES and all(map(uris.is_uri, resources)), "resources")
        _need(len(self.text()) <= MAX_CHARS, "length")

    def text(self) -> str:
        """What the wallet signs, as a personal message (EIP-191)."""
        origin = self.domain if self.scheme is None else f"{self.scheme}://{self.domain}"
        lines = [origin + _ASKS, self.address, ""]
        if self.statement is not None:
            lines.append(self.statement)
        lines += [
            "",
            f"URI: {self.uri}",
            f"Version: {self.version}",
            f"Chain ID: {self.chain_id}",
            f"Nonce: {self.nonce}",
            f"Issued At: {self.issued_at}",
        ]
        optional = (
            ("Expiration Time", self.expiration_time),
            ("Not Before", self.not_before),
            ("Request ID", self.request_id),
        )
        lines += [f"{name}: {value}" for name, value in optional if value is not None]
        if self.resources is not None:
            lines += ["Resources:", *(f"- {resource}" for resource in self.resources)]
        return "\n".join(lines)

    def issued_at_seconds(self) -> float:
        return seconds_of(self.issued_at)

    def is_expired(self, now: float) -> bool:
        return self.expiration_time is not None and seconds_of(self.expiration_time) <= now

    def is_early(self, now: float) -> bool:
        """Whether `not_before` is still ahead."""
        return self.not_before is not None and now < seconds_of(self.not_before)


def parse_siwe(text: str) -> SiweMessage:
    """Raises SiweRefused, which names the field at fault (`shape` when lines are missing, too many or in
    another order).
    """
    _need(len(text) <= MAX_CHARS, "length")
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise SiweRefused("shape")
    fields: dict[str, Any] = match.groupdict()
    _need(_CHAIN_ID.fullmatch(fields["chain_id"]) is not None, "chain_id")
    resources = fields.pop("resources")
    listed = None if resources is None else tuple(line[2:] for line in resources.split("\n")[1:])
    message = SiweMessage(**{**fields, "chain_id": int(fields["chain_id"]), "resources": listed})
    _need(message.text() == text, "shape")
    return message


def _need(holds: bool, field: str) -> None:
    if not holds:
        raise SiweRefused(field)


def _is_checksummed(address: str) -> bool:
    try:
        return checksum(address) == address
    except MalformedAddress:
        return False


def _is_date_time(text: str) -> bool:
    try:
        seconds_of(text)
    except ValueError:
        return False
    return True
