"""People's administration over memory stores, and principals that ask for it."""

from dataclasses import dataclass, field

from libs.web.principal import Principal
from services.auth.domain import scopes
from services.auth.domain.people import Person
from services.auth.ports.oauth import Clients
from services.auth.usecases.administration import Administration
from services.auth.usecases.client_admin import ClientAdmin
from services.auth.usecases.key_rotation import KeyRotation
from services.auth.usecases.keyring import Keyring
from services.auth.usecases.links import Links
from services.auth.usecases.passwords import Passwords
from services.auth.usecases.people import Accounts, Holdings, NewPerson
from tests.fakes.auth import FrozenClock, MemoryKeyStore
from tests.fakes.auth_people import MemoryAudit, MemoryGuesses, MemoryPeople, PlainHasher

ADMIN = Principal(
    subject="person:" + "a" * 32,
    name="root",
    display_name="Root",
    scopes=frozenset({scopes.ADMIN}),
    is_admin=True,
    credential="token",
)


def principal_of(person: Person, *granted: str) -> Principal:
    return Principal(
        subject=person.subject,
        name=person.username,
        display_name=person.display_name,
        scopes=frozenset(granted),
        is_admin=person.is_admin,
        credential="token",
    )


@dataclass
class Office:
    clock: FrozenClock = field(default_factory=FrozenClock)
    hasher: PlainHasher = field(default_factory=PlainHasher)
    holdings: Holdings = field(default_factory=Holdings)

    people: MemoryPeople = None  # type: ignore[assignment]
    guesses: MemoryGuesses = None  # type: ignore[assignment]
    audit: MemoryAudit = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self.people = self.people or MemoryPeople(self.clock)
        self.guesses = self.guesses or MemoryGuesses(self.clock)
        self.audit = self.audit or MemoryAudit(self.clock)
        self.passwords = Passwords(self.people, self.hasher, self.guesses, self.audit)
        self.accounts = Accounts(self.people, self.passwords, self.audit, self.clock, self.holdings)
        self.links = Links(self.people, self.audit)

    def add(self, username: str, *, is_admin: bool = False, password: str = "correct horse") -> Person:
        new = NewPerson(username=username, password=password, is_admin=is_admin)
        return self.accounts.create(ADMIN, new)


def administration(
    office: Office, clients: Clients, keys: MemoryKeyStore, keyring: Keyring
) -> Administration:
    """Everything that administrators do, over these stores."""
    rotation = KeyRotation(keys, keys, keyring, office.clock, office.audit, 30 * 86_400.0)
    return Administration(
        people=office.people,
        passwords=office.passwords,
        accounts=office.accounts,
        links=office.links,
        clients=ClientAdmin(clients, office.audit),
        rotation=rotation,
        audit_log=office.audit,
    )
