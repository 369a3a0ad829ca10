"""People's administration over memory stores, and principals that ask for it."""

from dataclasses import dataclass, field

from libs.web.principal import Principal
from services.auth.domain import scopes
from services.auth.domain.people import Person
from services.auth.usecases.links import Links
from services.auth.usecases.passwords import Passwords
from services.auth.usecases.people import Accounts, Holdings, NewPerson
from tests.fakes.auth import FrozenClock
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

    def __post_init__(self) -> None:
        self.people = MemoryPeople(self.clock)
        self.guesses = MemoryGuesses(self.clock)
        self.audit = MemoryAudit(self.clock)
        self.passwords = Passwords(self.people, self.hasher, self.guesses, self.audit)
        self.accounts = Accounts(self.people, self.passwords, self.audit, self.clock, self.holdings)
        self.links = Links(self.people, self.audit)

    def add(self, username: str, *, is_admin: bool = False, password: str = "correct horse") -> Person:
        new = NewPerson(username=username, password=password, is_admin=is_admin)
        return self.accounts.create(ADMIN, new)
