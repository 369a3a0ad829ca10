"""The ports Grants, Codes and RefreshTokens over one database: revoking a grant ends all that hangs on it."""

import json
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from libs.sql.engine import Database
from services.auth.adapters.store_sql.oauth_tables import authorization_codes, oauth_grants, refresh_tokens
from services.auth.adapters.store_sql.stamps import move_stamps
from services.auth.adapters.store_sql.work import moment, read, write
from services.auth.domain.grants import AuthorizationCode, Grant, RefreshToken, Rotation
from services.auth.domain.scopes import format_scope
from services.auth.ports import Clock

_GRANT = oauth_grants.c
_STANDING = (_GRANT.revoked_at.is_(None), _GRANT.expires_at > bindparam("now"))


class SqlGrants:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._one = select(oauth_grants).where(_GRANT.id == bindparam("wanted"), *_STANDING)
        self._of = (
            select(oauth_grants)
            .where(_GRANT.subject == bindparam("subject"), *_STANDING)
            .order_by(_GRANT.created_at.desc(), _GRANT.id)
        )
        self._revoke = (
            update(oauth_grants)
            .where(_GRANT.id == bindparam("wanted"), _GRANT.revoked_at.is_(None))
            .values(revoked_at=bindparam("moment"), revoked_why=bindparam("why"))
            .returning(_GRANT.subject)
        )
        self._used = (
            update(oauth_grants)
            .where(_GRANT.id == bindparam("wanted"))
            .values(last_used_at=bindparam("moment"))
        )
        old = select(_GRANT.id).where(_GRANT.expires_at < bindparam("before")).limit(bindparam("most"))
        self._purge = delete(oauth_grants).where(_GRANT.id.in_(old.scalar_subquery()))

    def add(self, grant: Grant) -> None:
        write(self._database, lambda connection: insert_grant(connection, grant))

    def get(self, grant_id: str) -> Grant | None:
        values = {"wanted": grant_id, "now": moment(self._clock.now())}
        row = read(self._database, lambda connection: connection.execute(self._one, values).first())
        return None if row is None else _grant(row)

    def revoke(self, grant_id: str, why: str) -> bool:
        values = {"wanted": grant_id, "moment": moment(self._clock.now()), "why": why}

        def work(connection: Connection) -> bool:
            subject = connection.execute(self._revoke, values).scalar()
            if subject is not None:
                move_stamps(connection, subject)
            return subject is not None

        return write(self._database, work)

    def revoke_all(self, subject: str, why: str, client_id: str | None = None) -> int:
        chosen = update(oauth_grants).where(_GRANT.subject == subject, _GRANT.revoked_at.is_(None))
        if client_id is not None:
            chosen = chosen.where(_GRANT.client_id == client_id)
        chosen = chosen.values(revoked_at=moment(self._clock.now()), revoked_why=why)

        def work(connection: Connection) -> int:
            count = connection.execute(chosen).rowcount
            if count:
                move_stamps(connection, subject)
            return count

        return write(self._database, work)

    def of_subject(self, subject: str) -> list[Grant]:
        values = {"subject": subject, "now": moment(self._clock.now())}
        rows = read(self._database, lambda connection: connection.execute(self._of, values).all())
        return [_grant(row) for row in rows]

    def used(self, grant_id: str, now: float) -> None:
        values = {"wanted": grant_id, "moment": moment(now)}
        write(self._database, lambda connection: connection.execute(self._used, values))

    def purge(self, expired_before: float, most: int) -> int:
        values = {"before": moment(expired_before), "most": most}
        return write(self._database, lambda connection: connection.execute(self._purge, values).rowcount)


