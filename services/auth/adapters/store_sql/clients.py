"""The port Clients over one database. The builtin ones need no row; a row takes their place."""

import json
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from libs.sql.engine import Database
from services.auth.adapters.store_sql.oauth_tables import oauth_clients, oauth_grants
from services.auth.adapters.store_sql.stamps import move_all_stamps
from services.auth.adapters.store_sql.work import is_storable, moment, read, write
from services.auth.domain.clients import BUILTIN, Client, ClientOrigin
from services.auth.ports import Clock

# Members of Client that live in the JSON column beside the registered metadata.
_LISTS = ("redirect_uris", "grant_types", "response_types", "scopes")
_PLAIN = ("auth_method", "jwks", "tls_subject_dn", "binds_certificates", "legacy_no_pkce", "trusted")


class SqlClients:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        columns = oauth_clients.c
        self._insert = insert(oauth_clients)
        self._one = select(oauth_clients).where(columns.client_id == bindparam("wanted"))
        self._update = update(oauth_clients).where(columns.client_id == bindparam("wanted"))
        self._delete = delete(oauth_clients).where(columns.client_id == bindparam("wanted"))
        self._grants = delete(oauth_grants).where(oauth_grants.c.client_id == bindparam("wanted"))
        self._page = (
            select(oauth_clients)
            .where(columns.client_id > bindparam("after"))
            .order_by(columns.client_id)
            .limit(bindparam("most"))
        )

    def get(self, client_id: str) -> Client | None:
        if not is_storable(client_id):
            return None
        row = read(
            self._database, lambda connection: connection.execute(self._one, {"wanted": client_id}).first()
        )
        return BUILTIN.get(client_id) if row is None else _client(row)

    def add(self, client: Client) -> None:
        values = self._values(client) | {"client_id": client.client_id}
        write(self._database, lambda connection: connection.execute(self._insert, values))

    def change(self, client: Client) -> bool:
        values = self._values(client)

        def work(connection: Connection) -> bool:
            found = connection.execute(self._update.values(values), {"wanted": client.client_id})
            if found.rowcount == 1 and client.is_disabled:
                move_all_stamps(connection)
            return found.rowcount == 1

        return write(self._database, work)

    def remove(self, client_id: str) -> bool:
        def work(connection: Connection) -> bool:
            found = connection.execute(self._delete, {"wanted": client_id})
            if found.rowcount == 1:
                connection.execute(self._grants, {"wanted": client_id})
                move_all_stamps(connection)
            return found.rowcount == 1

        return write(self._database, work)

    def page(self, after: str, most: int, owner: str | None = None) -> list[Client]:
        statement = self._page if owner is None else self._page.where(oauth_clients.c.owner == owner)
        rows = read(
            self._database,
            lambda connection: connection.execute(statement, {"after": after, "most": most}).all(),
        )
        return [_client(row) for row in rows]

    def _values(self, client: Client) -> dict[str, Any]:
        document: dict[str, Any] = {name: list(getattr(client, name)) for name in _LISTS}
        document |= {name: getattr(client, name) for name in _PLAIN}
        document["jwks"] = None if client.jwks is None else dict(client.jwks)
        expires_at = client.secret_expires_at
        return {
            "origin": client.origin.value,
            "secret_hash": client.secret_hash,
            "secret_expires_at": None if expires_at is None else moment(expires_at),
            "name": client.name,
            "document": json.dumps(document | {"document": dict(client.document)}),
            "owner": client.owner,
            "registration_hash": client.registration_hash,
            "created_at": moment(client.created_at),
            "disabled_at": moment(self._clock.now()) if client.is_disabled else None,
        }


def _client(row: Row[Any]) -> Client:
    document: dict[str, Any] = json.loads(row.document)
    lists: dict[str, Any] = {name: tuple(document[name]) for name in _LISTS}
    plain: dict[str, Any] = {name: document[name] for name in _PLAIN}
    return Client(
        client_id=row.client_id,
        origin=ClientOrigin(row.origin),
        name=row.name,
        secret_hash=row.secret_hash,
        secret_expires_at=None if row.secret_expires_at is None else row.secret_expires_at.timestamp(),
        owner=row.owner,
        registration_hash=row.registration_hash,
        created_at=row.created_at.timestamp(),
        is_disabled=row.disabled_at is not None,
        document=document["document"],
        **lists,
        **plain,
    )
