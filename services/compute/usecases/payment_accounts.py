"""Payment accounts of a caller: what there is, and which one pays (DCP contract 3.2).

A new identity gets its first account by itself. A bank keystore brings another: whoever opens it has it.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import Final

from libs.signing.errors import KeystoreRefused, MalformedAddress
from libs.signing.keys import checksum
from libs.signing.keystores import Keystore, read_keystore
from libs.web.principal import WALLET, Principal
from services.compute.domain.errors import AccountTaken, ComputeError
from services.compute.domain.ledger import Account
from services.compute.ports import Clock
from services.compute.ports.ledger import Ledger
from services.compute.usecases.viewers import viewer_of

DEFAULT: Final = "default"
BANK: Final = "bank"  # a keystore that has no label
MAX_KEYSTORE: Final = 11 * 1024
MOST_AT_ONCE: Final = 2  # keystores that are opened: each may take a quarter of a gigabyte
WAIT_SECONDS: Final = 10.0
MOST_WAITING: Final = 4


class NoSuchAccount(ComputeError):
    """None of the caller's; `identity` is the caller's own address."""

    def __init__(self, identity: str) -> None:
        super().__init__(f"Cannot find a matching payment account with identity {identity}")


class SeveralAccounts(ComputeError):
    """More than one has this name."""


class AccountLocked(ComputeError):
    """The password does not open its keystore."""


class BankKeystoreRefused(ComputeError):
    """It opens no account; the sentence quotes nothing of it."""


class InvalidAddress(ComputeError):
    """Not 40 hex digits, or with a wrong checksum."""


class TooManyKeystores(ComputeError):
    """As many as we can afford are being opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What names an account; the first that is given counts. `keystore` is JSON text."""

    keystore: str | None = field(default=None, repr=False)
    address: str | None = None
    label: str | None = None
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Chosen:
    account: Account
    warning: str = ""


class PaymentAccounts:
    """`opening` credits are on each identity's first account. `takes_any`: for development, an address that
    is nobody's becomes an account of the caller's with as many, and somebody else's stands for the default.
    """

    def __init__(self, ledger: Ledger, clock: Clock, opening: Decimal, takes_any: bool = False) -> None:
        self._ledger = ledger
        self._clock = clock
        self._opening = opening
        self._takes_any = takes_any
        self._free = threading.Semaphore(MOST_AT_ONCE)
        self._room = threading.Semaphore(MOST_AT_ONCE + MOST_WAITING)

    def of(self, principal: Principal) -> Sequence[Account]:
        """Oldest first; none when what there was is revoked. Raises StoreUnavailable."""
        owners = sorted(viewer_of(principal).owners or ())
        found = self._ledger.accounts(owners)
        if not found:
            self._open_first(principal)
            found = self._ledger.accounts(owners)
        return found

    def choose(self, principal: Principal, named: Named) -> Chosen:
        """Raises what the classes above say, StoreUnavailable."""
        if named.keystore is not None:
            return Chosen(self._of_keystore(principal, named.keystore, named.password))
        if named.address is not None:
            chosen = self._of_address(principal, address_of(named.address))
        else:
            matching = [each for each in self.of(principal) if each.name == named.label]
            if len(matching) > 1:
                raise SeveralAccounts
            if not matching:
                raise NoSuchAccount(identity_of(principal))
            chosen = Chosen(matching[0])
        self._unlock(chosen.account, named.password)
        return chosen

    def _of_address(self, principal: Principal, address: str) -> Chosen:
        accounts = self.of(principal)
        known = next((each for each in accounts if each.address == address), None)
        if known is not None:
            return Chosen(known)
        if not self._takes_any:
            raise NoSuchAccount(identity_of(principal))
        try:
            return Chosen(self._open(principal, address, address, self._opening))
        except AccountTaken:
            if not accounts:
                raise NoSuchAccount(identity_of(principal)) from None
            return Chosen(accounts[0], f"account {address} is somebody else's: {accounts[0].address} pays")

    def _of_keystore(self, principal: Principal, text: str, password: str) -> Account:
        keystore = _read(text)
        address = self._opened(keystore, password)
        try:
            return self._open(principal, address, keystore.label or BANK, Decimal(0))
        except AccountTaken:
            known = next((each for each in self.of(principal) if each.address == address), None)
            if known is None:
                raise NoSuchAccount(identity_of(principal)) from None
            return known  # of a wallet that is linked to the caller

    def _unlock(self, account: Account, password: str) -> None:
        if account.keystore is None:
            return
        try:
            opened = self._opened(_read(account.keystore), password)
        except BankKeystoreRefused:
            raise AccountLocked from None
        if opened != account.address:
            raise AccountLocked

    def _opened(self, keystore: Keystore, password: str) -> str:
        """The address of its key, which is dropped at once."""
        try:
            secret = password.encode()
        except UnicodeEncodeError:
            raise BankKeystoreRefused("The password is not Unicode") from None
        if keystore.kdf.is_cheap:
            return _open(keystore, secret)
        return self._one_of_few(lambda: _open(keystore, secret))

    def _one_of_few(self, act: Callable[[], str]) -> str:
        if not self._room.acquire(blocking=False):
            raise TooManyKeystores
        try:
            if not self._free.acquire(timeout=WAIT_SECONDS):
                raise TooManyKeystores
            try:
                return act()
            except MemoryError:
                raise TooManyKeystores from None
            finally:
                self._free.release()
        finally:
            self._room.release()

    def _open_first(self, principal: Principal) -> None:
        """At the identity's own address; if that is somebody's, at one that nobody can have."""
        try:
            self._open(principal, identity_of(principal), DEFAULT, self._opening)
        except AccountTaken:
            self._open(principal, _stand_in(principal.subject), DEFAULT, self._opening)

    def _open(self, principal: Principal, address: str, name: str, balance: Decimal) -> Account:
        account = Account(address=address, owner=principal.subject, name=name, balance=balance)
        return self._ledger.open(account, self._clock.now())


def identity_of(principal: Principal) -> str:
    """The address that the caller goes by; of a person without a wallet one that nobody has the key of."""
    if principal.subject.startswith(WALLET):
        return principal.subject.removeprefix(WALLET)
    return principal.wallets[0] if principal.wallets else _stand_in(principal.subject)


def address_of(text: str) -> str:
    """EIP-55. In mixed case its checksum must hold. Raises InvalidAddress."""
    digits = text[2:] if text[:2] in ("0x", "0X") else text
    try:
        address = checksum("0x" + digits)
    except MalformedAddress:
        raise InvalidAddress from None
    if digits not in (digits.lower(), digits.upper(), address[2:]):
        raise InvalidAddress
    return address


def _read(text: str) -> Keystore:
    if len(text) > MAX_KEYSTORE:
        raise BankKeystoreRefused("The keystore is too long")
    try:
        keystore, end = read_keystore(text.strip())
    except KeystoreRefused as refused:
        raise BankKeystoreRefused(f"The keystore cannot be used: {refused}") from None
    if text.strip()[end:]:
        raise BankKeystoreRefused("Something follows the keystore's JSON")
    return keystore


def _open(keystore: Keystore, password: bytes) -> str:
    try:
        return keystore.open(password).address
    except KeystoreRefused as refused:
        raise BankKeystoreRefused(f"The keystore does not open: {refused}") from None


def _stand_in(subject: str) -> str:
    return checksum("0x" + sha256(f"tidegate account of {subject}".encode()).hexdigest()[:40])
