"""Passwords: who signs in with one, and what may be one.

A guess is counted before it is looked at, for the user name and for where it came from, so that simultaneous
guesses cannot slip through together. An address that a user signed in from before has a count of its own:
whoever guesses at an administrator's name from elsewhere does not keep the administrator out.
"""

from services.auth.domain.audit import AuditEvent
from services.auth.domain.errors import AuthError
from services.auth.domain.guesses import known_key, peer_key, user_key
from services.auth.domain.people import (
    PASSWORD_MAX_BYTES,
    USERNAME,
    Person,
    PersonState,
    WrongPassword,
    check_password,
)
from services.auth.ports.people import Audit, Guesses, PasswordHasher, People

LOGIN = "login.password"


class Passwords:
    def __init__(self, people: People, hasher: PasswordHasher, guesses: Guesses, audit: Audit) -> None:
        self._people = people
        self._hasher = hasher
        self._guesses = guesses
        self._audit = audit

    def check(self, username: str, password: str, peer: str = "") -> Person:
        """The active person of that name and password; `peer` is the address that asks, if known.

        Raises WrongPassword, TooManyGuesses, StoreUnavailable (PasswordsBusy is one).
        """
        keys = self._keys(username, peer)
        wait = self._guesses.attempt(*keys)
        try:
            person, found = self._looked_at(username, password)
        except AuthError:
            self._guesses.take_back(*keys)
            raise
        if person is None:
            raise self._refusal(found, wait)
        self._passed(person, peer, keys)
        return person

    def change(self, person_id: str, password: str | None) -> None:
        """None takes the password away. Ends the tokens of the old one.

        Raises BadPassword, PasswordsBusy, NoSuchPerson.
        """
        self._people.set_password(person_id, None if password is None else self.hashed(password))

    def hashed(self, password: str) -> str:
        """What to store for a new password. Raises BadPassword, PasswordsBusy."""
        check_password(password)
        return self._hasher.hash(password)

    def unlock(self, username: str) -> None:
        """Forget the guesses at this name."""
        self._guesses.passed(user_key(username))

    def _looked_at(self, username: str, password: str) -> tuple[Person | None, Person | None]:
        """Who may come in, and whom the name means."""
        found = self._people.by_username(username)
        stored = self._people.password_hash("" if found is None else found.id)
        is_long = len(password.encode(errors="replace")) > PASSWORD_MAX_BYTES
        is_right = self._hasher.verify(stored, "" if is_long else password)
        if found is None or stored is None or not is_right or is_long:
            return None, found
        if found.state is not PersonState.ACTIVE:
            return None, found
        if self._hasher.is_outdated(stored):
            self._people.swap_hash(found.id, stored, self._hasher.hash(password))
        return found, found

    def _keys(self, username: str, peer: str) -> list[str]:
        peers = [peer_key(peer)] if peer else []
        if USERNAME.fullmatch(username) is None:
            return peers  # nobody's name
        if peer and self._guesses.is_known(known := known_key(username, peer)):
            return [known, *peers]
        return [user_key(username), *peers]

    def _refusal(self, found: Person | None, wait: int) -> WrongPassword:
        subject = "" if found is None else found.subject
        # The name is not written down: people type passwords into that field.
        self._audit.record(
            AuditEvent(
                event=LOGIN,
                outcome="locked" if wait else "refused",
                subject=subject,
                details={"locked_seconds": wait} if wait else {},
            )
        )
        return WrongPassword()

    def _passed(self, person: Person, peer: str, keys: list[str]) -> None:
        if (own := user_key(person.username)) in keys:
            self._guesses.passed(own)
        if peer:
            self._guesses.take_back(peer_key(peer))
            self._guesses.remember(known_key(person.username, peer))
        self._audit.record(AuditEvent(event=LOGIN, actor=person.subject, subject=person.subject))
