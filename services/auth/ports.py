"""What the auth service needs from the outside, as Protocols; adapters implement them, wiring chooses."""

from collections.abc import Collection, Sequence
from typing import Any, Protocol

from services.auth.domain.api_keys import ApiKey
from services.auth.domain.audit import AuditEvent, AuditQuery, StoredEvent
from services.auth.domain.clients import Client
from services.auth.domain.device import DeviceRequest
from services.auth.domain.grants import AuthorizationCode, Grant, RefreshToken, Rotation
from services.auth.domain.people import Group, Person, PersonState
from services.auth.domain.references import ReferenceToken
from services.auth.domain.sessions import Session
from services.auth.domain.signing_keys import StoredKey
from services.auth.domain.tokens import WalletToken
from services.auth.domain.wallets import Proof, SignedRequest


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since the epoch, UTC."""


class NonceLedger(Protocol):
    """The provider's ledger, in the scope that all of a user's signed requests share."""

    def consume(self, address: str, nonce: str) -> None:
        """Use up `nonce`, atomically. Raises NonceTooLow, LedgerUnavailable."""


class ContractWallets(Protocol):
    """Smart accounts, which only somebody with access to the chain can ask (EIP-1271)."""

    def prove(self, request: SignedRequest, messages: Sequence[str]) -> Proof | None:
        """Which message the account accepts as signed; None when none.

        Raises LedgerUnavailable, UnsupportedChain.
        """

    def is_signed(self, address: str, text: str, signature: str, chain_id: int) -> bool:
        """Whether the account there takes it for a signature of the text as it stands (EIP-4361).

        Raises LedgerUnavailable, UnsupportedChain.
        """


class ServedChains(Protocol):
    def ids(self) -> Sequence[int]:
        """The chains that the provider serves, at least one. Smart accounts sign in on the first: the same
        address may be somebody else's on another chain. Raises LedgerUnavailable.
        """


class KeyStore(Protocol):
    def all(self) -> list[StoredKey]:
        """Raises StoreUnavailable."""

    def add_active(self, key: StoredKey) -> None:
        """Add `key` unless there is an active one already: of N simultaneous callers one wins, in silence."""


class KeyChanges(Protocol):
    """What rotation does to stored keys; each is one transaction. Everything raises StoreUnavailable."""

    def add_upcoming(self, key: StoredKey) -> bool:
        """False, and nothing kept, when there is an upcoming key already."""

    def activate(self, kid: str) -> bool:
        """The upcoming key signs from now on, the active one retires. False when `kid` is not upcoming."""

    def withdraw(self, kid: str, successor: StoredKey) -> bool:
        """Its tokens count no more: moves all stamps. Another key signs in the place of an active one: the
        upcoming one, or else `successor`. False when there is no such key or it was withdrawn before.
        """

    def withdraw_outlived(self, retired_before: float) -> list[str]:
        """Keys that retired before that time, whose last tokens have expired."""


class KeySealer(Protocol):
    """Keeps private keys unreadable in the database."""

    def seal(self, kid: str, private_jwk: dict[str, str]) -> str: ...

    def open(self, kid: str, sealed: str) -> dict[str, Any]:
        """Raises KeyUnreadable."""


class TokenStore(Protocol):
    """What is remembered of tokens: those that were revoked before their time."""

    def is_revoked(self, token_id: str) -> bool:
        """Raises StoreUnavailable."""

    def revoke(self, token: WalletToken, now: float) -> bool:
        """Whether this call revoked it, and moved the wallet's stamp; False when it was revoked before."""

    def purge(self, expired_before: float, most: int) -> int:
        """Forget up to `most` tokens that expired before that time; how many there were."""


class SpentMessages(Protocol):
    """Fingerprints of signed texts that bind a lifetime and must not be read in another way later."""

    def spend(self, fingerprint: str, now: float) -> bool:
        """Whether this call was the first for it."""

    def is_spent(self, fingerprint: str) -> bool: ...


