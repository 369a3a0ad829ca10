"""The port People: persons and their passwords; links and groups are in the modules beside."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import Connection, and_, bindparam, delete, or_, select, update

from libs.sql.engine import Database
from libs.web.principal import WALLET
from services.auth.adapters.store_sql.groups import SqlGroups
from services.auth.adapters.store_sql.inserts import insert_or_ignore, upsert, was_inserted
from services.auth.adapters.store_sql.links import SqlLinks
from services.auth.adapters.store_sql.people_rows import joined, person_of, select_people
from services.auth.adapters.store_sql.people_tables import (
    certificates,
    memberships,
    passwords,
    people,
    wallets,
)
from services.auth.adapters.store_sql.stamps import move_stamps
from services.auth.adapters.store_sql.work import is_storable, moment, read, write
from services.auth.domain.people import (
    NAME_REST_SECONDS,
    LastAdmin,
    NameTaken,
    Person,
    PersonState,
)
from services.auth.ports import Clock

_IS_THERE: Final = people.c.state != PersonState.REMOVED.value
_IS_ADMIN: Final = and_(people.c.is_admin, people.c.state == PersonState.ACTIVE.value)
_BY_ID: Final = select_people().where(people.c.id == bindparam("id"))
_BY_USERNAME: Final = select_people().where(people.c.username == bindparam("username"), _IS_THERE)
_PAGE: Final = (
    select_people()
    .where(people.c.username > bindparam("after"), _IS_THERE)
    .order_by(people.c.username)
    .limit(bindparam("most"))
)
_NAME_RESTS: Final = select(people.c.id).where(
    people.c.username == bindparam("username"), or_(_IS_THERE, people.c.changed_at > bindparam("since"))
)
# Every transaction that may end an administrator takes all their rows, in one order: of two that demote each
# other the second one sees what the first one did. (SQLite has one writer at a time anyway.)
_ADMINS: Final = select(people.c.id).where(_IS_ADMIN).order_by(people.c.id).with_for_update()
_ANY_ADMIN: Final = select(people.c.id).where(_IS_ADMIN).limit(1)
_HASH: Final = select(passwords.c.hash).where(passwords.c.person_id == bindparam("id"))
_SWAP_HASH: Final = (
    update(passwords)
    .where(passwords.c.person_id == bindparam("id"), passwords.c.hash == bindparam("known"))
    .values(hash=bindparam("new"), changed_at=bindparam("moment"))
)
_CHANGE: Final = update(people).where(people.c.id == bindparam("changed"))


class SqlPeople(SqlLinks, SqlGroups):
    def __init__(self, database: Database, clock: Clock) -> None:
        SqlLinks.__init__(self, database, clock)
        SqlGroups.__init__(self, database, clock)
        self._insert_person = insert_or_ignore(database, people)
        self._put_password = upsert(database, passwords)

    def add(self, person: Person, password_hash: str | None) -> None:
        now = moment(self._clock.now())
        row = {
            "id": person.id,
            "username": person.username,
            "display_name": person.display_name,
            "email": person.email,
            "state": person.state.value,
            "is_admin": person.is_admin,
            "version": person.version,
            "created_at": moment(person.created_at),
            "changed_at": now,
            "virtual_clusters": joined(person.virtual_clusters),
        }
        since = moment(self._clock.now() - NAME_REST_SECONDS)

        def work(connection: Connection) -> None:
            rests = connection.execute(_NAME_RESTS, {"username": person.username, "since": since}).first()
            if rests is not None or not was_inserted(connection, self._insert_person, row):
                raise NameTaken
            if password_hash is not None:
                self._store_password(connection, person.id, password_hash)
            self._link_all(connection, person)
            move_stamps(connection, person.subject, *(WALLET + address for address in person.wallets))

        write(self._database, work)

    def by_id(self, person_id: str) -> Person | None:
        return self._find(_BY_ID, {"id": person_id})

    def by_username(self, username: str) -> Person | None:
        return self._find(_BY_USERNAME, {"username": username})

    def page(self, after: str, most: int) -> list[Person]:
        if not is_storable(after):
            return []
        values = {"after": after, "most": most}
        rows = read(self._database, lambda connection: connection.execute(_PAGE, values).all())
        return [person_of(row) for row in rows]

    def has_admin(self) -> bool:
        return read(self._database, lambda connection: connection.execute(_ANY_ADMIN).first()) is not None

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
        wanted: dict[str, Any] = {"display_name": display_name, "state": state, "is_admin": is_admin}
        values = {name: value for name, value in wanted.items() if value is not None}
        if email is not None:
            values["email"] = email or None
        if virtual_clusters is not None:
            values["virtual_clusters"] = joined(virtual_clusters)

        def work(connection: Connection) -> Person:
            admins = list(connection.execute(_ADMINS).scalars())
            before = self._locked(connection, person_id)
            after_admin = before.is_admin if is_admin is None else is_admin
            after_state = before.state if state is None else state
            stays = after_admin and after_state is PersonState.ACTIVE
            if admins == [person_id] and not stays:
                raise LastAdmin
            ends_tokens = (after_admin, after_state) != (before.is_admin, before.state)
            self._update(connection, before, values, raise_version=ends_tokens)
            if after_state is PersonState.REMOVED:
                _forget(connection, before)
            return person_of(connection.execute(_BY_ID, {"id": person_id}).one())

        return write(self._database, work)

    def password_hash(self, person_id: str) -> str | None:
        row = read(self._database, lambda connection: connection.execute(_HASH, {"id": person_id}).first())
        return None if row is None else str(row[0])

    def set_password(self, person_id: str, password_hash: str | None) -> None:
        def work(connection: Connection) -> None:
            before = self._locked(connection, person_id)
            if password_hash is None:
                connection.execute(delete(passwords).where(passwords.c.person_id == person_id))
            else:
                self._store_password(connection, person_id, password_hash)
            self._update(connection, before, {}, raise_version=True)

        write(self._database, work)

    def swap_hash(self, person_id: str, known: str, new: str) -> bool:
        values = {"id": person_id, "known": known, "new": new, "moment": moment(self._clock.now())}
        return write(self._database, lambda connection: connection.execute(_SWAP_HASH, values).rowcount == 1)

    def _store_password(self, connection: Connection, person_id: str, password_hash: str) -> None:
        row = {"person_id": person_id, "hash": password_hash, "changed_at": moment(self._clock.now())}
        connection.execute(self._put_password, row)

    def _update(
        self, connection: Connection, before: Person, values: Mapping[str, Any], *, raise_version: bool
    ) -> None:
        step = {"version": people.c.version + 1} if raise_version else {}
        changed = {**values, **step, "changed_at": moment(self._clock.now())}
        connection.execute(_CHANGE.values(changed), {"changed": before.id})
        move_stamps(connection, before.subject)


def _forget(connection: Connection, person: Person) -> None:
    """A removed person proves nothing any more; the wallets are free for others."""
    for table in (passwords, certificates, memberships):
        connection.execute(delete(table).where(table.c.person_id == person.id))
    freed = delete(wallets).where(wallets.c.person_id == person.id).returning(wallets.c.address)
    addresses = connection.execute(freed).scalars().all()
    connection.execute(_CHANGE.values(email=None, is_admin=False), {"changed": person.id})
    move_stamps(connection, *(WALLET + address for address in addresses))
