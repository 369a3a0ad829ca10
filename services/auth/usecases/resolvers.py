"""Tokens to principals: access tokens, wallets' AuthTokens, and the people behind both."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from libs.signing import tokens
from libs.signing.errors import SigningError
from libs.web.principal import CLIENT, WALLET, Principal
from services.auth.domain import scopes
from services.auth.domain.access_tokens import (
    TYPE,
    AccessToken,
    AccessTokenOutlived,
    AccessTokenRevoked,
    NotAnAccessToken,
)
from services.auth.domain.credentials import CredentialRefused
from services.auth.domain.errors import LedgerUnavailable, StoreUnavailable
from services.auth.domain.people import Person, PersonState, person_id_of
from services.auth.domain.tokens import CLIENT as WALLET_CLIENT
from services.auth.domain.tokens import TokenInvalid, TokenOutlived, TokenRevoked
from services.auth.ports.people import People
from services.auth.ports.wallets import ServedChains
from services.auth.usecases.principals import Found
from services.auth.usecases.wallet_tokens import WalletTokens

WALLET_SCOPES: Final = frozenset({scopes.JOB_READ, scopes.JOB_WRITE})
EXPIRED: Final = "The access token expired."


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a verified credential says of its owner, before anybody asked who that is.

    `version`: of a person, when the credential ends with the next change of the password.
    """

    subject: str
    credential: str  # Principal.credential
    scopes: frozenset[str]
    client_id: str | None = None
    expires_at: int | None = None
    version: int | None = None
    group: str | None = None
    vo: str | None = None
    setup: str | None = None
    properties: tuple[str, ...] = ()


class Subjects:
    """Who a subject is now: a linked wallet is its person, a disabled person is nobody."""

    def __init__(self, people: People) -> None:
        self._people = people

    def found(self, claim: Claim, bound_to: str | None = None) -> Found:
        """Raises CredentialRefused, StoreUnavailable."""
        person = self._person(claim.subject)
        principal = _of_no_person(claim) if person is None else self._of_person(person, claim)
        return Found(principal=principal, subjects=(claim.subject,), bound_to=bound_to)

    def _person(self, subject: str) -> Person | None:
        if subject.startswith(WALLET):
            return self._people.by_wallet(subject.removeprefix(WALLET))
        person_id = person_id_of(subject)
        if person_id is None:
            return None
        person = self._people.by_id(person_id)
        if person is None:
            raise CredentialRefused
        return person

    def _of_person(self, person: Person, claim: Claim) -> Principal:
        if person.state is not PersonState.ACTIVE:
            raise CredentialRefused
        if claim.version not in (None, person.version):
            raise CredentialRefused
        allowed = claim.scopes if person.is_admin else claim.scopes - {scopes.ADMIN}
        return Principal(
            subject=person.subject,
            name=person.username,
            display_name=person.display_name,
            wallets=person.wallets,
            groups=person.groups,
            scopes=allowed,
            is_admin=person.is_admin,
            credential=claim.credential,
            client_id=claim.client_id,
            group=claim.group,
            vo=self._vo(person, claim),
            setup=claim.setup,
            properties=self._properties(person, claim),
            virtual_clusters=person.usable_clusters,
            expires_at=claim.expires_at,
        )

    def _vo(self, person: Person, claim: Claim) -> str | None:
        """That of the credential's group; for one without a group, the only one that the person belongs to:
        whose files they see is then no question.
        """
        if claim.group is not None:
            return claim.vo
        found = {group.vo for name in person.groups if (group := self._people.group(name)) is not None}
        return found.pop() if len(found) == 1 else None

    def _properties(self, person: Person, claim: Claim) -> tuple[str, ...]:
        """Of the group that the credential is for, as far as the group still has them.

        Raises CredentialRefused for a group that the person is not in any more.
        """
        if claim.group is None:
            return ()
        group = self._people.group(claim.group) if claim.group in person.groups else None
        if group is None:
            raise CredentialRefused("The group of this token is not yours any more.")
        return tuple(name for name in claim.properties if name in group.properties)


