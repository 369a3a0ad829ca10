"""OpenPAI's users and tokens on the one set of people: sign in, create, change, remove."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from libs.web.principal import Principal
from services.auth.domain import scopes
from services.auth.domain.authority import need_admin
from services.auth.domain.clients import OPENPAI
from services.auth.domain.openpai import (
    DEFAULT_CLUSTER,
    ClustersFixed,
    ClustersUnknown,
    OpenPaiSite,
    RemoveRefused,
    UpdateRefused,
    UserUnknown,
    UserUpdate,
)
from services.auth.domain.people import (
    NameTaken,
    NoSuchPerson,
    Person,
    PersonState,
    WrongPassword,
    check_password,
)
from services.auth.ports.people import People
from services.auth.usecases.access_tokens import AccessTokens, Issued, TokenRequest
from services.auth.usecases.passwords import Passwords
from services.auth.usecases.people import Accounts, Changes, NewPerson

USER_SCOPES: Final = (*sorted(scopes.BATCH), scopes.KEYS)
NEITHER: Final = "modify must be true (change) or false (create)"


class OpenPaiUsers:
    def __init__(
        self,
        people: People,
        passwords: Passwords,
        accounts: Accounts,
        tokens: AccessTokens,
        site: OpenPaiSite | None = None,
    ) -> None:
        self._people = people
        self._passwords = passwords
        self._accounts = accounts
        self._tokens = tokens
        self._site = site or OpenPaiSite()

    def login(self, username: str, password: str, seconds: int, peer: str) -> tuple[Person, Issued]:
        """A token that ends with the user, the password and the admin flag it was made for.

        Raises WrongPassword, UserUnknown (where the operator lets it be told), TooManyGuesses, NoActiveKey,
        StoreUnavailable.
        """
        try:
            person = self._passwords.check(username, password, peer)
        except WrongPassword:
            if self._site.reveals_users and self._people.by_username(username) is None:
                raise UserUnknown(username) from None
            raise
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
            raise UpdateRefused(NEITHER, exists=person is not None, username=wanted.username)
        if wanted.modify:
            self._change(actor, wanted, person)
        else:
            self._create(actor, wanted, person)

    def remove(self, actor: Principal, username: str) -> None:
        """Raises NotAllowed, RemoveRefused, StoreUnavailable."""
        need_admin(actor)
        person = self._people.by_username(username)
        if person is None:
            raise RemoveRefused("there is no such user", username=username)
        if person.is_admin:
            told = "an administrator: take the admin flag away first"
            raise RemoveRefused(told, is_admin=True, username=username)
        try:
            self._accounts.remove(actor, username)
        except NoSuchPerson as error:
            raise RemoveRefused("there is no such user", username=username) from error

    def set_clusters(self, actor: Principal, username: str, names: Collection[str]) -> None:
        """Exactly these, besides the default.

        Raises NotAllowed, UserUnknown, ClustersFixed, ClustersUnknown, StoreUnavailable.
        """
        need_admin(actor)
        person = self._people.by_username(username)
        if person is None:
            raise UserUnknown(username)
        if person.is_admin:
            raise ClustersFixed
        unknown = set(names) - self._site.clusters
        if unknown:
            raise ClustersUnknown(unknown)
        changes = Changes(virtual_clusters=tuple(sorted({*names, DEFAULT_CLUSTER})))
        try:
            self._accounts.change(actor, username, changes)
        except NoSuchPerson as error:
            raise UserUnknown(username) from error

    def clusters_of(self, person: Person) -> Sequence[str]:
        """That there still are, and that this user may use; sorted."""
        if person.is_admin:
            return sorted(self._site.clusters)
        return sorted({DEFAULT_CLUSTER, *self._site.clusters.intersection(person.virtual_clusters)})

    def page(self, actor: Principal, after: str, most: int) -> list[Person]:
        """Raises NotAllowed."""
        return self._accounts.page(actor, after, most)

    def _create(self, actor: Principal, wanted: UserUpdate, person: Person | None) -> None:
        if person is not None:
            told = "the user exists; modify=true changes it"
            raise UpdateRefused(told, exists=True, username=wanted.username)
        new = NewPerson(
            username=wanted.username,
            password=wanted.password,
            is_admin=bool(wanted.is_admin),
            virtual_clusters=self._granted(wanted) or (),
        )
        try:
            self._accounts.create(actor, new)
        except NameTaken as error:
            told = "the name is in use, or was until yesterday"
            raise UpdateRefused(told, exists=True, username=wanted.username) from error

    def _change(self, actor: Principal, wanted: UserUpdate, person: Person | None) -> None:
        if person is None or person.state is PersonState.REMOVED:
            told = "there is no such user; modify=false creates it"
            raise UpdateRefused(told, exists=False, username=wanted.username)
        if wanted.password is not None:
            check_password(wanted.password)  # what is refused changes nothing
        if wanted.is_admin is not None and wanted.is_admin != person.is_admin:
            # First the flag: the last administrator keeps it, and then nothing has changed.
            changes = Changes(is_admin=wanted.is_admin, virtual_clusters=self._granted(wanted))
            self._accounts.change(actor, wanted.username, changes)
        if wanted.password is not None:
            self._accounts.set_password(actor, wanted.username, wanted.password)

    def _granted(self, wanted: UserUpdate) -> tuple[str, ...] | None:
        """Whoever becomes an administrator may use every virtual cluster from then on, as upstream has it."""
        return tuple(sorted(self._site.clusters)) if wanted.is_admin else None
