"""The part of the wiring that the service and the `tidegate-admin` command share."""

from libs.sql.engine import Database
from services.auth.adapters.argon2 import Argon2Passwords
from services.auth.adapters.store_sql.api_keys import SqlApiKeys
from services.auth.adapters.store_sql.audit import SqlAudit
from services.auth.adapters.store_sql.clients import SqlClients
from services.auth.adapters.store_sql.grants import SqlGrants
from services.auth.adapters.store_sql.guesses import SqlGuesses
from services.auth.adapters.store_sql.key_changes import SqlKeyChanges
from services.auth.adapters.store_sql.people import SqlPeople
from services.auth.adapters.store_sql.sessions import SqlSessions
from services.auth.adapters.store_sql.stores import SqlKeyStore
from services.auth.ports import Clock
from services.auth.settings import Settings
from services.auth.usecases.administration import Administration
from services.auth.usecases.client_admin import ClientAdmin
from services.auth.usecases.key_rotation import KeyRotation
from services.auth.usecases.keyring import Keyring
from services.auth.usecases.links import Links
from services.auth.usecases.passwords import Passwords
from services.auth.usecases.people import Accounts, Holdings


def administration(
    settings: Settings, database: Database, keyring: Keyring, clock: Clock, audit: SqlAudit
) -> Administration:
    people = SqlPeople(database, clock)
    passwords = Passwords(people, Argon2Passwords(), SqlGuesses(database, clock), audit)
    holdings = Holdings(
        grants=SqlGrants(database, clock),
        api_keys=SqlApiKeys(database),
        sessions=SqlSessions(database),
    )
    longest = max(settings.most_token_seconds, settings.access_token_seconds, settings.refresh_token_seconds)
    return Administration(
        people=people,
        passwords=passwords,
        accounts=Accounts(people, passwords, audit, clock, holdings),
        links=Links(people, audit),
        clients=ClientAdmin(SqlClients(database, clock), audit),
        rotation=KeyRotation(
            SqlKeyStore(database, clock),
            SqlKeyChanges(database, clock),
            keyring,
            clock,
            audit,
            float(longest),
        ),
        audit_log=audit,
    )
