"""The ports KeyStore, TokenStore and SpentMessages over one database; statements are built once."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, delete, select, update

from libs.signing.tokens import ALGORITHM
from libs.sql.engine import Database
from libs.sql.errors import DatabaseUnavailable
from services.auth.adapters.store_sql.inserts import insert_or_ignore, was_inserted
from services.auth.adapters.store_sql.stamps import move_stamps
from services.auth.adapters.store_sql.tables import issued_tokens, signing_keys, spent_messages
from services.auth.domain.errors import StoreUnavailable
from services.auth.domain.signing_keys import KeyState, StoredKey
from services.auth.domain.tokens import CLIENT, KIND, WalletToken
from services.auth.ports import Clock

T = TypeVar("T")
Work = Callable[[Connection], T]


class SqlKeyStore:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._insert = insert_or_ignore(database, signing_keys)
        self._select = select(
            signing_keys.c.kid,
            signing_keys.c.state,
            signing_keys.c.public_jwk,
            signing_keys.c.private_sealed,
            signing_keys.c.state_changed_at,
        ).order_by(signing_keys.c.created_at, signing_keys.c.kid)

    def all(self) -> list[StoredKey]:
        rows = _read(self._database, lambda connection: connection.execute(self._select).all())
        return [
            StoredKey(row[0], KeyState(row[1]), json.loads(row[2]), row[3], row[4].timestamp())
            for row in rows
        ]

    def add_active(self, key: StoredKey) -> None:
        now = _moment(self._clock.now())
        row = {
            "kid": key.kid,
            "algorithm": ALGORITHM,
            "state": KeyState.ACTIVE.value,
            "public_jwk": json.dumps(dict(key.public_jwk)),
            "private_sealed": key.private_sealed,
            "created_at": now,
            "state_changed_at": now,
        }
        _write(self._database, lambda connection: was_inserted(connection, self._insert, row))


class SqlTokenStore:
    def __init__(self, database: Database) -> None:
        self._database = database
        columns = issued_tokens.c
        self._revoked = select(columns.revoked_at).where(columns.jti == bindparam("token_id"))
        self._insert = insert_or_ignore(database, issued_tokens)
        self._mark = (
            update(issued_tokens)
            .where(columns.jti == bindparam("token_id"), columns.revoked_at.is_(None))
            .values(revoked_at=bindparam("moment"))
        )
        outlived = (
            select(columns.jti).where(columns.expires_at < bindparam("before")).limit(bindparam("most"))
        )
        self._purge = delete(issued_tokens).where(columns.jti.in_(outlived.scalar_subquery()))

    def is_revoked(self, token_id: str) -> bool:
        def work(connection: Connection) -> bool:
            row = connection.execute(self._revoked, {"token_id": token_id}).first()
            return row is not None and row[0] is not None

        return _read(self._database, work)

    def revoke(self, token: WalletToken, now: float) -> bool:
        moment = _moment(now)
        row = {
            "jti": token.token_id,
            "kind": KIND,
            "subject": token.subject,
            "client_id": CLIENT,
            "issued_at": _moment(token.issued_at),
            "expires_at": _moment(token.expires_at),
            "revoked_at": moment,
        }

        def work(connection: Connection) -> bool:
            is_new = was_inserted(connection, self._insert, row) or self._marked(connection, row)
            if is_new:
                move_stamps(connection, token.subject)
            return is_new

        return _write(self._database, work)

    def _marked(self, connection: Connection, row: dict[str, Any]) -> bool:
        values = {"token_id": row["jti"], "moment": row["revoked_at"]}
        return connection.execute(self._mark, values).rowcount == 1

    def purge(self, expired_before: float, most: int) -> int:
        values = {"before": _moment(expired_before), "most": most}
        return _write(self._database, lambda connection: connection.execute(self._purge, values).rowcount)


class SqlSpentMessages:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = insert_or_ignore(database, spent_messages)
        self._select = select(spent_messages.c.spent_at).where(
            spent_messages.c.fingerprint == bindparam("print")
        )

    def spend(self, fingerprint: str, now: float) -> bool:
        row = {"fingerprint": fingerprint, "spent_at": _moment(now)}
        return _write(self._database, lambda connection: was_inserted(connection, self._insert, row))

    def is_spent(self, fingerprint: str) -> bool:
        found = _read(
            self._database,
            lambda connection: connection.execute(self._select, {"print": fingerprint}).first(),
        )
        return found is not None


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _read(database: Database, work: Work[T]) -> T:
    try:
        return database.run_read(work)
    except DatabaseUnavailable as error:
        raise StoreUnavailable from error


def _write(database: Database, work: Work[T]) -> T:
    try:
        return database.run_write(work)
    except DatabaseUnavailable as error:
        raise StoreUnavailable from error
