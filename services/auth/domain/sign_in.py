"""Signing in with a wallet (EIP-4361): the texts that we hand out, and what a signed one must say."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from libs.signing.date_times import date_time_of
from libs.signing.siwe import SiweMessage
from services.auth.domain.errors import AuthError

CHALLENGE_SECONDS: Final = 300
SKEW_SECONDS: Final = 60  # clocks of browsers are off
LOGIN: Final = "siwe"  # purposes of nonces: one is never good for another
LINK: Final = "siwe-link"
LOGIN_STATEMENT: Final = "Sign in to Tidegate."
ACCOUNT_PATH: Final = "/tidegate/v1/me"
LINK_PATH: Final = ACCOUNT_PATH + "/wallets"


class SignInRefused(AuthError):
    """Root: a signed text that proves nothing here. No error carries the text or the signature."""


class MalformedSignIn(SignInRefused):
    """Not an EIP-4361 message; `field` is the part at fault."""

    def __init__(self, field: str) -> None:
        super().__init__(f"malformed: {field}")
        self.field = field


class ForeignSignIn(SignInRefused):
    """Made for another site or another purpose; `field` (domain, scheme, uri) tells."""

    def __init__(self, field: str) -> None:
        super().__init__(f"another {field}")
        self.field = field


class SignInOutlived(SignInRefused):
    """`Expiration Time` has passed, or `Issued At` is longer ago than a challenge lives."""


class SignInEarly(SignInRefused):
    """`Not Before` or `Issued At` is still ahead."""


class NonceRefused(SignInRefused):
    """We never gave out that nonce (or, for linking, that text), it is over, or it was used before."""


class SignatureWrong(SignInRefused):
    """Not this account's signature. Smart accounts are asked on `chain_id` alone."""

    def __init__(self, chain_id: int) -> None:
        super().__init__("the signature is not this account's")
        self.chain_id = chain_id


class MalformedChallenge(SignInRefused):
    """A challenge was asked for with an address, chain or domain that cannot be; `field` tells which."""

    def __init__(self, field: str) -> None:
        super().__init__(f"cannot be: {field}")
        self.field = field


@dataclass(frozen=True, slots=True)
class Site:
    """Where we are. `issuer` is our origin, perhaps with a path; `pages` are the hosts (with their ports)
    whose users may sign in, and their schemes: our own, and dApps that the operator named.
    """

    issuer: str
    pages: dict[str, str]

    @property
    def domain(self) -> str:
        return _authority(self.issuer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """A text to sign as it stands (`personal_sign`). `expires_at` in UTC seconds."""

    text: str
    address: str
    chain_id: int
    nonce: str
    expires_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenWallet:
    """An account whose owner just signed. A smart account is one on its own chain only."""

    address: str  # EIP-55
    chain_id: int
    is_contract: bool


def site_of(issuer: str, origins: Collection[str] = ()) -> Site:
    """`origins`: further pages, as `https://dapp.example`."""
    pages = {_authority(origin): origin.partition("://")[0] for origin in (*origins, issuer)}
    return Site(issuer, pages)


def link_statement(username: str) -> str:
    return f"Link this wallet to the Tidegate account {username}: what the wallet owns there becomes its own."


def new_message(  # noqa: PLR0913 - keywords only: the fields of a message
    site: Site, *, address: str, chain_id: int, nonce: str, now: float, statement: str, domain: str, path: str
) -> SiweMessage:
    """Raises SiweRefused of the signing library for what cannot stand in a message."""
    return SiweMessage(
        domain=domain,
        address=address,
        statement=statement,
        uri=site.issuer + path,
        chain_id=chain_id,
        nonce=nonce,
        issued_at=date_time_of(now),
        expiration_time=date_time_of(now + CHALLENGE_SECONDS),
    )


def check_site(message: SiweMessage, site: Site, *, own_pages_only: bool) -> None:
    """The message was made for one of our pages and about us. Raises ForeignSignIn.

    `own_pages_only`: dApps that the operator named do not count (they have tokens, not sessions).
    """
    scheme = site.pages.get(message.domain)
    if scheme is None or (own_pages_only and message.domain != site.domain):
        raise ForeignSignIn("domain")
    if message.scheme not in (None, scheme):
        raise ForeignSignIn("scheme")
    if message.uri != site.issuer and not message.uri.startswith(site.issuer + "/"):
        raise ForeignSignIn("uri")


def check_purpose(message: SiweMessage, site: Site, purpose: str) -> None:
    """What is about linking wallets is not good for anything else. Raises ForeignSignIn."""
    links = message.uri.startswith(site.issuer + ACCOUNT_PATH)
    if links != (purpose == LINK):
        raise ForeignSignIn("uri")


def check_time(message: SiweMessage, now: float) -> None:
    """Raises SignInOutlived, SignInEarly."""
    issued_at = message.issued_at_seconds()
    if message.is_expired(now) or issued_at < now - CHALLENGE_SECONDS - SKEW_SECONDS:
        raise SignInOutlived
    if message.is_early(now) or issued_at > now + SKEW_SECONDS:
        raise SignInEarly


def _authority(origin: str) -> str:
    return origin.partition("://")[2].partition("/")[0].lower()  # as browsers spell it
