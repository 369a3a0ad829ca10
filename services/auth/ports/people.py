"""People and what proves to be them: passwords, API keys, sessions; guesses, stamps and the audit log."""

from collections.abc import Collection, Sequence
from typing import Protocol

from services.auth.domain.api_keys import ApiKey
from services.auth.domain.audit import AuditEvent, AuditQuery, StoredEvent
from services.auth.domain.people import Group, Person, PersonState
from services.auth.domain.sessions import Session


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
        virtual_clusters: Collection[str] | None = None,
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
