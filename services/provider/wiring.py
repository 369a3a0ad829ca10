"""The only place that knows concrete classes: builds everything the provider's processes need."""

import json
from pathlib import Path

from libs.chain.client import Chains, build_chains
from libs.signing.keys import require_native_curve
from libs.sql.engine import Database
from libs.sql.migrate import upgrade
from libs.web.internal_client import InternalClient, ServiceTokens
from libs.web.jwks import RemoteJwks
from libs.web.service_tokens import ServiceTokenVerifier
from services.provider.adapters.auth_http import AuthHttp
from services.provider.adapters.clock import SystemClock
from services.provider.adapters.store_sql.ledger import SqlNonceLedger
from services.provider.deps import Deps
from services.provider.settings import Settings
from services.provider.usecases.authenticate import Authenticate
from services.provider.usecases.decrypt import Decrypt
from services.provider.usecases.encrypt import Encrypt
from services.provider.usecases.nonces import Nonces
from services.provider.usecases.registry import UseCases

MIGRATIONS = Path(__file__).parent / "adapters" / "store_sql" / "migrations"
SERVICE = "provider"


def build(settings: Settings) -> Deps:
    """Everything concrete; brings the database's schema up to date first.

    Asks the node for its chain id when neither CHAIN_ID nor NETWORK_URL names one.
    """
    require_native_curve()
    database = Database.open(settings.database_url.reveal())
    upgrade(database.engine, MIGRATIONS)
    chains = _chains(settings)
    jwks = RemoteJwks(settings.auth_url)
    ledger = SqlNonceLedger(database)
    service_tokens = ServiceTokens(settings.auth_url, SERVICE, settings.service_secret)
    auth_tokens = AuthHttp(InternalClient(settings.auth_url, "auth", service_tokens), jwks, SystemClock())
    authenticate = Authenticate(ledger, auth_tokens, chains)
    default_chain_id = chains.ids()[0]
    usecases = UseCases(
        addresses=settings.keys.addresses(chains.ids()),
        nonces=Nonces(ledger),
        authenticate=authenticate,
        encrypt=Encrypt(settings.keys, default_chain_id),
        decrypt=Decrypt(authenticate, chains, settings.keys, settings.authorized_decrypters),
    )
    return Deps(
        usecases=usecases,
        service_tokens=ServiceTokenVerifier(jwks),
        checks={"database": database.ping, "chain": lambda: _ask_heads(chains)},
    )


def _chains(settings: Settings) -> Chains:
    urls = {chain_id: secret.reveal() for chain_id, secret in settings.network_urls.items()}
    plain = urls.pop(None, None)
    named = json.dumps({str(chain_id): url for chain_id, url in urls.items()})
    return build_chains(plain or named, settings.address_file, chain_id=settings.chain_id)


def _ask_heads(chains: Chains) -> None:
    """Ready means: each configured chain answers."""
    for chain_id in chains.ids():
        chains.get(chain_id).head()
