"""What the web app is built from: everything concrete, made once by wiring."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from libs.web.client_certificate import CertificateHeaders
from libs.web.service_tokens import ServiceTokenVerifier
from services.auth.dialects.pages import PagesParts
from services.auth.ports import Clock
from services.auth.ports.tokens import SingleUse
from services.auth.ports.wallets import ServedChains
from services.auth.usecases.access_tokens import AccessTokens
from services.auth.usecases.administration import Administration
from services.auth.usecases.api_keys import PersonalKeys
from services.auth.usecases.clients import ClientRegistry
from services.auth.usecases.consent import Consents
from services.auth.usecases.device import DeviceLogin
from services.auth.usecases.dirac import Dirac
from services.auth.usecases.grants import GrantFlows
from services.auth.usecases.identities import Identities
from services.auth.usecases.keyring import Keyring
from services.auth.usecases.keystores import KeystoreResolver
from services.auth.usecases.known_people import KnownPeople
from services.auth.usecases.mail_addresses import MailAddresses
from services.auth.usecases.openpai import OpenPaiUsers
from services.auth.usecases.own_account import OwnAccount
from services.auth.usecases.passwords import Passwords
from services.auth.usecases.personal_tokens import PersonalTokens
from services.auth.usecases.principals import Principals
from services.auth.usecases.references import References
from services.auth.usecases.registrations import Registrations
from services.auth.usecases.service_tokens import ServiceTokens
from services.auth.usecases.siwe import SignIn
from services.auth.usecases.token_exchange import TokenExchange
from services.auth.usecases.token_states import TokenStates
from services.auth.usecases.wallet_tokens import WalletTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthParts:
    """What the authorization server works with."""

    issuer: str
    registry: ClientRegistry
    consents: Consents
    flows: GrantFlows
    registrations: Registrations
    identities: Identities
    devices: DeviceLogin
    access_tokens: AccessTokens
    single_use: SingleUse
    clock: Clock
    references: References
    dirac: Dirac
    certificate_headers: CertificateHeaders
    legacy_get: bool = True  # GET /oauth2/token


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletParts:
    """How people and wallets sign in, what they have and what they get tokens for."""

    chains: ServedChains
    sign_in: SignIn
    passwords: Passwords
    account: OwnAccount
    exchange: TokenExchange


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyParts:
    """What people and wallets give their programs, and the keystores that DCP's users bring."""

    keys: PersonalKeys
    tokens: PersonalTokens
    keystores: KeystoreResolver
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    wallet_tokens: WalletTokens
    service_tokens: ServiceTokens
    keyring: Keyring
    oauth: OAuthParts
    administration: Administration
    keys: KeyParts
    token_states: TokenStates
    wallets: WalletParts
    pages: PagesParts
    openpai: OpenPaiUsers
    principals: Principals
    mail_addresses: MailAddresses
    known_people: KnownPeople
    verifier: ServiceTokenVerifier
    checks: Mapping[str, Callable[[], None]]  # readiness: raise when not usable
