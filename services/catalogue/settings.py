"""The settings of the catalogue's web app: the only reader of its environment besides indexer_settings."""

from collections.abc import Mapping
from dataclasses import dataclass

from libs.signing.errors import MalformedKey
from libs.signing.keys import PrivateKey
from libs.web.client_certificate import NO_CERTIFICATES, CertificateHeaders, configured_headers
from libs.web.settings import Env, Secret

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSettings:
    """Where nonces of signed requests are used up, and what proves us there."""

    provider_url: str
    auth_url: str
    service_secret: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSettings:
    """Of the file catalogue. `own_se` names the storage element whose bytes this installation keeps;
    `global_read`: whoever is of a VO may read all of its tree, whatever the modes say.
    """

    database_url: Secret
    own_se: str
    global_read: bool
    compute_url: str | None = None  # who keeps those bytes; None: nobody does


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Values only; secrets hide themselves."""

    database_url: Secret
    key: PrivateKey  # vouches for valid documents
    public_url: str  # where clients reach us; shown in the API description
    log_level: str
    ledger: LedgerSettings | None = None
    files: FileSettings | None = None  # None: no file catalogue
    certificate_headers: CertificateHeaders = NO_CERTIFICATES  # tokens may be bound to certificates


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Raises BadSettings with every problem found; no problem quotes a value."""
    env = Env(environ)
    public_urls = env.list("PUBLIC_URL")
    settings = Settings(
        database_url=env.secret("CATALOGUE_DATABASE_URL"),
        key=_key(env),
        public_url=public_urls[0] if public_urls else "/",
        log_level=env.choice("LOG_LEVEL", LOG_LEVELS, "INFO"),
        ledger=_ledger(env),
        files=_files(env),
        certificate_headers=configured_headers(env),
    )
    env.check()
    return settings


def _ledger(env: Env) -> LedgerSettings | None:
    """None unless all three are set: a catalogue may stand alone."""
    provider_url, auth_url = env.optional("PROVIDER_URL"), env.optional("AUTH_URL")
    secret = env.optional_secret("SERVICE_SECRET")
    if provider_url is None or auth_url is None or secret is None:
        return None
    return LedgerSettings(provider_url=provider_url, auth_url=auth_url, service_secret=secret)


def _files(env: Env) -> FileSettings | None:
    """None without a database."""
    url = env.optional_secret("FILECATALOGUE_DATABASE_URL")
    own_se = env.text("FILECATALOGUE_OWN_SE", "TIDEGATE")
    global_read = env.bool("FILECATALOGUE_GLOBAL_READ", True)
    compute = None if env.optional("COMPUTE_URL") is None else env.http_url("COMPUTE_URL")
    if url is None:
        return None
    return FileSettings(database_url=url, own_se=own_se, global_read=global_read, compute_url=compute)


def _key(env: Env) -> PrivateKey:
    secret = env.secret("CATALOGUE_PRIVATE_KEY")
    try:
        return PrivateKey(secret.reveal())
    except MalformedKey:
        if secret.reveal():
            env.problem("CATALOGUE_PRIVATE_KEY must be 64 hex digits.")
        return PrivateKey(b"\x01" * 32)  # never used: check() raises
