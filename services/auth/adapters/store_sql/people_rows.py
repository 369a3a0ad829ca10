"""How a person is read: one statement with groups and wallets, for every way of finding people."""

import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ScalarSelect, Select, func, select

from services.auth.adapters.store_sql.people_tables import groups, memberships, people, wallets
from services.auth.domain.people import Group, Person, PersonState

_BETWEEN = ","  # no name of a group or cluster holds one, nor does an address


def _listed(column: Any, owner: Any) -> ScalarSelect[Any]:
    return (
        select(func.aggregate_strings(column, _BETWEEN))
        .where(owner == people.c.id)
        .correlate(people)
        .scalar_subquery()
    )


def select_people() -> Select[Any]:
    return select(
        people.c.id,
        people.c.username,
        people.c.display_name,
        people.c.email,
        people.c.state,
        people.c.is_admin,
        people.c.version,
        people.c.created_at,
        _listed(memberships.c.group_name, memberships.c.person_id),
        _listed(wallets.c.address, wallets.c.person_id),
        people.c.virtual_clusters,
    )


def person_of(row: Sequence[Any]) -> Person:
    return Person(
        id=row[0],
        username=row[1],
        display_name=row[2],
        email=row[3],
        state=PersonState(row[4]),
        is_admin=row[5],
        version=row[6],
        created_at=row[7].timestamp(),
        groups=_split(row[8]),
        wallets=_split(row[9]),
        virtual_clusters=_split(row[10]),
    )


def joined(names: Collection[str]) -> str:
    """As `_split` takes them apart."""
    return _BETWEEN.join(sorted(set(names)))


def select_groups() -> Select[Any]:
    return select(groups.c.name, groups.c.vo, groups.c.properties).order_by(groups.c.name)


def group_of(row: Sequence[Any]) -> Group:
    return Group(name=row[0], vo=row[1], properties=tuple(json.loads(row[2])))


def _split(listed: str | None) -> tuple[str, ...]:
    return tuple(sorted(listed.split(_BETWEEN))) if listed else ()
