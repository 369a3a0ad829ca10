"""Builds everything the catalogue's web process needs (the indexer has its own assembly)."""

from pathlib import Path

from libs.signing.keys import require_native_curve
from libs.sql.engine import Database
from libs.sql.migrate import upgrade
from libs.web.gate import Gate
from libs.web.internal_client import InternalClient, ServiceTokens
from libs.web.remembered_principals import RememberedPrincipals, RemoteAuth
from services.catalogue.adapters import store_sql
from services.catalogue.adapters.clock import SystemClock
from services.catalogue.adapters.nonces_http import ProviderNonces
from services.catalogue.adapters.store_sql.catalogue import SqlCatalogue
from services.catalogue.deps import Deps
from services.catalogue.dialects.aquarius.search import render_search
from services.catalogue.settings import Settings
from services.catalogue.usecases.assets import Assets
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
    return Deps(
        usecases=UseCases(
            assets=Assets(catalogue),
            search=SearchAssets(catalogue, render_search),
            states=IndexStates(catalogue),
            trigger=TriggerCaching(catalogue, SystemClock()),
            validate=Validate(settings.key, _nonces(settings)),
        ),
        checks={"database": database.ping},
        close=database.dispose,
        gate=_gate(settings),
    )


def _nonces(settings: Settings) -> ProviderNonces | None:
    ledger = settings.ledger
    if ledger is None:
        return None
    tokens = ServiceTokens(ledger.auth_url, SERVICE, ledger.service_secret)
    return ProviderNonces(InternalClient(ledger.provider_url, "provider", tokens))


def _gate(settings: Settings) -> Gate:
    """Without auth nobody is anybody here, and what is public goes on."""
    ledger = settings.ledger
    if ledger is None:
        return Gate()
    tokens = ServiceTokens(ledger.auth_url, SERVICE, ledger.service_secret)
    return Gate(RememberedPrincipals(RemoteAuth(InternalClient(ledger.auth_url, "auth", tokens))))
