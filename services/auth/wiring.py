"""The only place that knows concrete classes: builds everything the auth service's processes need."""

from pathlib import Path

from libs.signing.keys import require_native_curve
from libs.sql.engine import Database
from libs.sql.migrate import upgrade
from libs.web.internal_client import InternalClient
from libs.web.jwks import LocalJwks
from libs.web.service_tokens import ServiceTokenVerifier
from services.auth.adapters.clock import SystemClock
from services.auth.adapters.key_sealer import ScryptSealer
from services.auth.adapters.provider_http import ProviderContractWallets, ProviderLedger
from services.auth.adapters.store_sql.stores import SqlKeyStore, SqlSpentMessages, SqlTokenStore
from services.auth.deps import Deps
from services.auth.settings import Settings
from services.auth.usecases.keyring import Keyring
from services.auth.usecases.prove import Prove
from services.auth.usecases.service_tokens import OwnServiceToken, ServiceTokens
from services.auth.usecases.wallet_tokens import Policy, WalletTokens

MIGRATIONS = Path(__file__).parent / "adapters" / "store_sql" / "migrations"


def build(settings: Settings) -> Deps:
    """Everything concrete; brings the schema up to date and makes the first signing key before it returns.

    Raises KeyUnreadable when the database was filled with another AUTH_KEY_SECRET.
    """
    require_native_curve()
    clock = SystemClock()
    database = Database.open(settings.database_url.reveal())
    upgrade(database.engine, MIGRATIONS)
    keyring = Keyring(SqlKeyStore(database, clock), ScryptSealer(settings.key_secret), clock)
    keyring.start()
    service_tokens = ServiceTokens(settings.service_clients, keyring, clock, settings.issuer)
    provider = InternalClient(
        settings.provider_url,
        "provider",
        OwnServiceToken(service_tokens, clock),
        settings.peer_timeout_seconds,
    )
    prove = Prove(
        ProviderLedger(provider), ProviderContractWallets(provider), SqlSpentMessages(database), clock
    )
    policy = Policy(issuer=settings.issuer, most_seconds=settings.most_token_seconds)
    return Deps(
        wallet_tokens=WalletTokens(prove, keyring, SqlTokenStore(database), clock, policy),
        service_tokens=service_tokens,
        keyring=keyring,
        verifier=ServiceTokenVerifier(LocalJwks(lambda: keyring.current().verifying)),
        checks={"database": database.ping},
    )
