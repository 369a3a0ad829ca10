"""The indexer's settings: the only reader of its environment. Every problem is listed at once.

Names are upstream's where upstream has one (METADATA_CONTRACT_BLOCK, ALLOWED_PUBLISHERS, ALLOWED_VALIDATORS).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from libs.signing.errors import MalformedAddress, MalformedKey
from libs.signing.keys import PrivateKey, checksum
from libs.web.settings import Env, Secret

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
DEVELOPMENT_CHAINS = frozenset({8996, 1337, 31337})


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexerSettings:
    """Values only. None for a time or span means: by the kind of chain (see `poll_of` and the like)."""

    database_url: Secret
    key: PrivateKey  # signs decrypt requests
    network_url: Secret  # may hold API keys
    chain_id: int | None  # CHAIN_ID, for a plain NETWORK_URL; asked at start when unset
    address_file: str | None
    provider_url: str  # where our own provider is asked
    public_urls: tuple[str, ...]  # under which events name our own provider
    start_block: int | None  # METADATA_CONTRACT_BLOCK; else the address file's startBlock
    allowed_publishers: frozenset[str]  # lower-case; empty: everybody
    allowed_validators: frozenset[str]  # lower-case; empty: proofs are not asked for
    allow_non_public_ip: bool
    fetch_allow: str  # host:port, ... decryptors that may be private
    decrypt_seconds: float  # one question to a decryptor
    poll_seconds: float | None
    rewind_grace_seconds: float | None
    lease_seconds: float
    largest_span: int
    overlap_blocks: int
    dead_after_seconds: float
    asset_purgatory_url: str | None
    account_purgatory_url: str | None
    purgatory_seconds: float  # between downloads of the lists
    health_host: str
    health_port: int  # 0: any free one
    log_level: str

    def poll_of(self, chain_id: int) -> float:
        if self.poll_seconds is not None:
            return self.poll_seconds
        return 1.0 if chain_id in DEVELOPMENT_CHAINS else 5.0

    def rewind_grace_of(self, chain_id: int) -> float:
        """Only a development chain is ever really set back; elsewhere a shorter chain is a node that lags."""
        if self.rewind_grace_seconds is not None:
            return self.rewind_grace_seconds
        return 2.0 if chain_id in DEVELOPMENT_CHAINS else 3600.0


def load_indexer_settings(environ: Mapping[str, str]) -> IndexerSettings:
    """Raises BadSettings with every problem found; no problem quotes a value."""
    env = Env(environ)
    settings = IndexerSettings(
        database_url=env.secret("CATALOGUE_DATABASE_URL"),
        key=_key(env),
        network_url=env.secret("NETWORK_URL"),
        chain_id=env.int("CHAIN_ID", 0) or None,
        address_file=env.optional("ADDRESS_FILE"),
        provider_url=_url(env, "PROVIDER_URL"),
        public_urls=env.list("PUBLIC_URL"),
        start_block=_optional_int(env, "METADATA_CONTRACT_BLOCK"),
        allowed_publishers=_addresses(env, "ALLOWED_PUBLISHERS"),
        allowed_validators=_addresses(env, "ALLOWED_VALIDATORS"),
        allow_non_public_ip=env.bool("ALLOW_NON_PUBLIC_IP"),
        fetch_allow=",".join(env.list("FETCH_ALLOW")),
        decrypt_seconds=env.float("INDEXER_DECRYPT_SECONDS", 8.0, least=0.1),
        poll_seconds=_optional_float(env, "INDEXER_POLL_SECONDS", least=0.05),
        rewind_grace_seconds=_optional_float(env, "INDEXER_REWIND_GRACE_SECONDS", least=0.0),
        lease_seconds=env.float("INDEXER_LEASE_SECONDS", 10.0, least=1.0),
        largest_span=env.int("INDEXER_LARGEST_RANGE", 5000, least=1),
        overlap_blocks=env.int("INDEXER_OVERLAP_BLOCKS", 4, most=1000),
        dead_after_seconds=env.float("INDEXER_DEAD_AFTER_DAYS", 14.0, least=0.0) * 86400,
        asset_purgatory_url=_optional_url(env, "ASSET_PURGATORY_URL"),
        account_purgatory_url=_optional_url(env, "ACCOUNT_PURGATORY_URL"),
        purgatory_seconds=env.float("PURGATORY_UPDATE_INTERVAL", 60.0, least=1.0) * 60,
        health_host=env.text("INDEXER_HEALTH_HOST", "127.0.0.1"),
        health_port=env.int("INDEXER_HEALTH_PORT", 8047, most=65535),
        log_level=env.choice("LOG_LEVEL", LOG_LEVELS, "INFO"),
    )
    env.check()
    return settings


def _key(env: Env) -> PrivateKey:
    secret = env.secret("CATALOGUE_PRIVATE_KEY")
    try:
        return PrivateKey(secret.reveal())
    except MalformedKey:
        if secret.reveal():
            env.problem("CATALOGUE_PRIVATE_KEY must be 64 hex digits.")
        return PrivateKey(b"\x01" * 32)  # never used: check() raises


def _url(env: Env, name: str) -> str:
    return _checked(env, name, env.text(name))


def _optional_url(env: Env, name: str) -> str | None:
    value = env.optional(name)
    return None if value is None else _checked(env, name, value)


def _checked(env: Env, name: str, value: str) -> str:
    if value and not value.startswith(("http://", "https://")):
        env.problem(f"{name} must be an http or https URL.")
    return value


def _optional_int(env: Env, name: str) -> int | None:
    return env.int(name) if env.optional(name) is not None else None


def _optional_float(env: Env, name: str, *, least: float) -> float | None:
    return env.float(name, least=least) if env.optional(name) is not None else None


def _addresses(env: Env, name: str) -> frozenset[str]:
    try:
        return frozenset(checksum(item).lower() for item in env.list(name))
    except MalformedAddress:
        env.problem(f"{name} must be a list of addresses.")
        return frozenset()