class People(Protocol):
    """Persons, groups and what is linked to them. Each change moves the person's stamp in its transaction.

    Everything raises StoreUnavailable.
    """

    def add(self, person: Person, password_hash: str | None) -> None:
        """With the person's wallets, together. Raises NameTaken, WalletTaken."""

    def has_admin(self) -> bool:
        """Whether an active administrator exists."""

    def by_id(self, person_id: str) -> Person | None:
        """Removed people too: jobs name them."""

    def by_username(self, username: str) -> Person | None:
        """Removed people have no user name any more."""

    def by_wallet(self, address: str) -> Person | None:
        """`address` in its checksum spelling."""

    def by_certificate(self, subject_dn: str, issuer_dn: str) -> Person | None:
        """Names in slash form; a registration without an issuer takes any."""

    def page(self, after: str, most: int) -> list[Person]:
        """By user name, those after `after`; removed people are left out."""

    def change(
        self,
        person_id: str,
        *,
        display_name: str | None = None,
        email: str | None = None,
        state: PersonState | None = None,
        is_admin: bool | None = None,
    ) -> Person:
        """What is None stays; an empty e-mail address takes it away. A new state or admin flag raises the
        version. Removing frees wallets, certificates and groups. Raises NoSuchPerson, LastAdmin.
        """

    def password_hash(self, person_id: str) -> str | None: ...

    def set_password(self, person_id: str, password_hash: str | None) -> None:
        """None takes the password away. Raises the version; NoSuchPerson."""

    def swap_hash(self, person_id: str, known: str, new: str) -> bool:
        """Another hash of the same password, unless the password was changed meanwhile."""

    def link_wallet(self, person_id: str, address: str) -> None:
        """Moves the wallet's own stamp too. Raises WalletTaken; linking it again to its person is fine."""

    def unlink_wallet(self, person_id: str, address: str, *, keeps_way_in: bool = False) -> bool:
        """`keeps_way_in`: raises LastWayIn when neither a wallet nor a password nor a certificate would stay,
        whatever else happens at the same time.
        """

    def link_certificate(self, person_id: str, subject_dn: str, issuer_dn: str | None) -> None:
        """Raises CertificateTaken."""

    def unlink_certificate(self, person_id: str, subject_dn: str) -> bool: ...

    def certificates(self, person_id: str) -> list[tuple[str, str | None]]:
        """Subject and issuer of each."""

    def put_group(self, group: Group) -> None:
        """Make the group or change it; moves the stamps of its members."""

    def group(self, name: str) -> Group | None: ...

    def groups(self) -> list[Group]: ...

    def remove_group(self, name: str) -> bool: ...

    def set_groups(self, person_id: str, names: Sequence[str]) -> None:
        """Exactly these. Raises NoSuchPerson, NoSuchGroup."""


class Stamps(Protocol):
    def value(self, bucket: int) -> int:
        """One indexed read. Raises StoreUnavailable."""

    def values(self, buckets: Sequence[int]) -> Sequence[int]:
        """The same for some, in their order and in one read; each exists."""

    def all(self) -> Sequence[int]:
        """The values of all buckets, in their order, as of one moment. Raises StoreUnavailable."""

    def move(self, *subjects: str) -> None:
        """Whatever was remembered of these subjects counts no more."""

    def move_all(self) -> None: ...


class PasswordHasher(Protocol):
    """Raises PasswordsBusy when as many passwords are being looked at as we can afford."""

    def hash(self, password: str) -> str: ...

    def verify(self, stored: str | None, password: str) -> bool:
        """In the same time whatever is stored; None is for people without a password, and for nobody."""

    def is_outdated(self, stored: str) -> bool:
        """Whether a right password should be hashed anew."""


class Guesses(Protocol):
    """Counts wrong guesses by key (domain/guesses.py, or `device:<peer>`), with growing locks.

    Everything raises StoreUnavailable.
    """

    def check(self, *keys: str) -> None:
        """Raises TooManyGuesses while one of the keys is locked."""

    def failed(self, *keys: str) -> None:
        """One more wrong guess, counted atomically."""

    def attempt(self, *keys: str) -> int:
        """Count a guess before it is looked at, so that simultaneous ones cannot pass together.

        Returns for how many seconds it locks a key if it is wrong. Raises TooManyGuesses when one of the keys
        is locked; then nothing was counted.
        """

    def passed(self, *keys: str) -> None:
        """Forget what was counted."""

    def take_back(self, *keys: str) -> None:
        """An attempt was no wrong guess after all; what was counted before stays."""

    def remember(self, key: str) -> None:
        """Note a `known:` key for KNOWN_SECONDS."""

    def is_known(self, key: str) -> bool: ...


class Audit(Protocol):
    def record(self, event: AuditEvent) -> None:
        """Adds time, peer address and request id. Never raises: what cannot be stored is logged."""


class AuditLog(Protocol):
    def page(self, query: AuditQuery) -> list[StoredEvent]:
        """Newest first. Raises StoreUnavailable."""


class ApiKeys(Protocol):
    """Keys that people and wallets made for their programs. Everything raises StoreUnavailable."""

    def add(self, key: ApiKey, purge_before: float) -> None:
        """Forgets a few keys that were over before that time, too.

        Raises TooManyKeys when its subject has MOST_KEYS that count: exact, however many ask at once.
        """

    def find(self, key_id: str, now: float) -> ApiKey | None:
        """None when it was never there, was revoked or is over."""

    def of_subjects(self, subjects: Collection[str], now: float) -> list[ApiKey]:
        """Those that count, newest first."""

    def revoke(self, key_id: str, subjects: Collection[str], now: float) -> bool:
        """Whether it was one of these subjects' and was revoked by this call; moves its subject's stamp."""

    def used(self, key_id: str, now: float, not_since: float) -> None:
        """Note the use, unless one at or after `not_since` is noted."""


class Clients(Protocol):
    """Registered OAuth2 clients, builtin ones included."""

    def get(self, client_id: str) -> Client | None: ...

    def add(self, client: Client) -> None: ...

    def change(self, client: Client) -> bool:
        """Replace what is stored; moves all stamps when it is disabled."""

    def remove(self, client_id: str) -> bool:
        """With its grants; moves all stamps."""

    def page(self, after: str, most: int, owner: str | None = None) -> list[Client]: ...


