"""The port DeviceRequests: rows of `device_requests`, and the grant that an approval makes."""

import json
from typing import Any

from sqlalchemy import Connection, bindparam, delete, or_, select, update

from libs.sql.engine import Database
from services.auth.adapters.store_sql.grants import insert_grant
from services.auth.adapters.store_sql.inserts import insert_or_ignore, was_inserted
from services.auth.adapters.store_sql.oauth_tables import device_requests
from services.auth.adapters.store_sql.work import moment, read, write
from services.auth.domain.device import DeviceRequest, DeviceState
from services.auth.domain.grants import Grant
from services.auth.domain.scopes import format_scope

_C = device_requests.c
_COLUMNS = (_C.client_id, _C.scope, _C.state, _C.details, _C.grant_id, _C.interval_seconds, _C.created_at,
            _C.expires_at)  # fmt: skip


class SqlDeviceRequests:
    """Each move from one state to the next is one statement that names the state it starts from."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = insert_or_ignore(database, device_requests)
        self._by_device = select(*_COLUMNS).where(_C.device_hash == bindparam("device"))
        self._by_user = select(*_COLUMNS).where(_C.user_code == bindparam("user"))
        waiting = update(device_requests).where(
            _C.user_code == bindparam("user"),
            _C.state == DeviceState.PENDING.value,
            _C.expires_at > bindparam("moment"),
        )
        self._approve = waiting.values(state=DeviceState.APPROVED.value, grant_id=bindparam("grant"))
        self._deny = waiting.values(state=DeviceState.DENIED.value)
        self._poll = (
            update(device_requests)
            .where(
                _C.device_hash == bindparam("device"),
                or_(_C.last_polled_at.is_(None), _C.last_polled_at <= bindparam("latest")),
            )
            .values(last_polled_at=bindparam("moment"))
        )
        self._use = (
            update(device_requests)
            .where(
                _C.device_hash == bindparam("device"),
                _C.state == DeviceState.APPROVED.value,
                _C.expires_at > bindparam("moment"),
            )
            .values(state=DeviceState.USED.value)
        )
        outlived = select(_C.device_hash).where(_C.expires_at < bindparam("before")).limit(bindparam("most"))
        self._purge = delete(device_requests).where(_C.device_hash.in_(outlived.scalar_subquery()))

    def add(self, device_hash: str, user_hash: str, request: DeviceRequest) -> bool:
        row = {
            "device_hash": device_hash,
            "user_code": user_hash,
            "client_id": request.client_id,
            "scope": format_scope(request.scopes),
            "details": json.dumps(dict(request.details)),
            "state": request.state.value,
            "interval_seconds": request.interval,
            "created_at": moment(request.created_at),
            "expires_at": moment(request.expires_at),
        }
        return write(self._database, lambda connection: was_inserted(connection, self._insert, row))

    def by_device_code(self, device_hash: str) -> DeviceRequest | None:
        values = {"device": device_hash}
        row = read(self._database, lambda connection: connection.execute(self._by_device, values).first())
        return None if row is None else _request(row)

    def by_user_code(self, user_hash: str) -> DeviceRequest | None:
        values = {"user": user_hash}
        row = read(self._database, lambda connection: connection.execute(self._by_user, values).first())
        return None if row is None else _request(row)

    def approve(self, user_hash: str, grant: Grant, now: float) -> bool:
        values = {"user": user_hash, "grant": grant.id, "moment": moment(now)}

        def work(connection: Connection) -> bool:
            if connection.execute(self._approve, values).rowcount != 1:
                return False
            insert_grant(connection, grant)
            return True

        return write(self._database, work)

    def deny(self, user_hash: str, now: float) -> bool:
        return self._moved(self._deny, {"user": user_hash, "moment": moment(now)})

    def note_poll(self, device_hash: str, now: float, least_seconds: float) -> bool:
        latest = moment(now - least_seconds)
        return self._moved(self._poll, {"device": device_hash, "latest": latest, "moment": moment(now)})

    def use(self, device_hash: str, now: float) -> bool:
        return self._moved(self._use, {"device": device_hash, "moment": moment(now)})

    def purge(self, expired_before: float, most: int) -> int:
        values = {"before": moment(expired_before), "most": most}
        return write(self._database, lambda connection: connection.execute(self._purge, values).rowcount)

    def _moved(self, statement: Any, values: dict[str, Any]) -> bool:
        def work(connection: Connection) -> bool:
            return connection.execute(statement, values).rowcount == 1

        return write(self._database, work)


def _request(row: Any) -> DeviceRequest:
    client_id, scope, state, details, grant_id, interval, created_at, expires_at = row
    return DeviceRequest(
        client_id=client_id,
        scopes=tuple(scope.split()),
        state=DeviceState(state),
        details=json.loads(details),
        grant_id=grant_id,
        interval=interval,
        created_at=created_at.timestamp(),
        expires_at=expires_at.timestamp(),
    )
