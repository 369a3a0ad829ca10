"""Sign-In with Ethereum (EIP-4361): challenges handed out, signed ones taken as proof, once each."""

import secrets
from dataclasses import dataclass
from typing import Final

from libs.signing.errors import MalformedAddress, SignatureMismatch, SiweRefused
from libs.signing.keys import checksum
from libs.signing.personal import verify_text
from libs.signing.siwe import SiweMessage, parse_siwe
from services.auth.domain import sign_in
from services.auth.domain.people import Person
from services.auth.domain.sign_in import (
    LINK,
    LOGIN,
    Challenge,
    MalformedChallenge,
    MalformedSignIn,
    NonceRefused,
    ProvenWallet,
    SignatureWrong,
    Site,
)
from services.auth.domain.wallets import UnsupportedChain
from services.auth.ports import Clock
from services.auth.ports.tokens import SingleUse
from services.auth.ports.wallets import ContractWallets, ServedChains

NONCE_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What a sign-in needs to ask."""

    nonces: SingleUse
    contracts: ContractWallets
    chains: ServedChains
    clock: Clock


class SignIn:
    """The nonce is used up before this returns, in one atomic statement: of any number of simultaneous uses
    of one signed text one is a proof.
    """

    def __init__(self, site: Site, outside: Outside) -> None:
        self._site = site
        self._nonces = outside.nonces
        self._contracts = outside.contracts
        self._chains = outside.chains
        self._clock = outside.clock

    def challenge(self, address: str, chain_id: int | None = None, domain: str | None = None) -> Challenge:
        """A text for signing in, good for five minutes. `domain`: of the page that asks, ours without.

        Raises MalformedChallenge, UnsupportedChain, LedgerUnavailable, StoreUnavailable.
        """
        message = self._message(address, chain_id, domain or self._site.domain, (sign_in.LOGIN_STATEMENT, ""))
        self._nonces.issue(LOGIN, message.nonce, self._ends())
        return self._challenge(message)

    def wallet(self, text: str, signature: str, *, own_pages_only: bool = True) -> ProvenWallet:
        """Whose wallet it is. Any message that holds for us and carries a nonce of ours will do.

        Raises SignInRefused of every kind, UnsupportedChain, LedgerUnavailable, StoreUnavailable.
        """
        message = self._checked(text, LOGIN, own_pages_only=own_pages_only)
        return self._proven(message, text, signature, (LOGIN, message.nonce))

    def link_challenge(self, person: Person, address: str, chain_id: int | None = None) -> Challenge:
        """A text that links a wallet to this person, and does nothing else. Raises as `challenge`."""
        what = (sign_in.link_statement(person.username), sign_in.LINK_PATH)
        message = self._message(address, chain_id, self._site.domain, what)
        self._nonces.issue(LINK, _bound(person, message.text()), self._ends())
        return self._challenge(message)

    def wallet_to_link(self, person: Person, text: str, signature: str) -> ProvenWallet:
        """Only the very text that was given to this person counts. Raises as `wallet`."""
        message = self._checked(text, LINK, own_pages_only=True)
        return self._proven(message, text, signature, (LINK, _bound(person, text)))

    def _message(self, address: str, chain_id: int | None, domain: str, what: tuple[str, str]) -> SiweMessage:
        if domain not in self._site.pages:
            raise MalformedChallenge("domain")
        statement, path = what
        try:
            return sign_in.new_message(
                self._site,
                address=checksum(address),
                chain_id=self._served(chain_id),
                nonce=secrets.token_hex(NONCE_BYTES),
                now=self._clock.now(),
                statement=statement,
                domain=domain,
                path=path,
            )
        except MalformedAddress as error:
            raise MalformedChallenge("address") from error

    def _challenge(self, message: SiweMessage) -> Challenge:
        return Challenge(
            text=message.text(),
            address=message.address,
            chain_id=message.chain_id,
            nonce=message.nonce,
            expires_at=int(self._ends()),
        )

    def _ends(self) -> float:
        return self._clock.now() + sign_in.CHALLENGE_SECONDS

    def _served(self, chain_id: int | None) -> int:
        served = self._chains.ids()
        if chain_id is not None and chain_id not in served:
            raise UnsupportedChain(chain_id)
        return served[0] if chain_id is None else chain_id

    def _checked(self, text: str, purpose: str, *, own_pages_only: bool) -> SiweMessage:
        try:
            message = parse_siwe(text)
        except SiweRefused as error:
            raise MalformedSignIn(error.field) from error
        sign_in.check_site(message, self._site, own_pages_only=own_pages_only)
        sign_in.check_purpose(message, self._site, purpose)
        sign_in.check_time(message, self._clock.now())
        self._served(message.chain_id)
        return message

    def _proven(
        self, message: SiweMessage, text: str, signature: str, nonce: tuple[str, str]
    ) -> ProvenWallet:
        """A plain account's signature is looked at first. Whatever else it may be, only a chain can tell, and
        a nonce buys one question: nobody makes us ask for nothing.
        """
        is_plain = _is_signed(text, signature, message.address)
        home = self._chains.ids()[0]
        if not is_plain and message.chain_id != home:
            raise SignatureWrong(home)
        if not self._nonces.spend(*nonce, self._clock.now()):
            raise NonceRefused
        if not is_plain and not self._contracts.is_signed(message.address, text, signature, home):
            raise SignatureWrong(home)
        return ProvenWallet(address=message.address, chain_id=message.chain_id, is_contract=not is_plain)


def _is_signed(text: str, signature: str, address: str) -> bool:
    try:
        verify_text(text, signature, address)
    except SignatureMismatch:
        return False
    return True


def _bound(person: Person, text: str) -> str:
    return f"{person.id} {text}"
