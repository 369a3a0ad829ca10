"""The port ApiKeys: rows of `api_keys`. A revoked key keeps its row for a while, then it goes."""

import json
from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, delete, func, insert, or_, select, update

from libs.sql.engine import Database
from services.auth.adapters.store_sql.people_tables import api_keys
from services.auth.adapters.store_sql.stamps import move_stamps
from services.auth.adapters.store_sql.work import moment, read, write
from services.auth.domain.api_keys import MOST_KEYS, ApiKey, TooManyKeys

PURGE_ROWS: Final = 50
_C: Final = api_keys.c
_LIVE: Final = (_C.revoked_at.is_(None), or_(_C.expires_at.is_(None), _C.expires_at > bindparam("now")))
_SELECT: Final[Select[Any]] = select(
    _C.key_id,
    _C.secret_hash,
    _C.subject,
    _C.label,
    _C.scopes,
    _C.created_at,
    _C.expires_at,
    _C.last_used_at,
)
_FIND: Final = _SELECT.where(_C.key_id == bindparam("id"), *_LIVE)
_OF: Final = _SELECT.where(_C.subject.in_(bindparam("subjects", expanding=True)), *_LIVE).order_by(
    _C.created_at.desc(), _C.key_id
)
_COUNT: Final = select(func.count()).where(_C.subject == bindparam("whose"), *_LIVE)
_REVOKE: Final = (
    update(api_keys)
    .where(
        _C.key_id == bindparam("id"),
        _C.subject.in_(bindparam("subjects", expanding=True)),
        _C.revoked_at.is_(None),
    )
    .values(revoked_at=bindparam("moment"))
    .returning(_C.subject)
)
_USED: Final = (
    update(api_keys)
    .where(
        _C.key_id == bindparam("id"),
        or_(_C.last_used_at.is_(None), _C.last_used_at < bindparam("before")),
    )
    .values(last_used_at=bindparam("moment"))
)
_OVER: Final = (
    select(_C.key_id)
    .where(or_(_C.revoked_at < bindparam("before"), _C.expires_at < bindparam("before")))
    .limit(PURGE_ROWS)
)
_PURGE: Final = delete(api_keys).where(_C.key_id.in_(_OVER.scalar_subquery()))


class SqlApiKeys:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, key: ApiKey, purge_before: float) -> None:
        row = {
            "key_id": key.key_id,
            "secret_hash": key.secret_hash,
            "subject": key.subject,
            "label": key.label,
            "scopes": json.dumps(key.scopes),
            "created_at": moment(key.created_at),
            "expires_at": None if key.expires_at is None else moment(key.expires_at),
        }
        counted = {"whose": key.subject, "now": row["created_at"]}

        def work(connection: Connection) -> None:
            # The stamp's row is what simultaneous makers of one subject wait for: none of them is miscounted.
            move_stamps(connection, key.subject)
            if connection.execute(_COUNT, counted).scalar_one() >= MOST_KEYS:
                raise TooManyKeys
            connection.execute(_PURGE, {"before": moment(purge_before)})
            connection.execute(insert(api_keys), row)

        write(self._database, work)

    def find(self, key_id: str, now: float) -> ApiKey | None:
        values = {"id": key_id, "now": moment(now)}
        row = read(self._database, lambda connection: connection.execute(_FIND, values).first())
        return None if row is None else _key(row)

    def of_subjects(self, subjects: Collection[str], now: float) -> list[ApiKey]:
        values = {"subjects": list(subjects), "now": moment(now)}
        return [_key(row) for row in read(self._database, lambda c: c.execute(_OF, values).all())]

    def revoke(self, key_id: str, subjects: Collection[str], now: float) -> bool:
        values = {"id": key_id, "subjects": list(subjects), "moment": moment(now)}

        def work(connection: Connection) -> bool:
            subject = connection.execute(_REVOKE, values).scalar()
            if subject is None:
                return False
            move_stamps(connection, subject)
            return True

        return write(self._database, work)

    def used(self, key_id: str, now: float, not_since: float) -> None:
        values = {"id": key_id, "moment": moment(now), "before": moment(not_since)}
        write(self._database, lambda connection: connection.execute(_USED, values))


def _key(row: Sequence[Any]) -> ApiKey:
    return ApiKey(
        key_id=row[0],
        secret_hash=row[1],
        subject=row[2],
        label=row[3],
        scopes=tuple(json.loads(row[4])),
        created_at=row[5].timestamp(),
        expires_at=None if row[6] is None else row[6].timestamp(),
        last_used_at=None if row[7] is None else row[7].timestamp(),
    )
