"""An auth service over fakes, and a wallet that signs for it."""

from dataclasses import dataclass, field, replace

from libs.signing.keys import PrivateKey
from libs.signing.personal import sign_text
from libs.web.client_certificate import CertificateHeaders
from libs.web.jwks import LocalJwks
from libs.web.service_tokens import ServiceTokenVerifier
from services.auth.deps import Deps, KeyParts, OAuthParts, WalletParts
from services.auth.dialects.pages import PagesParts
from services.auth.dialects.pages.account import Belongings
from services.auth.dialects.pages.authorize import Questions
from services.auth.dialects.pages.seals import Seals
from services.auth.dialects.pages.site import Address
from services.auth.domain.references import is_reference
from services.auth.domain.service_clients import ServiceClients
from services.auth.domain.sessions import SessionPolicy
from services.auth.domain.sign_in import site_of
from services.auth.domain.wallets import SignedRequest
from services.auth.usecases.access_tokens import AccessTokens, Lifetimes
from services.auth.usecases.administration import Administration
from services.auth.usecases.api_keys import ApiKeyResolver, PersonalKeys
from services.auth.usecases.client_admin import ClientAdmin
from services.auth.usecases.clients import ClientRegistry
from services.auth.usecases.consent import Consents
from services.auth.usecases.device import DeviceLogin
from services.auth.usecases.dirac import Certificates, Dirac
from services.auth.usecases.grants import GrantFlows, GrantStores, Issuing
from services.auth.usecases.identities import Identities
from services.auth.usecases.key_rotation import KeyRotation
from services.auth.usecases.keyring import Keyring
from services.auth.usecases.keystores import Derivations, KeystoreLogins, KeystoreResolver
from services.auth.usecases.known_people import KnownPeople
from services.auth.usecases.links import Links
from services.auth.usecases.mail_addresses import MailAddresses
from services.auth.usecases.openpai import OpenPaiUsers
from services.auth.usecases.own_account import OwnAccount
from services.auth.usecases.passwords import Passwords
from services.auth.usecases.people import Accounts, Holdings
from services.auth.usecases.personal_tokens import PersonalTokens
from services.auth.usecases.principals import Principals
from services.auth.usecases.prove import Prove
from services.auth.usecases.references import References
from services.auth.usecases.registrations import Registrations
from services.auth.usecases.resolvers import (
    AccessTokenResolver,
    Subjects,
    WalletTokenResolver,
    is_access_token,
)
from services.auth.usecases.service_tokens import ServiceTokens
from services.auth.usecases.sessions import LoginSessions
from services.auth.usecases.siwe import Outside, SignIn
from services.auth.usecases.token_exchange import Sources, TokenExchange
from services.auth.usecases.token_states import Readers, TokenStates
from services.auth.usecases.wallet_tokens import Policy, WalletTokens
from tests.fakes.auth import (
    ChainList,
    FrozenClock,
    MemoryContractWallets,
    MemoryKeyStore,
    MemoryLedger,
    MemorySpentMessages,
    MemoryTokenStore,
    PlainSealer,
)
from tests.fakes.auth_device import MemoryDeviceRequests
from tests.fakes.auth_keys import MemoryApiKeys
from tests.fakes.auth_oauth import (
    MemoryClients,
    MemoryCodes,
    MemoryGrants,
    MemoryRefreshTokens,
    MemorySingleUse,
    MemoryTokenStanding,
)
from tests.fakes.auth_people import MemoryAudit, MemoryGuesses, MemoryPeople, PlainHasher
from tests.fakes.auth_references import MemoryReferenceTokens
from tests.fakes.auth_sessions import MemorySessions

ISSUER = "http://gateway.test:8030"
DAPP = "https://dapp.example"
DAY = 86_400
GATEWAY_SECRET = "what the gateway proves itself with"
PROVIDER_SECRET = "a secret of the provider"
WALLET = PrivateKey("0x5d75837394b078ce97bc289fa8d75e21000573520bfa7784a9d28ccaae602bf8")
OTHER_WALLET = PrivateKey("0xfd5c1ccea015b6d663618850824154a3b3fb2882c46cefb05b9a93fea8c3d215")


