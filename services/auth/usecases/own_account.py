"""One's own account: what it holds, wallets linked to it and taken away, and an account for a wallet."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from libs.signing.errors import MalformedAddress
from libs.signing.keys import checksum
from libs.web.principal import WALLET, Principal
from services.auth.domain.accounts import (
    HasAccount,
    NoAccount,
    NoSuchWallet,
    NotAPerson,
    RegistrationClosed,
)
from services.auth.domain.audit import AuditEvent
from services.auth.domain.people import (
    NoSuchPerson,
    Person,
    PersonState,
    WalletTaken,
    check_username,
    person_id_of,
)
from services.auth.domain.sign_in import Challenge, SignInRefused
from services.auth.ports import Clock
from services.auth.ports.people import Audit, People
from services.auth.usecases.siwe import SignIn


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person and what is linked to it; `certificates` are subject and issuer of each."""

    person: Person
    certificates: tuple[tuple[str, str | None], ...]
    has_password: bool


class OwnAccount:
    """`hashed` makes of a new password what is stored (Passwords.hashed); `registers`: wallets may make
    accounts for themselves.
    """

    def __init__(
        self,
        people: People,
        sign_in: SignIn,
        hashed: Callable[[str], str],
        clock: Clock,
        audit: Audit,
        *,
        registers: bool,
    ) -> None:
        self._people = people
        self._sign_in = sign_in
        self._hashed = hashed
        self._clock = clock
        self._audit = audit
        self._registers = registers

    def of(self, principal: Principal) -> Account | None:
        """None for wallets of nobody's and for clients."""
        person_id = person_id_of(principal.subject)
        person = None if person_id is None else self._people.by_id(person_id)
        if person is None:
            return None
        return Account(
            person=person,
            certificates=tuple(self._people.certificates(person.id)),
            has_password=self._people.password_hash(person.id) is not None,
        )

    def person(self, principal: Principal) -> Person:
        """The caller as a person. Raises NoAccount, NotAPerson, NoSuchPerson."""
        person_id = person_id_of(principal.subject)
        if person_id is None:
            raise NoAccount if principal.subject.startswith(WALLET) else NotAPerson
        person = self._people.by_id(person_id)
        if person is None or person.state is not PersonState.ACTIVE:
            raise NoSuchPerson
        return person

    def challenge(self, person: Person, address: str, chain_id: int | None = None) -> Challenge:
        """The text to sign with the wallet that is to be linked. Raises as SignIn.challenge."""
        return self._sign_in.link_challenge(person, address, chain_id)

    def link(self, person: Person, text: str, signature: str) -> str:
        """The wallet's address; linking it again is fine.

        Raises as SignIn.wallet_to_link, WalletTaken, NoSuchPerson.
        """
        try:
            proven = self._sign_in.wallet_to_link(person, text, signature)
            self._people.link_wallet(person.id, proven.address)
        except (SignInRefused, WalletTaken) as error:
            self._record("wallet.link", person, {"why": type(error).__name__}, "refused")
            raise
        self._record("wallet.link", person, {"wallet": proven.address})
        return proven.address

    def unlink(self, person: Person, address: str) -> None:
        """The wallet stands for itself again. Raises NoSuchWallet, LastWayIn, NoSuchPerson."""
        try:
            wallet = checksum(address)
        except MalformedAddress as error:
            raise NoSuchWallet from error
        if wallet not in person.wallets:
            raise NoSuchWallet
        if not self._people.unlink_wallet(person.id, wallet, keeps_way_in=True):
            raise NoSuchWallet
        self._record("wallet.unlink", person, {"wallet": wallet})

    def register(self, principal: Principal, username: str, password: str | None) -> Person:
        """An account for a wallet of nobody's, linked to it from the start.

        Raises RegistrationClosed, NotAPerson, HasAccount, BadName, BadPassword, PasswordsBusy, NameTaken,
        WalletTaken.
        """
        if person_id_of(principal.subject) is not None:
            raise HasAccount
        if not principal.subject.startswith(WALLET):
            raise NotAPerson
        if not self._registers:
            raise RegistrationClosed
        address = principal.subject.removeprefix(WALLET)
        person = Person(
            id=secrets.token_hex(16),
            username=check_username(username),
            display_name=username,
            email=None,
            state=PersonState.ACTIVE,
            is_admin=False,
            version=1,
            created_at=self._clock.now(),
            wallets=(address,),
        )
        self._people.add(person, None if password is None else self._hashed(password))
        self._record("person.register", person, {"wallet": address})
        return person

    def _record(self, event: str, person: Person, details: dict[str, str], outcome: str = "ok") -> None:
        self._audit.record(
            AuditEvent(
                event=event,
                outcome=outcome,
                actor=person.subject,
                subject=person.subject,
                details=details,
            )
        )
