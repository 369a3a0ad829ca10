"""The port TokenStanding: one read answers whether an access token still counts."""

from sqlalchemy import Connection, bindparam, select

from libs.sql.engine import Database
from services.auth.adapters.store_sql.inserts import insert_or_ignore, was_inserted
from services.auth.adapters.store_sql.oauth_tables import oauth_clients, oauth_grants
from services.auth.adapters.store_sql.stamps import move_stamps
from services.auth.adapters.store_sql.tables import issued_tokens
from services.auth.adapters.store_sql.work import moment, read, write
from services.auth.domain.clients import BUILTIN

KIND = "access"


class SqlTokenStanding:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = insert_or_ignore(database, issued_tokens)
        revoked = select(issued_tokens.c.jti).where(
            issued_tokens.c.jti == bindparam("token_id"), issued_tokens.c.revoked_at.is_not(None)
        )
        client = oauth_clients.c
        rows = select(client.client_id).where(client.client_id == bindparam("client_id"))
        grant = select(oauth_grants.c.id).where(
            oauth_grants.c.id == bindparam("grant_id"),
            oauth_grants.c.revoked_at.is_(None),
            oauth_grants.c.expires_at > bindparam("now"),
        )
        self._select = select(
            revoked.exists().label("revoked"),
            rows.exists().label("registered"),
            rows.where(client.disabled_at.is_(None)).exists().label("enabled"),
            grant.exists().label("granted"),
        )

    def counts(self, token_id: str, client_id: str, grant_id: str | None, now: float) -> bool:
        values = {"token_id": token_id, "client_id": client_id, "grant_id": grant_id, "now": moment(now)}
        row = read(self._database, lambda connection: connection.execute(self._select, values).one())
        has_client = bool(row.enabled) or (client_id in BUILTIN and not row.registered)
        return has_client and not row.revoked and (grant_id is None or bool(row.granted))

    def revoke(self, token_id: str, subject: str, client_id: str, expires_at: float, now: float) -> bool:
        row = {
            "jti": token_id,
            "kind": KIND,
            "subject": subject,
            "client_id": client_id,
            "issued_at": moment(now),
            "expires_at": moment(expires_at),
            "revoked_at": moment(now),
        }

        def work(connection: Connection) -> bool:
            is_new = was_inserted(connection, self._insert, row)
            if is_new:
                move_stamps(connection, subject)
            return is_new

        return write(self._database, work)
