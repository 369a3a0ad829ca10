"""OpenPAI's users and tokens on the one set of people: sign in, create, change, remove."""

from typing import Any, Final

from libs.web.principal import Principal
from services.auth.domain import scopes
from services.auth.domain.authority import need_admin
from services.auth.domain.clients import OPENPAI
from services.auth.domain.openpai import RemoveRefused, UpdateRefused, UserUpdate
from services.auth.domain.people import NameTaken, NoSuchPerson, Person, PersonState
from services.auth.ports.people import People
from services.auth.usecases.access_tokens import AccessTokens, Issued, TokenRequest
from services.auth.usecases.passwords import Passwords
from services.auth.usecases.people import Accounts, Changes, NewPerson

USER_SCOPES: Final = (*sorted(scopes.BATCH), scopes.KEYS)
NEITHER: Final = "modify must be true (change) or false (create)"


class OpenPaiUsers:
    def __init__(
        self, people: People, passwords: Passwords, accounts: Accounts, tokens: AccessTokens
    ) -> None:
        self._people = people
        self._passwords = passwords
        self._accounts = accounts
        self._tokens = tokens

    def login(self, username: str, password: str, seconds: int, peer: str) -> tuple[Person, Issued]:
        """A token that ends with the user, the password and the admin flag it was made for.

        Raises WrongPassword, TooManyGuesses, NoActiveKey, StoreUnavailable.
        """
        person = self._passwords.check(username, password, peer)
        allowed = (*USER_SCOPES, scopes.ADMIN) if person.is_admin else USER_SCOPES
        # Upstream's claims come first: its portal decodes the token to learn who is an administrator.
        claims: dict[str, Any] = {"username": person.username, "admin": person.is_admin}
        request = TokenRequest(
            subject=person.subject,
            client_id=OPENPAI,
            scopes=allowed,
            seconds=seconds,
            amr=("pwd",),
            extras={**claims, "ver": person.version},
        )
        return person, self._tokens.issue(request)

    def update(self, actor: Principal, wanted: UserUpdate) -> None:
        """Create or change, as `modify` says.

        Raises NotAllowed, UpdateRefused, BadName, BadPassword, LastAdmin, StoreUnavailable.
        """
        if not (wanted.is_own(actor.name) and actor.may(scopes.KEYS)):
            need_admin(actor)  # before anything tells whether a user exists
        person = self._people.by_username(wanted.username)
        if wanted.modify is None:
            raise UpdateRefused(NEITHER, exists=person is not None)
        if wanted.modify:
            self._change(actor, wanted, person)
        else:
            self._create(actor, wanted, person)

    def remove(self, actor: Principal, username: str) -> None:
        """Raises NotAllowed, RemoveRefused, StoreUnavailable."""
        need_admin(actor)
        person = self._people.by_username(username)
        if person is None:
            raise RemoveRefused("there is no such user")
        if person.is_admin:
            raise RemoveRefused("an administrator: take the admin flag away first", is_admin=True)
        try:
            self._accounts.remove(actor, username)
        except NoSuchPerson as error:
            raise RemoveRefused("there is no such user") from error

    def page(self, actor: Principal, after: str, most: int) -> list[Person]:
        """Raises NotAllowed."""
        return self._accounts.page(actor, after, most)

    def _create(self, actor: Principal, wanted: UserUpdate, person: Person | None) -> None:
        if person is not None:
            raise UpdateRefused("the user exists; modify=true changes it", exists=True)
        new = NewPerson(username=wanted.username, password=wanted.password, is_admin=bool(wanted.is_admin))
        try:
            self._accounts.create(actor, new)
        except NameTaken as error:
            raise UpdateRefused("the name is in use, or was until yesterday", exists=True) from error

    def _change(self, actor: Principal, wanted: UserUpdate, person: Person | None) -> None:
        if person is None or person.state is PersonState.REMOVED:
            raise UpdateRefused("there is no such user; modify=false creates it", exists=False)
        if wanted.is_admin is not None and wanted.is_admin != person.is_admin:
            # First the flag: the last administrator keeps it, and then nothing has changed.
            self._accounts.change(actor, wanted.username, Changes(is_admin=wanted.is_admin))
        if wanted.password is not None:
            self._accounts.set_password(actor, wanted.username, wanted.password)
