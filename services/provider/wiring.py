"""The only place that knows concrete classes: builds everything the provider's web process needs."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from libs.chain.client import Chains, build_chains
from libs.signing.keys import require_native_curve
from libs.sql.engine import Database
from libs.sql.migrate import upgrade
from libs.web.gate import Gate
from libs.web.internal_client import InternalClient, ServiceTokens
from libs.web.jwks import RemoteJwks
from libs.web.remembered_principals import RememberedPrincipals, RemoteAuth
from libs.web.service_tokens import ServiceTokenVerifier
from services.provider.adapters.auth_http import AuthHttp
from services.provider.adapters.catalogue_http import CatalogueHttp
from services.provider.adapters.chain_proof import ChainProof
from services.provider.adapters.clock import SystemClock
from services.provider.adapters.contract_reader import ChainContractReader
from services.provider.adapters.environments import NoEnvironments
from services.provider.adapters.environments_http import EnvironmentsHttp
from services.provider.adapters.origins import GuardedOrigins, make_fetcher
from services.provider.adapters.proofs import HttpProof, ProofQueue, ProofSender
from services.provider.adapters.rbac import AccessControlHttp
from services.provider.adapters.store_sql.grants import SqlGrantStore
from services.provider.adapters.store_sql.ledger import SqlNonceLedger
from services.provider.deps import Deps
from services.provider.domain.fees import FeePolicy
from services.provider.domain.file_types import Gateways
from services.provider.domain.orders import Rules
from services.provider.egress.relay import OriginRelay
from services.provider.egress.ticket import SealedTickets
from services.provider.ports import ComputeEnvironments
from services.provider.settings import Settings
from services.provider.usecases.access import Access
from services.provider.usecases.authenticate import Authenticate
from services.provider.usecases.compute_assets import ComputeAssets
from services.provider.usecases.compute_orders import ComputeOrders
from services.provider.usecases.compute_quote import FeeTokens, QuoteCompute
from services.provider.usecases.compute_start import AuthorizeStart
from services.provider.usecases.decrypt import Decrypt
from services.provider.usecases.download import Download
from services.provider.usecases.encrypt import Encrypt
from services.provider.usecases.fileinfo import Fileinfo
from services.provider.usecases.grants import Grants
from services.provider.usecases.handover import Handover
from services.provider.usecases.initialize import Initialize
from services.provider.usecases.nonces import Nonces
from services.provider.usecases.orders import Orders
from services.provider.usecases.probe import Probe
from services.provider.usecases.quotes import Quotes
from services.provider.usecases.registry import UseCases
from services.provider.usecases.service_files import ServiceFiles

MIGRATIONS = Path(__file__).parent / "adapters" / "store_sql" / "migrations"
SERVICE = "provider"
ORIGIN_IDLE_SECONDS = 60.0  # longest silence inside a body that we carry ourselves


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What several use cases share."""

    settings: Settings
    chains: Chains
    clock: SystemClock
    nonces: Nonces
    authenticate: Authenticate
    assets: CatalogueHttp
    access: Access
    orders: Orders
    quotes: Quotes
    gateways: Gateways
    files: ServiceFiles
    probe: Probe
    origins: GuardedOrigins
    glances: GuardedOrigins  # the same with less patience
    contracts: ChainContractReader
    handover: Handover
    environments: ComputeEnvironments
    grants: SqlGrantStore


def build(settings: Settings) -> Deps:
    """Everything concrete; brings the database's schema up to date first.

    Asks the node for its chain id when neither CHAIN_ID nor NETWORK_URL names one.
    """
    require_native_curve()
    database = Database.open(settings.database_url.reveal())
    upgrade(database.engine, MIGRATIONS)
    jwks = RemoteJwks(settings.auth_url)
    jwks.warm()
    parts = _parts(settings, database, jwks)
    return Deps(
        usecases=_usecases(parts),
        service_tokens=ServiceTokenVerifier(jwks),
        gate=_gate(settings),
        checks={"database": database.ping, "chain": lambda: _ask_heads(parts.chains)},
    )


def _parts(settings: Settings, database: Database, jwks: RemoteJwks) -> _Parts:
    chains, clock, ledger = _chains(settings), SystemClock(), SqlNonceLedger(database)
    assets = CatalogueHttp(InternalClient(settings.catalogue_url, "catalogue", None))
    gateways = Gateways(
        ipfs=settings.ipfs_gateway, arweave=settings.arweave_gateway, files=settings.shared_files
    )
    origins, contracts = _origins(settings, ORIGIN_IDLE_SECONDS), ChainContractReader(chains)
    # A look at a file is not worth the patience that its download is.
    glances = _origins(settings, settings.request_timeout_seconds)
    return _Parts(
        settings=settings,
        chains=chains,
        clock=clock,
        nonces=Nonces(ledger),
        authenticate=Authenticate(ledger, _auth_tokens(settings, jwks, clock), chains),
        assets=assets,
        access=_access(settings, assets, chains),
        orders=Orders(
            settings.keys,
            clock,
            Rules(
                confirmations=settings.order_confirmations, reuse_extends_order=settings.reuse_extends_order
            ),
        ),
        quotes=Quotes(
            settings.keys, FeePolicy(tokens=settings.fee_tokens, amounts=settings.fee_amounts), clock
        ),
        gateways=gateways,
        files=ServiceFiles(settings.keys, gateways, allow_unbound=settings.allow_unbound_files),
        probe=Probe(
            glances,
            contracts,
            max_checksum_bytes=settings.max_checksum_bytes,
            budget_seconds=3 * settings.request_timeout_seconds,
            at_once=settings.probes_at_once,
        ),
        origins=origins,
        glances=glances,
        contracts=contracts,
        handover=Handover(OriginRelay(origins), contracts, _tickets(settings)),
        environments=_environments(settings),
        grants=SqlGrantStore(database),
    )