def _of_no_person(claim: Claim) -> Principal:
    name = claim.subject.removeprefix(WALLET).removeprefix(CLIENT)
    if claim.group is not None:
        raise CredentialRefused("The group of this token is not yours any more.")
    return Principal(
        subject=claim.subject,
        name=name,
        display_name=name,
        wallets=(name,) if claim.subject.startswith(WALLET) else (),
        scopes=claim.scopes - {scopes.ADMIN},
        credential=claim.credential,
        client_id=claim.client_id,
        expires_at=claim.expires_at,
    )


class AccessTokenResolver:
    """`read` checks everything about the token itself: signed ones (AccessTokens.read) and references."""

    def __init__(
        self,
        read: Callable[[str], AccessToken],
        accepts: Callable[[str], bool],
        subjects: Subjects,
        credential: str = "token",
    ) -> None:
        self._read = read
        self.accepts = accepts
        self._subjects = subjects
        self._credential = credential

    def resolve(self, value: str, peer: str) -> Found:
        try:
            token = self._read(value)
        except AccessTokenOutlived as error:
            raise CredentialRefused(EXPIRED) from error
        except (NotAnAccessToken, AccessTokenRevoked) as error:
            raise CredentialRefused from error
        return self._subjects.found(_claim(token, self._credential), _bound_to(token))


def is_access_token(value: str) -> bool:
    """By the header's `typ`, which is verified later."""
    return _type(value) == TYPE.lower()


def is_wallet_token(value: str) -> bool:
    return _type(value) == "jwt"


class WalletTokenResolver:
    """AuthTokens of Ocean's wallets, for what a wallet may do with a signature."""

    def __init__(self, wallet_tokens: WalletTokens, subjects: Subjects, chains: ServedChains) -> None:
        self._wallet_tokens = wallet_tokens
        self._subjects = subjects
        self._chains = chains

    def accepts(self, value: str) -> bool:
        return is_wallet_token(value)

    def resolve(self, value: str, peer: str) -> Found:
        try:
            token = self._wallet_tokens.introspect(value)
        except TokenOutlived as error:
            raise CredentialRefused(EXPIRED) from error
        except (TokenInvalid, TokenRevoked) as error:
            raise CredentialRefused from error
        self._check_chain(token.chain_id)
        claim = Claim(
            subject=token.subject,
            credential="auth_token",
            scopes=WALLET_SCOPES,
            client_id=WALLET_CLIENT,
            expires_at=token.expires_at,
        )
        return self._subjects.found(claim)

    def _check_chain(self, chain_id: int | None) -> None:
        """A principal's name holds no chain, and on another one the address may be somebody else's contract
        (docs/decisions/0022). Plain accounts' tokens name none.
        """
        if chain_id is None:
            return
        try:
            home = self._chains.ids()[0]
        except LedgerUnavailable as error:
            raise StoreUnavailable from error
        if chain_id != home:
            raise CredentialRefused(f"Tokens of smart accounts count on chain {home} here.")


def _claim(token: AccessToken, credential: str) -> Claim:
    extras = token.extras
    return Claim(
        subject=token.subject,
        credential=credential,
        scopes=frozenset(token.scopes),
        client_id=token.client_id,
        expires_at=token.expires_at,
        version=_version(extras),
        group=_text(extras, "dirac_group"),
        vo=_text(extras, "vo"),
        setup=_text(extras, "setup"),
        properties=tuple(extras.get("dirac_properties") or ()),
    )


def _bound_to(token: AccessToken) -> str | None:
    """RFC 8705 3.1; a confirmation that we do not know binds the token to what nobody has."""
    if token.confirmation is None:
        return None
    return str(token.confirmation.get("x5t#S256", ""))


def _text(extras: Mapping[str, Any], name: str) -> str | None:
    value = extras.get(name)
    return value if isinstance(value, str) and value else None


def _version(extras: Mapping[str, Any]) -> int | None:
    value = extras.get("ver")
    return value if type(value) is int else None


def _type(value: str) -> str | None:
    """The `typ` that a token claims, in lower case; None of what is no token."""
    try:
        return tokens.claimed_type(value).lower()
    except SigningError:
        return None
