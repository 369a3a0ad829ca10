"""The port ReferenceTokens over one database."""

from sqlalchemy import bindparam, delete, insert, select

from libs.sql.engine import Database
from services.auth.adapters.store_sql.oauth_tables import reference_tokens
from services.auth.adapters.store_sql.work import moment, read, write
from services.auth.domain.references import ReferenceToken


class SqlReferenceTokens:
    def __init__(self, database: Database) -> None:
        self._database = database
        columns = reference_tokens.c
        self._insert = insert(reference_tokens)
        self._one = select(reference_tokens).where(columns.token_hash == bindparam("wanted"))
        old = (
            select(columns.token_hash)
            .where(columns.expires_at < bindparam("before"))
            .limit(bindparam("most"))
        )
        self._purge = delete(reference_tokens).where(columns.token_hash.in_(old.scalar_subquery()))

    def add(self, token: ReferenceToken) -> None:
        row = {
            "token_hash": token.token_hash,
            "jti": token.token_id,
            "grant_id": token.grant_id,
            "issued_at": moment(token.issued_at),
            "expires_at": moment(token.expires_at),
            "revoked_at": None,
        }
        write(self._database, lambda connection: connection.execute(self._insert, row))

    def find(self, token_hash: str) -> ReferenceToken | None:
        values = {"wanted": token_hash}
        row = read(self._database, lambda connection: connection.execute(self._one, values).first())
        if row is None:
            return None
        return ReferenceToken(
            token_hash=row.token_hash,
            token_id=row.jti,
            grant_id=row.grant_id,
            issued_at=row.issued_at.timestamp(),
            expires_at=row.expires_at.timestamp(),
        )

    def purge(self, expired_before: float, most: int) -> int:
        values = {"before": moment(expired_before), "most": most}
        return write(self._database, lambda connection: connection.execute(self._purge, values).rowcount)
