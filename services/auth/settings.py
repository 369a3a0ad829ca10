"""The auth service's settings: the only reader of its environment. Every problem is listed at once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from libs.web.client_certificate import CertificateHeaders, configured_headers
from libs.web.settings import Env, Secret
from services.auth.domain.dirac import DEFAULT_SETUPS
from services.auth.domain.openpai import OpenPaiSite
from services.auth.domain.service_clients import MIN_SECRET_CHARS, ServiceClients, is_service_name
from services.auth.settings_admin import FirstAdmin, first_admin
from services.auth.settings_openpai import read_openpai

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
TWO_HOURS = 2 * 3600
TWELVE_HOURS = 12 * 3600
THIRTY_DAYS = 30 * 24 * 3600
_URL = re.compile(r"https?://[^\s/?#@]+(?:/[^\s?#]*)?")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+")
_SETUP = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    database_url: Secret
    issuer: str  # `iss` of every token: the URL that clients know us by, without a slash at the end
    service_clients: ServiceClients
    provider_url: str  # nonces and contract wallets are asked there
    key_secret: Secret  # what signing keys are encrypted with in the database
    most_token_seconds: int  # no AuthToken lives longer, whatever its owner asks for
    access_token_seconds: int
    refresh_token_seconds: int  # of a grant: nothing issued on it lives longer
    session_seconds: int  # a browser's login, whatever it does
    session_idle_seconds: int  # a browser's login that is not used
    public_urls: tuple[str, ...]  # where else our own pages are opened
    dirac_setups: tuple[str, ...]
    dirac_legacy_get: bool  # GET /oauth2/token
    certificate_headers: CertificateHeaders
    siwe_origins: tuple[str, ...]  # pages of dApps whose users sign in with a wallet, besides our own
    wallet_registration: bool  # a wallet may make an account for itself
    peer_timeout_seconds: float
    log_level: str
    audit_seconds: float = 365 * 86400.0  # how long the audit log keeps an event
    first_admin: FirstAdmin | None = None
    openpai: OpenPaiSite = field(default_factory=OpenPaiSite)


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Raises BadSettings with every problem found; no problem quotes a value."""
    env = Env(environ)
    settings = Settings(
        database_url=env.secret("AUTH_DATABASE_URL"),
        issuer=_url(
            env, env.optional("AUTH_ISSUER") or _first(env, "PUBLIC_URL"), "AUTH_ISSUER or PUBLIC_URL"
        ),
        service_clients=_clients(env),
        provider_url=_url(env, env.optional("PROVIDER_URL"), "PROVIDER_URL"),
        key_secret=_key_secret(env),
        most_token_seconds=env.int("MAX_AUTH_TOKEN_SECONDS", THIRTY_DAYS, least=1, most=10 * 366 * 86400),
        access_token_seconds=env.int("AUTH_ACCESS_TOKEN_SECONDS", TWELVE_HOURS, least=60, most=THIRTY_DAYS),
        refresh_token_seconds=env.int("AUTH_REFRESH_TOKEN_SECONDS", THIRTY_DAYS, least=60, most=366 * 86400),
        session_seconds=env.int("AUTH_SESSION_SECONDS", TWELVE_HOURS, least=60, most=THIRTY_DAYS),
        session_idle_seconds=env.int("AUTH_SESSION_IDLE_SECONDS", TWO_HOURS, least=60, most=THIRTY_DAYS),
        public_urls=tuple(url for url in env.list("PUBLIC_URL") if _URL.fullmatch(url)),
        dirac_setups=_setups(env),
        dirac_legacy_get=env.bool("DIRAC_LEGACY_GET_TOKEN", True),
        certificate_headers=configured_headers(env),
        siwe_origins=_origins(env),
        wallet_registration=env.bool("WALLET_REGISTRATION", True),
        peer_timeout_seconds=env.float("AUTH_PEER_TIMEOUT", 5.0, least=0.1),
        log_level=env.choice("LOG_LEVEL", LOG_LEVELS, "INFO"),
        audit_seconds=86400.0 * env.int("AUTH_AUDIT_DAYS", 365, least=1, most=36_600),
        first_admin=first_admin(env),
        openpai=read_openpai(env),
    )
    env.check()
    return settings


def _first(env: Env, name: str) -> str | None:
    return next(iter(env.list(name)), None)


def _url(env: Env, value: str | None, name: str) -> str:
    if value is None:
        env.problem(f"{name} must be set.")
    elif _URL.fullmatch(value) is None:
        env.problem(f"{name} must be an http or https URL.")
    return (value or "").rstrip("/")


def _origins(env: Env) -> tuple[str, ...]:
    origins = tuple(env.list("SIWE_ORIGINS"))
    if not all(_ORIGIN.fullmatch(origin) for origin in origins):
        env.problem("SIWE_ORIGINS must be origins as https://dapp.example, with commas between them.")
    return origins


def _key_secret(env: Env) -> Secret:
    secret = env.secret("AUTH_KEY_SECRET")
    if 0 < len(secret.reveal()) < MIN_SECRET_CHARS:
        env.problem(f"AUTH_KEY_SECRET must have at least {MIN_SECRET_CHARS} characters.")
    return secret


def _setups(env: Env) -> tuple[str, ...]:
    setups = tuple(env.list("DIRAC_SETUPS")) or DEFAULT_SETUPS
    if not all(_SETUP.fullmatch(setup) for setup in setups):
        env.problem("DIRAC_SETUPS must be names of letters, digits, dots, dashes and underscores.")
    return setups


def _clients(env: Env) -> ServiceClients:
    name = "AUTH_SERVICE_CLIENTS"
    clients = env.json(name)
    if clients is None:
        return ServiceClients({})
    if not isinstance(clients, dict) or not all(isinstance(secret, str) for secret in clients.values()):
        env.problem(f"{name} must be a JSON object of service names and secrets.")
        return ServiceClients({})
    if not all(is_service_name(client) for client in clients):
        env.problem(f"{name} holds a name that is not lower-case letters, digits and dashes.")
    if any(len(secret) < MIN_SECRET_CHARS for secret in clients.values()):
        env.problem(f"{name}: every secret must have at least {MIN_SECRET_CHARS} characters.")
    return ServiceClients(clients)
