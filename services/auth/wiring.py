"""The only place that knows concrete classes: builds everything the auth service's processes need."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from libs.signing.keys import require_native_curve
from libs.sql.engine import Database
from libs.sql.migrate import upgrade
from libs.web import peers
from libs.web.credentials import BASIC, BEARER
from libs.web.internal_client import InternalClient
from libs.web.jwks import LocalJwks
from libs.web.service_tokens import ServiceTokenVerifier
from services.auth import wiring_pages
from services.auth.adapters.clock import SystemClock
from services.auth.adapters.key_sealer import ScryptSealer
from services.auth.adapters.provider_http import ProviderChains, ProviderContractWallets, ProviderLedger
from services.auth.adapters.store_sql.api_keys import SqlApiKeys
from services.auth.adapters.store_sql.audit import SqlAudit
from services.auth.adapters.store_sql.clients import SqlClients
from services.auth.adapters.store_sql.device_requests import SqlDeviceRequests
from services.auth.adapters.store_sql.grants import SqlCodes, SqlGrants, SqlRefreshTokens
from services.auth.adapters.store_sql.guesses import SqlGuesses
from services.auth.adapters.store_sql.people import SqlPeople
from services.auth.adapters.store_sql.references import SqlReferenceTokens
from services.auth.adapters.store_sql.single_use import SqlSingleUse
from services.auth.adapters.store_sql.stamps import SqlStamps
from services.auth.adapters.store_sql.standing import SqlTokenStanding
from services.auth.adapters.store_sql.stores import SqlKeyStore, SqlSpentMessages, SqlTokenStore
from services.auth.deps import Deps, KeyParts, OAuthParts, WalletParts
from services.auth.domain.references import is_reference
from services.auth.domain.sign_in import site_of
from services.auth.ports import Clock
from services.auth.ports.people import Audit, People
from services.auth.settings import Settings
from services.auth.usecases.access_tokens import AccessTokens, Lifetimes
from services.auth.usecases.api_keys import ApiKeyResolver, PersonalKeys
from services.auth.usecases.clients import ClientRegistry
from services.auth.usecases.consent import Consents
from services.auth.usecases.device import DeviceLogin
from services.auth.usecases.dirac import Certificates, Dirac
from services.auth.usecases.first_admin import ensure_admin
from services.auth.usecases.grants import GrantFlows, GrantStores, Issuing
from services.auth.usecases.identities import Identities
from services.auth.usecases.keyring import Keyring
from services.auth.usecases.keystores import KeystoreLogins, KeystoreResolver
from services.auth.usecases.known_people import KnownPeople
from services.auth.usecases.mail_addresses import MailAddresses
from services.auth.usecases.openpai import OpenPaiUsers
from services.auth.usecases.own_account import OwnAccount
from services.auth.usecases.passwords import Passwords
from services.auth.usecases.personal_tokens import PersonalTokens
from services.auth.usecases.principals import Principals, Resolver
from services.auth.usecases.prove import Prove
from services.auth.usecases.references import References
from services.auth.usecases.registrations import Registrations
from services.auth.usecases.resolvers import (
    AccessTokenResolver,
    Subjects,
    WalletTokenResolver,
    is_access_token,
)
from services.auth.usecases.service_tokens import OwnServiceToken, ServiceTokens
from services.auth.usecases.siwe import Outside, SignIn
from services.auth.usecases.token_exchange import Sources, TokenExchange
from services.auth.usecases.token_states import Readers, TokenStates
from services.auth.usecases.wallet_tokens import Policy, WalletTokens
from services.auth.wiring_admin import administration

AUDIT_SECONDS = 365 * 86400.0
MIGRATIONS = Path(__file__).parent / "adapters" / "store_sql" / "migrations"


@dataclass(frozen=True, slots=True)
class Shared:
    """What more than one part is built on."""

    database: Database
    keyring: Keyring
    clock: Clock
    people: People
    audit: Audit
    passwords: Passwords  # one for all doors: it bounds how many are looked at at once


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
    people = SqlPeople(database, clock)
    audit = SqlAudit(database, clock, peers.current, settings.audit_seconds)
    admin = administration(settings, database, keyring, clock, audit)
    shared = Shared(database, keyring, clock, people, audit, admin.passwords)
    wallet_tokens = WalletTokens(prove, keyring, SqlTokenStore(database), clock, policy)
    oauth = _oauth(settings, shared)
    if settings.first_admin is not None:
        first = settings.first_admin
        ensure_admin(people, admin.accounts, first.username, first.password.reveal())
    keys = _keys(shared, oauth)
    wallets = _wallets(settings, shared, oauth, provider, wallet_tokens)
    of_wallets = WalletTokenResolver(wallet_tokens, Subjects(people), wallets.chains)
    principals = _principals(shared, oauth, of_wallets, keys)
    readers = Readers(access_tokens=oauth.access_tokens, references=oauth.references, flows=oauth.flows)
    return Deps(
        wallet_tokens=wallet_tokens,
        service_tokens=service_tokens,
        keyring=keyring,
        oauth=oauth,
        administration=admin,
        keys=keys,
        token_states=TokenStates(readers, principals, audit, settings.issuer),
        principals=principals,
        mail_addresses=MailAddresses(people),
        known_people=KnownPeople(people),
        wallets=wallets,
        pages=wiring_pages.pages(settings, database, people, audit, (oauth, wallets)),
        openpai=OpenPaiUsers(people, admin.passwords, admin.accounts, oauth.access_tokens, settings.openpai),
        verifier=ServiceTokenVerifier(LocalJwks(lambda: keyring.current().verifying)),
        checks={"database": database.ping},
    )


def _keys(shared: Shared, oauth: OAuthParts) -> KeyParts:
    logins = KeystoreLogins(SqlGuesses(shared.database, shared.clock), shared.audit, shared.clock)
    return KeyParts(
        keys=PersonalKeys(SqlApiKeys(shared.database), shared.audit, shared.clock),
        tokens=PersonalTokens(oauth.flows),
        keystores=KeystoreResolver(logins, Subjects(shared.people)),
        clock=shared.clock,
    )


def _principals(
    shared: Shared, oauth: OAuthParts, wallet_tokens: WalletTokenResolver, keys: KeyParts
) -> Principals:
    """Every kind of credential that any window takes."""
    subjects = Subjects(shared.people)
    bearers: list[Resolver] = [
        AccessTokenResolver(oauth.access_tokens.read, is_access_token, subjects),
        AccessTokenResolver(oauth.references.read, is_reference, subjects, "reference"),
        wallet_tokens,
        ApiKeyResolver(keys.keys, subjects),
    ]
    resolvers: dict[str, Sequence[Resolver]] = {BEARER: bearers, BASIC: [keys.keystores]}
    return Principals(resolvers, SqlStamps(shared.database), shared.keyring, shared.clock)


def _wallets(
    settings: Settings,
    shared: Shared,
    oauth: OAuthParts,
    provider: InternalClient,
    wallet_tokens: WalletTokens,
) -> WalletParts:
    """Signing in with a wallet, and what it opens."""
    people, clock, audit = shared.people, shared.clock, shared.audit
    chains = ProviderChains(provider, clock)
    outside = Outside(
        nonces=oauth.single_use, contracts=ProviderContractWallets(provider), chains=chains, clock=clock
    )
    sign_in = SignIn(site_of(settings.issuer, settings.siwe_origins), outside)
    passwords = shared.passwords
    sources = Sources(
        sign_in=sign_in,
        wallet_tokens=wallet_tokens,
        access_tokens=oauth.access_tokens,
        people=people,
        chains=chains,
    )
    return WalletParts(
        chains=chains,
        sign_in=sign_in,
        passwords=passwords,
        account=OwnAccount(
            people, sign_in, passwords.hashed, clock, audit, registers=settings.wallet_registration
        ),
        exchange=TokenExchange(sources, oauth.flows, clock, audit),
    )


def _oauth(settings: Settings, shared: Shared) -> OAuthParts:
    database, clock = shared.database, shared.clock
    lifetimes = Lifetimes(access=settings.access_token_seconds, grant=settings.refresh_token_seconds)
    access_tokens = AccessTokens(
        shared.keyring, SqlTokenStanding(database), clock, settings.issuer, lifetimes
    )
    stores = GrantStores(
        grants=SqlGrants(database, clock),
        codes=SqlCodes(database),
        refresh_tokens=SqlRefreshTokens(database, clock),
        people=shared.people,
    )
    issuing = Issuing(settings.issuer, lifetimes, access_tokens, shared.keyring)
    registry = ClientRegistry(SqlClients(database, clock), clock)
    flows = GrantFlows(stores, issuing, clock, shared.audit)
    dirac = Dirac(
        shared.people,
        Certificates(shared.people, clock, shared.audit),
        flows,
        clock,
        shared.audit,
        settings.dirac_setups,
    )
    flows.extras = dirac.claims
    return OAuthParts(
        issuer=settings.issuer,
        registry=registry,
        consents=Consents(registry, flows, shared.audit, settings.issuer),
        flows=flows,
        registrations=Registrations(
            SqlClients(database, clock), SqlGuesses(database, clock), shared.audit, clock
        ),
        identities=Identities(shared.people, shared.keyring, clock, settings.issuer),
        devices=DeviceLogin(
            SqlDeviceRequests(database),
            stores.grants,
            SqlGuesses(database, clock),
            shared.audit,
            clock,
            lifetimes.grant,
        ),
        access_tokens=access_tokens,
        single_use=SqlSingleUse(database, clock),
        clock=clock,
        references=References(
            SqlReferenceTokens(database), stores.grants, SqlTokenStanding(database), clock, dirac.claims
        ),
        dirac=dirac,
        certificate_headers=settings.certificate_headers,
        legacy_get=settings.dirac_legacy_get,
    )
