"""The part of the port People that is about groups."""

import json
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, delete, select

from libs.sql.engine import Database
from libs.web.principal import PERSON
from services.auth.adapters.store_sql.inserts import upsert
from services.auth.adapters.store_sql.people_rows import group_of, select_groups
from services.auth.adapters.store_sql.people_tables import groups, memberships, people
from services.auth.adapters.store_sql.stamps import move_stamps
from services.auth.adapters.store_sql.work import is_storable, moment, read, write
from services.auth.domain.people import Group, NoSuchGroup, NoSuchPerson, PersonState
from services.auth.ports import Clock

_GROUP: Final = select_groups().where(groups.c.name == bindparam("name"))
_ALL: Final = select_groups()
_LOCK: Final = select(groups.c.name).where(groups.c.name == bindparam("name")).with_for_update()
_HOLD: Final = (
    select(groups.c.name)
    .where(groups.c.name.in_(bindparam("names", expanding=True)))
    .order_by(groups.c.name)
    .with_for_update(read=True)
)
_MEMBERS: Final = select(memberships.c.person_id).where(memberships.c.group_name == bindparam("name"))
_PERSON: Final = (
    select(people.c.id)
    .where(people.c.id == bindparam("id"), people.c.state != PersonState.REMOVED.value)
    .with_for_update()
)


class SqlGroups:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._put_group = upsert(database, groups, "vo", "properties")

    def put_group(self, group: Group) -> None:
        row = {
            "name": group.name,
            "vo": group.vo,
            "properties": json.dumps(list(group.properties)),
            "created_at": moment(self._clock.now()),
        }

        def work(connection: Connection) -> None:
            connection.execute(self._put_group, row)
            _move_members(connection, group.name)

        write(self._database, work)

    def group(self, name: str) -> Group | None:
        if not is_storable(name):
            return None
        row = read(self._database, lambda connection: connection.execute(_GROUP, {"name": name}).first())
        return None if row is None else group_of(row)

    def groups(self) -> list[Group]:
        rows = read(self._database, lambda connection: connection.execute(_ALL).all())
        return [group_of(row) for row in rows]

    def remove_group(self, name: str) -> bool:
        if not is_storable(name):
            return False

        def work(connection: Connection) -> bool:
            # The lock first: who joins at this moment is either seen here or finds no group.
            if connection.execute(_LOCK, {"name": name}).first() is None:
                return False
            _move_members(connection, name)
            connection.execute(delete(groups).where(groups.c.name == name))
            return True

        return write(self._database, work)

    def set_groups(self, person_id: str, names: Sequence[str]) -> None:
        wanted = sorted(set(names))
        if not all(map(is_storable, wanted)):
            raise NoSuchGroup
        rows = [{"person_id": person_id, "group_name": name} for name in wanted]

        def work(connection: Connection) -> None:
            if connection.execute(_PERSON, {"id": person_id}).first() is None:
                raise NoSuchPerson
            if len(connection.execute(_HOLD, {"names": wanted}).all()) != len(wanted):
                raise NoSuchGroup
            connection.execute(delete(memberships).where(memberships.c.person_id == person_id))
            if rows:
                connection.execute(memberships.insert(), rows)
            move_stamps(connection, PERSON + person_id)

        write(self._database, work)


def _move_members(connection: Connection, name: str) -> None:
    members = connection.execute(_MEMBERS, {"name": name}).scalars()
    move_stamps(connection, *(PERSON + person_id for person_id in members))