def signed(nonce: str, key: PrivateKey = WALLET, address: str | None = None, bind: str = "") -> SignedRequest:
    """A request as an honest wallet makes it; `bind` is the expiration to sign as well."""
    address = key.address if address is None else address
    return SignedRequest(address, nonce, sign_text(address + bind + nonce, key))


@dataclass
class World:
    clock: FrozenClock = field(default_factory=FrozenClock)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    contracts: MemoryContractWallets = field(default_factory=MemoryContractWallets)
    key_store: MemoryKeyStore = field(default_factory=MemoryKeyStore)
    store: MemoryTokenStore = field(default_factory=MemoryTokenStore)
    spent: MemorySpentMessages = field(default_factory=MemorySpentMessages)
    most_seconds: int = 30 * DAY
    wallet_registration: bool = True
    setups: tuple[str, ...] = ("Production",)

    def __post_init__(self) -> None:
        self.sealer = PlainSealer()
        self.keyring = Keyring(self.key_store, self.sealer, self.clock)
        self.keyring.start()
        prove = Prove(self.ledger, self.contracts, self.spent, self.clock)
        policy = Policy(issuer=ISSUER, most_seconds=self.most_seconds)
        self.tokens = WalletTokens(prove, self.keyring, self.store, self.clock, policy)
        clients = ServiceClients({"provider": PROVIDER_SECRET, "compute": "a secret of compute"})
        self.service_tokens = ServiceTokens(clients, self.keyring, self.clock, ISSUER)
        self.people = MemoryPeople(self.clock)
        self.store.moved = self.people.stamps.move
        self.audit = MemoryAudit(self.clock)
        self.guesses = MemoryGuesses(self.clock)
        self.oauth = self._oauth()
        self.wallets = self._wallets()
        self.keys = self._keys()
        self.pages = self._pages()
        self.principals = self._principals()

    @property
    def soon(self) -> str:
        """An expiration one hour ahead."""
        return str(int(self.clock.now()) + 3600)

    def _principals(self) -> Principals:
        subjects = Subjects(self.people)
        bearers = [
            AccessTokenResolver(self.oauth.access_tokens.read, is_access_token, subjects),
            AccessTokenResolver(self.oauth.references.read, is_reference, subjects, "reference"),
            WalletTokenResolver(self.tokens, subjects, self.chains),
            ApiKeyResolver(self.keys.keys, subjects),
        ]
        resolvers = {"bearer": bearers, "basic": [self.keys.keystores]}
        return Principals(resolvers, self.people.stamps, self.keyring, self.clock)

    def _keys(self) -> KeyParts:
        self.api_keys = MemoryApiKeys(self.people.stamps)
        self.derivations = Derivations(wait_seconds=0.01)
        logins = KeystoreLogins(self.guesses, self.audit, self.clock, self.derivations)
        return KeyParts(
            keys=PersonalKeys(self.api_keys, self.audit, self.clock),
            tokens=PersonalTokens(self.oauth.flows),
            keystores=KeystoreResolver(logins, Subjects(self.people)),
            clock=self.clock,
        )

    def _oauth(self) -> OAuthParts:
        lifetimes = Lifetimes()
        self.clients = MemoryClients()
        self.grants = self.clients.grants = MemoryGrants(self.clock)
        self.single_use = MemorySingleUse(self.clock)
        self.device_requests = MemoryDeviceRequests(self.grants.add)
        standing = MemoryTokenStanding(self.clients, self.grants)
        access_tokens = AccessTokens(self.keyring, standing, self.clock, ISSUER, lifetimes)
        stores = GrantStores(
            grants=self.grants,
            codes=MemoryCodes(self.grants),
            refresh_tokens=MemoryRefreshTokens(self.grants),
            people=self.people,
        )
        issuing = Issuing(ISSUER, lifetimes, access_tokens, self.keyring)
        registry = ClientRegistry(self.clients, self.clock)
        flows = GrantFlows(stores, issuing, self.clock, self.audit)
        certificates = Certificates(self.people, self.clock, self.audit)
        dirac = Dirac(self.people, certificates, flows, self.clock, self.audit, self.setups)
        flows.extras = dirac.claims
        self.reference_tokens = MemoryReferenceTokens()
        return OAuthParts(
            issuer=ISSUER,
            registry=registry,
            consents=Consents(registry, flows, self.audit, ISSUER),
            flows=flows,
            registrations=Registrations(self.clients, self.guesses, self.audit, self.clock),
            identities=Identities(self.people, self.keyring, self.clock, ISSUER),
            devices=DeviceLogin(
                self.device_requests, self.grants, self.guesses, self.audit, self.clock, lifetimes.grant
            ),
            access_tokens=access_tokens,
            single_use=self.single_use,
            clock=self.clock,
            references=References(self.reference_tokens, self.grants, standing, self.clock, dirac.claims),
            dirac=dirac,
            certificate_headers=CertificateHeaders(secret=GATEWAY_SECRET),
        )

    def switch_legacy_get_off(self) -> None:
        self.oauth = replace(self.oauth, legacy_get=False)

    def _wallets(self) -> WalletParts:
        self.chains = ChainList()
        outside = Outside(
            nonces=self.single_use, contracts=self.contracts, chains=self.chains, clock=self.clock
        )
        sign_in = SignIn(site_of(ISSUER, [DAPP]), outside)
        passwords = Passwords(self.people, PlainHasher(), self.guesses, self.audit)
        sources = Sources(
            sign_in=sign_in,
            wallet_tokens=self.tokens,
            access_tokens=self.oauth.access_tokens,
            people=self.people,
            chains=self.chains,
        )
        return WalletParts(
            chains=self.chains,
            sign_in=sign_in,
            passwords=passwords,
            account=OwnAccount(
                self.people,
                sign_in,
                passwords.hashed,
                self.clock,
                self.audit,
                registers=self.wallet_registration,
            ),
            exchange=TokenExchange(sources, self.oauth.flows, self.clock, self.audit),
        )

    def _pages(self) -> PagesParts:
        self.session_store = MemorySessions()
        return PagesParts(
            address=Address.of(ISSUER),
            seals=Seals("a secret for keys at rest"),
            sessions=LoginSessions(self.session_store, self.people, self.clock, self.audit, SessionPolicy()),
            passwords=self.wallets.passwords,
            questions=Questions(self.oauth.consents, self.single_use, self.clock),
            devices=self.oauth.devices,
            wallets=self.wallets.sign_in,
            groups=Dirac(
                self.people,
                Certificates(self.people, self.clock, self.audit),
                self.oauth.flows,
                self.clock,
                self.audit,
                ("Production",),
            ),
            belongings=Belongings(
                flows=self.oauth.flows,
                registry=self.oauth.registry,
                keys=PersonalKeys(self.api_keys, self.audit, self.clock),
                account=self.wallets.account,
            ),
        )

    def deps(self) -> Deps:
        jwks = LocalJwks(lambda: self.keyring.current().verifying)
        readers = Readers(
            access_tokens=self.oauth.access_tokens, references=self.oauth.references, flows=self.oauth.flows
        )
        return Deps(
            wallet_tokens=self.tokens,
            service_tokens=self.service_tokens,
            keyring=self.keyring,
            oauth=self.oauth,
            administration=self._administration(),
            keys=self.keys,
            token_states=TokenStates(readers, self.principals, self.audit, ISSUER),
            wallets=self.wallets,
            pages=self.pages,
            openpai=self.openpai(),
            principals=self.principals,
            mail_addresses=MailAddresses(self.people),
            known_people=KnownPeople(self.people),
            verifier=ServiceTokenVerifier(jwks, self.clock.now),
            checks={},
        )

    def _administration(self) -> Administration:
        passwords, audit = self.wallets.passwords, self.audit
        holdings = Holdings(grants=self.grants, api_keys=self.api_keys, sessions=self.session_store)
        return Administration(
            people=self.people,
            passwords=passwords,
            accounts=Accounts(self.people, passwords, audit, self.clock, holdings),
            links=Links(self.people, audit),
            clients=ClientAdmin(self.clients, audit),
            rotation=KeyRotation(self.key_store, self.key_store, self.keyring, self.clock, audit, 86_400.0),
            audit_log=audit,
        )

    def openpai(self) -> OpenPaiUsers:
        admin = self._administration()
        return OpenPaiUsers(self.people, admin.passwords, admin.accounts, self.oauth.access_tokens)