class Grants(Protocol):
    """Consents; codes, refresh tokens and reference tokens hang on them."""

    def add(self, grant: Grant) -> None: ...

    def get(self, grant_id: str) -> Grant | None:
        """None when it does not exist, was revoked or is over."""

    def revoke(self, grant_id: str, why: str) -> bool:
        """With everything issued on it, at once; moves the subject's stamp. False when it was before."""

    def revoke_all(self, subject: str, why: str, client_id: str | None = None) -> int: ...

    def of_subject(self, subject: str) -> list[Grant]:
        """Those that still count, newest first."""

    def used(self, grant_id: str, now: float) -> None:
        """Remember when it was used last."""

    def purge(self, expired_before: float, most: int) -> int:
        """Forget up to `most` grants that ended before that time, with all that hangs on them."""


class Codes(Protocol):
    """Authorization codes, by the SHA-256 of the code."""

    def add(self, grant: Grant, code: AuthorizationCode) -> None:
        """The grant and its code, together."""

    def find(self, code_hash: str) -> AuthorizationCode | None:
        """Used ones too; purged ones not."""

    def take(self, code_hash: str, now: float) -> bool:
        """Whether this call used it: one atomic statement."""


class RefreshTokens(Protocol):
    """Refresh tokens, by the SHA-256 of the token."""

    def add(self, token: RefreshToken) -> None: ...

    def find(self, token_hash: str) -> RefreshToken | None:
        """Used ones too; None when its grant does not count any more."""

    def rotate(self, token_hash: str, successor: RefreshToken, now: float, grace: float) -> Rotation:
        """Replace a token by its successor, in one transaction.

        A token that was used less than `grace` seconds ago gets another successor: two processes of one
        client refresh at the same time. Used before that, it is REUSED: nothing is added.
        """


class ReferenceTokens(Protocol):
    """Opaque access tokens, by the SHA-256 of the token. Everything raises StoreUnavailable."""

    def add(self, token: ReferenceToken) -> None: ...

    def find(self, token_hash: str) -> ReferenceToken | None:
        """Expired ones too, and those whose grant counts no more."""

    def purge(self, expired_before: float, most: int) -> int:
        """Forget up to `most` that expired before that time; how many there were."""


class TokenStanding(Protocol):
    """What may end an access token before its time, in one read."""

    def counts(self, token_id: str, client_id: str, grant_id: str | None, now: float) -> bool:
        """Not revoked itself, its client neither removed nor disabled, its grant (if any) standing."""

    def revoke(self, token_id: str, subject: str, client_id: str, expires_at: float, now: float) -> bool:
        """Whether this call revoked it; moves the subject's stamp."""


class SingleUse(Protocol):
    """Values that count once: sign-in nonces, ids of client assertions."""

    def issue(self, purpose: str, value: str, expires_at: float) -> None:
        """Remember a value that we handed out."""

    def spend(self, purpose: str, value: str, now: float) -> bool:
        """Whether an issued, unexpired value was spent by this call: one atomic statement."""

    def spend_foreign(self, purpose: str, value: str, expires_at: float) -> bool:
        """Whether a value made by others (a `jti`) is seen for the first time."""


class Sessions(Protocol):
    """Logins of browsers, by the SHA-256 of the id in the cookie. Everything raises StoreUnavailable."""

    def add(self, session_hash: str, session: Session) -> None: ...

    def get(self, session_hash: str) -> Session | None:
        """None when it was never there or was ended; whether its time is over is the caller's to see."""

    def extend(self, session_hash: str, expires_at: float) -> None:
        """Only forward, and not one that was ended."""

    def end(self, session_hash: str, now: float) -> bool:
        """Whether this call ended it."""

    def end_all(self, subject: str, now: float) -> int:
        """How many this call ended."""

    def purge(self, expired_before: float, most: int) -> int:
        """Forget up to `most` that were over before that time; how many there were."""


class DeviceRequests(Protocol):
    """Requests of devices (RFC 8628), by the hashes of their codes. Everything raises StoreUnavailable.

    States move forward only, each move one atomic statement, whatever arrives at the same time.
    """

    def add(self, device_hash: str, user_hash: str, request: DeviceRequest) -> bool:
        """False, and nothing kept, when one of the codes is there already."""

    def by_device_code(self, device_hash: str) -> DeviceRequest | None: ...

    def by_user_code(self, user_hash: str) -> DeviceRequest | None: ...

    def approve(self, user_hash: str, grant: Grant, now: float) -> bool:
        """Whether this call answered a waiting request; `grant` is kept together with the answer."""

    def deny(self, user_hash: str, now: float) -> bool:
        """Whether this call answered a waiting request."""

    def note_poll(self, device_hash: str, now: float, least_seconds: float) -> bool:
        """False when the last poll that counted is less than that ago: this one does not count then."""

    def use(self, device_hash: str, now: float) -> bool:
        """Whether this call took the grant of an approved request; of any number of calls one does."""

    def purge(self, expired_before: float, most: int) -> int:
        """Forget up to `most` that expired before that time; how many there were."""