def _usecases(parts: _Parts) -> UseCases:
    settings = parts.settings
    chain_ids = parts.chains.ids()
    return UseCases(
        addresses=settings.keys.addresses(chain_ids),
        nonces=parts.nonces,
        authenticate=parts.authenticate,
        encrypt=Encrypt(settings.keys, chain_ids[0]),
        decrypt=Decrypt(parts.authenticate, parts.chains, settings.keys, settings.authorized_decrypters),
        fileinfo=Fileinfo(
            parts.assets,
            parts.files,
            parts.probe,
            parts.gateways,
            caller_headers=settings.fileinfo_caller_headers,
        ),
        initialize=_initialize(parts),
        download=_download(parts),
        **_compute(parts),
    )


def _compute(parts: _Parts) -> dict[str, Any]:
    """The use cases of the compute service's jobs."""
    assets = ComputeAssets(access=parts.access, files=parts.files, probe=parts.probe)
    orders = ComputeOrders(orders=parts.orders, quotes=parts.quotes)
    grants = Grants(
        store=parts.grants,
        access=parts.access,
        files=parts.files,
        handover=parts.handover,
        clock=parts.clock,
        lasting_seconds=parts.settings.grant_seconds,
        held_bytes=parts.settings.max_checksum_bytes,
    )
    return {
        "authorize_start": AuthorizeStart(assets=assets, orders=orders, grants=grants, origins=parts.glances),
        "quote_compute": QuoteCompute(assets=assets, orders=orders, quotes=parts.quotes, clock=parts.clock),
        "grants": grants,
        "fee_tokens": FeeTokens(chains=parts.chains, quotes=parts.quotes),
    }


def _initialize(parts: _Parts) -> Initialize:
    return Initialize(
        access=parts.access,
        orders=parts.orders,
        quotes=parts.quotes,
        files=parts.files,
        probe=parts.probe,
        nonces=parts.nonces,
        environments=parts.environments,
        clock=parts.clock,
    )


def _download(parts: _Parts) -> Download:
    return Download(
        authenticate=parts.authenticate,
        access=parts.access,
        orders=parts.orders,
        files=parts.files,
        handover=parts.handover,
        environments=parts.environments,
        proofs=_proofs(parts),
    )


def _tickets(settings: Settings) -> SealedTickets | None:
    return None if settings.egress_key is None else SealedTickets(settings.egress_key.reveal())


def _environments(settings: Settings) -> ComputeEnvironments:
    if settings.compute_url is None:
        return NoEnvironments()
    tokens = ServiceTokens(settings.auth_url, SERVICE, settings.service_secret)
    return EnvironmentsHttp(InternalClient(settings.compute_url, "compute", tokens))


def _proofs(parts: _Parts) -> ProofQueue | None:
    settings = parts.settings
    senders: list[ProofSender] = []
    if settings.http_proof_url is not None:
        senders.append(HttpProof(settings.http_proof_url, settings.keys, parts.origins))
    if settings.chain_proof:
        senders.append(ChainProof(parts.chains, settings.keys))
    return ProofQueue(senders) if senders else None


def _access(settings: Settings, assets: CatalogueHttp, chains: Chains) -> Access:
    if settings.rbac_server_url is None:
        return Access(assets, chains)
    key = settings.keys.for_no_chain()
    assert key is not None, "load_settings saw to it"
    access_control = AccessControlHttp(settings.rbac_server_url, key, private=settings.private_provider)
    return Access(assets, chains, access_control)


def _origins(settings: Settings, idle_seconds: float) -> GuardedOrigins:
    fetcher = make_fetcher(
        allow_non_public_ip=settings.allow_non_public_ip,
        fetch_allow=settings.fetch_allow,
        shared_files=settings.shared_files,
        request_timeout=settings.request_timeout_seconds,
        idle_seconds=idle_seconds,
    )
    return GuardedOrigins(fetcher, settings.request_retries)


def _auth_tokens(settings: Settings, jwks: RemoteJwks, clock: SystemClock) -> AuthHttp:
    service_tokens = ServiceTokens(settings.auth_url, SERVICE, settings.service_secret)
    return AuthHttp(InternalClient(settings.auth_url, "auth", service_tokens), jwks, clock)


def _chains(settings: Settings) -> Chains:
    urls = {chain_id: secret.reveal() for chain_id, secret in settings.network_urls.items()}
    plain = urls.pop(None, None)
    named = json.dumps({str(chain_id): url for chain_id, url in urls.items()})
    return build_chains(plain or named, settings.address_file, chain_id=settings.chain_id)


def _ask_heads(chains: Chains) -> None:
    """Ready means: each configured chain answers."""
    for chain_id in chains.ids():
        chains.get(chain_id).head()


def _gate(settings: Settings) -> Gate:
    tokens = ServiceTokens(settings.auth_url, SERVICE, settings.service_secret)
    return Gate(RememberedPrincipals(RemoteAuth(InternalClient(settings.auth_url, "auth", tokens))))
