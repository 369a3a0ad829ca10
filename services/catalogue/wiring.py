"""Builds everything the catalogue's web process needs (the indexer has its own assembly)."""

from pathlib import Path

from libs.signing.keys import require_native_curve
from libs.sql.engine import Database
from libs.sql.migrate import upgrade
from libs.web.gate import Gate
from libs.web.internal_client import InternalClient, ServiceTokens
from libs.web.jwks import RemoteJwks
from libs.web.remembered_principals import RememberedPrincipals, RemoteAuth
from libs.web.service_tokens import ServiceTokenVerifier
from services.catalogue.adapters import store_sql
from services.catalogue.adapters.clock import SystemClock
from services.catalogue.adapters.files_sql.store import SqlFiles, open_files_store
from services.catalogue.adapters.nonces_http import ProviderNonces
from services.catalogue.adapters.own_bytes_http import OwnBytesHttp
from services.catalogue.adapters.store_sql.catalogue import SqlCatalogue
from services.catalogue.deps import Deps
from services.catalogue.dialects.aquarius.search import render_search
from services.catalogue.settings import FileSettings, LedgerSettings, Settings
from services.catalogue.usecases.assets import Assets
from services.catalogue.usecases.files.bulk import Bulk, Parts
from services.catalogue.usecases.files.directories import Directories
from services.catalogue.usecases.files.fields import Fields
from services.catalogue.usecases.files.files import Files
from services.catalogue.usecases.files.keeping import Keeping
from services.catalogue.usecases.files.metadata import Metadata
from services.catalogue.usecases.files.provenance import Provenance
from services.catalogue.usecases.files.registry import FileCatalogue
from services.catalogue.usecases.files.replicas import Replicas
from services.catalogue.usecases.files.rights import Rights
from services.catalogue.usecases.files.searching import Searching
from services.catalogue.usecases.files.shares import Shares
from services.catalogue.usecases.registry import UseCases
from services.catalogue.usecases.search import SearchAssets
from services.catalogue.usecases.states import IndexStates
from services.catalogue.usecases.trigger import TriggerCaching
from services.catalogue.usecases.validate import Validate

# A search is written with its joins in a good order; looking for a better one among a dozen joins costs
# PostgreSQL minutes of planning, and compiling a query costs more than running it.
SEARCH_PLANNING = {"join_collapse_limit": "1", "from_collapse_limit": "1", "jit": "off"}
MIGRATIONS = Path(store_sql.__file__).parent / "migrations"
SERVICE = "catalogue"


def build(settings: Settings) -> Deps:
    """Everything concrete; brings the database's schema up to date first."""
    require_native_curve()
    database = Database.open(settings.database_url.reveal(), SEARCH_PLANNING)
    upgrade(database.engine, MIGRATIONS)
    catalogue = SqlCatalogue(database)
    files = None if settings.files is None else open_files_store(settings.files.database_url.reveal())
    return Deps(
        usecases=UseCases(
            assets=Assets(catalogue),
            search=SearchAssets(catalogue, render_search),
            states=IndexStates(catalogue),
            trigger=TriggerCaching(catalogue, SystemClock()),
            validate=Validate(settings.key, _nonces(settings)),
        ),
        files=None if files is None or settings.files is None else file_catalogue(files, settings.files),
        checks={"database": database.ping, **({} if files is None else {"files": files.ping})},
        close=lambda: _close(database, files),
        own_bytes=_own_bytes(settings),
        verifier=_verifier(settings),
        gate=_gate(settings),
    )


def file_catalogue(tree: SqlFiles, settings: FileSettings) -> FileCatalogue:
    """The use cases over a store, which is both of their ports."""
    clock, own_se = SystemClock(), settings.own_se
    rights = Rights(tree, global_read=settings.global_read)
    metadata = Metadata(tree, rights, clock)
    parts = Parts(
        directories=Directories(tree, rights, clock),
        files=Files(tree, rights, clock, check_metadata=metadata.checker, own_se=own_se),
        replicas=Replicas(tree, rights, clock, own_se=own_se),
        provenance=Provenance(tree, rights),
        metadata=metadata,
    )
    return FileCatalogue(
        directories=parts.directories,
        files=parts.files,
        replicas=parts.replicas,
        provenance=parts.provenance,
        shares=Shares(tree, rights, clock),
        keeping=Keeping(tree, rights, parts.files, own_se),
        bulk=Bulk(tree, parts),
        metadata=metadata,
        fields=Fields(tree, rights),
        searching=Searching(tree, rights),
    )


def _close(database: Database, files: SqlFiles | None) -> None:
    database.dispose()
    if files is not None:
        files.close()


def _own_bytes(settings: Settings) -> OwnBytesHttp | None:
    url = None if settings.files is None else settings.files.compute_url
    return None if url is None or settings.ledger is None else OwnBytesHttp(url, _tokens(settings.ledger))


def _verifier(settings: Settings) -> ServiceTokenVerifier | None:
    """Nobody asks where there is no file catalogue."""
    if settings.ledger is None or settings.files is None:
        return None
    jwks = RemoteJwks(settings.ledger.auth_url)
    jwks.warm()
    return ServiceTokenVerifier(jwks)


def _tokens(ledger: LedgerSettings) -> ServiceTokens:
    return ServiceTokens(ledger.auth_url, SERVICE, ledger.service_secret)


def _nonces(settings: Settings) -> ProviderNonces | None:
    ledger = settings.ledger
    if ledger is None:
        return None
    return ProviderNonces(InternalClient(ledger.provider_url, "provider", _tokens(ledger)))


def _gate(settings: Settings) -> Gate:
    """Without auth nobody is anybody here, and what is public goes on."""
    ledger = settings.ledger
    if ledger is None:
        return Gate()
    principals = RememberedPrincipals(RemoteAuth(InternalClient(ledger.auth_url, "auth", _tokens(ledger))))
    return Gate(principals, settings.certificate_headers)
