"""Accounts: who makes, changes, disables and removes them, and what ends with them."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from libs.web.principal import Principal
from services.auth.domain.audit import AuditEvent
from services.auth.domain.authority import need_admin, need_admin_or_self
from services.auth.domain.people import (
    NoSuchPerson,
    Person,
    PersonState,
    check_display_name,
    check_email,
    check_username,
)
from services.auth.ports import Clock
from services.auth.ports.oauth import Grants
from services.auth.ports.people import ApiKeys, Audit, People, Sessions
from services.auth.usecases.passwords import Passwords

REMOVED_BECAUSE = "person removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """`password` None: none, until an administrator sets one; wallets and certificates work all the same."""

    username: str
    display_name: str = ""  # empty: as the user name
    email: str = ""
    password: str | None = field(default=None, repr=False)
    password_hash: str | None = field(default=None, repr=False)  # of another system (adapters/argon2.py)
    is_admin: bool = False
    virtual_clusters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is None stays."""

    display_name: str | None = None
    email: str | None = None  # empty takes it away
    is_admin: bool | None = None
    is_disabled: bool | None = None
    virtual_clusters: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a person holds elsewhere and loses when removed."""

    grants: Grants | None = None
    api_keys: ApiKeys | None = None
    sessions: Sessions | None = None

    def end(self, subject: str, now: float) -> None:
        if self.grants is not None:
            self.grants.revoke_all(subject, REMOVED_BECAUSE)
        if self.api_keys is not None:
            for key in self.api_keys.of_subjects([subject], now):
                self.api_keys.revoke(key.key_id, [subject], now)
        if self.sessions is not None:
            self.sessions.end_all(subject, now)


class Accounts:
    """Everything raises NotAllowed and StoreUnavailable, and what names a person NoSuchPerson."""

    def __init__(
        self, people: People, passwords: Passwords, audit: Audit, clock: Clock, holdings: Holdings
    ) -> None:
        self._people = people
        self._passwords = passwords
        self._audit = audit
        self._clock = clock
        self._holdings = holdings

    def page(self, actor: Principal, after: str, most: int) -> list[Person]:
        need_admin(actor)
        return self._people.page(after, most)

    def get(self, actor: Principal, username: str) -> Person:
        need_admin(actor)
        return self._found(username)

    def create(self, actor: Principal, new: NewPerson) -> Person:
        """Raises BadName, BadField, BadPassword, NameTaken."""
        need_admin(actor)
        person = Person(
            id=secrets.token_hex(16),
            username=check_username(new.username),
            display_name=check_display_name(new.display_name or new.username),
            email=check_email(new.email) or None,
            state=PersonState.ACTIVE,
            is_admin=new.is_admin,
            version=1,
            created_at=self._clock.now(),
            virtual_clusters=new.virtual_clusters,
        )
        hashed = new.password_hash if new.password is None else self._passwords.hashed(new.password)
        self._people.add(person, hashed)
        details = {"username": person.username, "admin": person.is_admin, "password": hashed is not None}
        self._note(actor, "person.create", person, details)
        return person

    def change(self, actor: Principal, username: str, changes: Changes) -> Person:
        """Disabling ends every credential until the person is enabled again. Raises BadField, LastAdmin."""
        need_admin(actor)
        person = self._found(username)
        state = None
        if changes.is_disabled is not None:
            state = PersonState.DISABLED if changes.is_disabled else PersonState.ACTIVE
        name, email = changes.display_name, changes.email
        changed = self._people.change(
            person.id,
            display_name=None if name is None else check_display_name(name),
            email=None if email is None else check_email(email),
            state=state,
            is_admin=changes.is_admin,
            virtual_clusters=changes.virtual_clusters,
        )
        # Names and addresses themselves are personal: the log says that they changed.
        details: dict[str, Any] = {"state": str(changed.state), "admin": changed.is_admin}
        details["changed"] = sorted(key for key, value in _given(changes).items() if value is not None)
        self._note(actor, "person.change", person, details)
        return changed

    def set_password(self, actor: Principal, username: str, password: str | None) -> None:
        """None takes it away. Ends whatever the old one opened. Raises BadPassword.

        Administrators set anybody's; people set their own with a credential that may manage keys.
        """
        person = self._people.by_username(username)
        if person is None:
            need_admin(actor)
            raise NoSuchPerson
        need_admin_or_self(actor, person)
        self._passwords.change(person.id, password)
        self._passwords.unlock(person.username)
        self._note(actor, "password.set", person, {"taken_away": password is None})

    def unlock(self, actor: Principal, username: str) -> None:
        """Forget wrong guesses at this name."""
        need_admin(actor)
        person = self._found(username)
        self._passwords.unlock(person.username)
        self._note(actor, "password.unlock", person)

    def remove(self, actor: Principal, username: str) -> None:
        """For good; the name rests a day. Raises LastAdmin."""
        need_admin(actor)
        person = self._found(username)
        # First the person: from here on nothing of theirs counts, whatever is still written down.
        self._people.change(person.id, state=PersonState.REMOVED)
        self._holdings.end(person.subject, self._clock.now())
        self._note(actor, "person.remove", person, {"username": person.username})

    def _found(self, username: str) -> Person:
        person = self._people.by_username(username)
        if person is None:
            raise NoSuchPerson
        return person

    def _note(
        self, actor: Principal, event: str, person: Person, details: Mapping[str, Any] | None = None
    ) -> None:
        self._audit.record(
            AuditEvent(event=event, actor=actor.subject, subject=person.subject, details=details or {})
        )


def _given(changes: Changes) -> dict[str, Any]:
    return {name: getattr(changes, name) for name in changes.__slots__}