class SqlCodes:
    def __init__(self, database: Database) -> None:
        self._database = database
        columns = authorization_codes.c
        self._insert = insert(authorization_codes)
        self._one = select(authorization_codes).where(columns.code_hash == bindparam("wanted"))
        self._take = (
            update(authorization_codes)
            .where(columns.code_hash == bindparam("wanted"), columns.used_at.is_(None))
            .values(used_at=bindparam("moment"))
        )

    def add(self, grant: Grant, code: AuthorizationCode) -> None:
        row = {name: getattr(code, name) for name in AuthorizationCode.__slots__}
        row |= {"expires_at": moment(code.expires_at), "used_at": None}

        def work(connection: Connection) -> None:
            insert_grant(connection, grant)
            connection.execute(self._insert, row)

        write(self._database, work)

    def find(self, code_hash: str) -> AuthorizationCode | None:
        row = read(
            self._database, lambda connection: connection.execute(self._one, {"wanted": code_hash}).first()
        )
        if row is None:
            return None
        values = dict(row._mapping)
        values["expires_at"] = row.expires_at.timestamp()
        values["used_at"] = None if row.used_at is None else row.used_at.timestamp()
        return AuthorizationCode(**values)

    def take(self, code_hash: str, now: float) -> bool:
        values = {"wanted": code_hash, "moment": moment(now)}
        return write(self._database, lambda connection: connection.execute(self._take, values).rowcount == 1)


class SqlRefreshTokens:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        columns = refresh_tokens.c
        self._insert = insert(refresh_tokens)
        self._one = (
            select(refresh_tokens)
            .join(oauth_grants, _GRANT.id == columns.grant_id)
            .where(columns.token_hash == bindparam("wanted"), *_STANDING)
        )
        self._use = (
            update(refresh_tokens)
            .where(columns.token_hash == bindparam("wanted"), columns.used_at.is_(None))
            .values(used_at=bindparam("moment"))
        )

    def add(self, token: RefreshToken) -> None:
        write(self._database, lambda connection: connection.execute(self._insert, _refresh_row(token)))

    def find(self, token_hash: str) -> RefreshToken | None:
        now = self._clock.now()
        return read(self._database, lambda connection: self._found(connection, token_hash, now))

    def rotate(self, token_hash: str, successor: RefreshToken, now: float, grace: float) -> Rotation:
        def work(connection: Connection) -> Rotation:
            won = connection.execute(self._use, {"wanted": token_hash, "moment": moment(now)}).rowcount == 1
            found = self._found(connection, token_hash, now)
            if found is None:
                return Rotation.GONE
            if not won and (found.used_at is None or found.used_at < now - grace):
                return Rotation.REUSED
            connection.execute(self._insert, _refresh_row(successor))
            return Rotation.DONE

        return write(self._database, work)

    def _found(self, connection: Connection, token_hash: str, now: float) -> RefreshToken | None:
        row = connection.execute(self._one, {"wanted": token_hash, "now": moment(now)}).first()
        if row is None:
            return None
        return RefreshToken(
            token_hash=row.token_hash,
            grant_id=row.grant_id,
            issued_at=row.issued_at.timestamp(),
            expires_at=row.expires_at.timestamp(),
            used_at=None if row.used_at is None else row.used_at.timestamp(),
        )


def insert_grant(connection: Connection, grant: Grant) -> None:
    """For stores that make a grant together with something of their own."""
    row = {
        "id": grant.id,
        "client_id": grant.client_id,
        "subject": grant.subject,
        "flow": grant.flow,
        "scope": format_scope(grant.scopes),
        "details": json.dumps(dict(grant.details)),
        "created_at": moment(grant.created_at),
        "expires_at": moment(grant.expires_at),
    }
    connection.execute(insert(oauth_grants), row)


def _grant(row: Row[Any]) -> Grant:
    return Grant(
        id=row.id,
        client_id=row.client_id,
        subject=row.subject,
        flow=row.flow,
        scopes=tuple(row.scope.split()),
        details=json.loads(row.details),
        created_at=row.created_at.timestamp(),
        expires_at=row.expires_at.timestamp(),
        last_used_at=None if row.last_used_at is None else row.last_used_at.timestamp(),
    )


def _refresh_row(token: RefreshToken) -> dict[str, Any]:
    return {
        "token_hash": token.token_hash,
        "grant_id": token.grant_id,
        "issued_at": moment(token.issued_at),
        "expires_at": moment(token.expires_at),
        "used_at": None,
    }
