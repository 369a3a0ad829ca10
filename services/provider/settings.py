"""The provider's settings: the only reader of its environment. Every problem is listed at once.

Names are upstream's where upstream has one (contract section 10). "By chain" means a plain value for all
chains, or a JSON object keyed by chain id text.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from libs.fetch.guard import parse_allow
from libs.signing.errors import MalformedAddress
from libs.signing.keys import checksum
from libs.web.settings import Env, Secret
from services.provider.adapters.keys import ProviderKeys
from services.provider.settings_keys import read_keys
from services.provider.settings_parts import by_chain, http_url, http_urls
from services.provider.shared_files_settings import read_shared_files

Value = TypeVar("Value")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Values only; secrets hide themselves. `None` as a chain id stands for every chain."""

    database_url: Secret
    keys: ProviderKeys
    network_urls: Mapping[int | None, Secret]  # NETWORK_URL: comma list of RPC URLs (they may hold API keys)
    chain_id: int | None  # CHAIN_ID, for a plain NETWORK_URL; asked at start when unset
    address_file: str | None
    catalogue_url: str
    auth_url: str
    compute_url: str | None  # unset: no compute beside us, and no environments
    public_urls: tuple[str, ...]  # where clients reach us; first is the canonical one
    service_secret: Secret  # proves us to auth for service tokens
    egress_key: Secret | None  # seals tickets for the egress process; unset: no acceleration
    fee_tokens: Mapping[int | None, str]
    fee_amounts: Mapping[str | None, Decimal]  # whole tokens by service type, None for every other type
    authorized_decrypters: tuple[str, ...]  # empty: anybody
    allow_non_public_ip: bool
    fetch_allow: str  # host:port, ... that may be private
    shared_files: str | None  # of the file catalogue: their URL up to the token
    ipfs_gateway: str
    arweave_gateway: str
    request_timeout_seconds: float  # one attempt at a file's origin
    request_retries: int
    max_checksum_bytes: int  # no checksum above it; 0: never
    probes_at_once: int  # looks at files under way, per worker; keep it below the server's threads
    allow_unbound_files: bool  # serve files of version 4.0.0 documents, which name no asset
    fileinfo_caller_headers: bool  # send the headers of file objects that anonymous callers describe
    max_encrypt_bytes: int
    rbac_server_url: str | None
    private_provider: bool
    grant_seconds: float  # how long after a job's start its files can be fetched
    http_proof_url: str | None
    chain_proof: bool
    order_confirmations: int
    reuse_extends_order: bool  # mirrors upstream: a reuse restarts the order's clock
    log_level: str


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Raises BadSettings with every problem found; no problem quotes a value."""
    env = Env(environ)
    network_urls = by_chain(env, "NETWORK_URL", _rpc_urls)
    if not network_urls and not env.problems:
        env.problem("NETWORK_URL must be set.")
    chain_id = env.int("CHAIN_ID", 0)
    settings = Settings(
        database_url=env.secret("PROVIDER_DATABASE_URL"),
        keys=read_keys(env, [known for known in network_urls if known is not None]),
        network_urls=network_urls,
        chain_id=chain_id or None,
        address_file=env.optional("ADDRESS_FILE"),
        catalogue_url=http_url(env, env.first("CATALOGUE_URL", "AQUARIUS_URL"), "CATALOGUE_URL"),
        auth_url=http_url(env, env.optional("AUTH_URL"), "AUTH_URL"),
        compute_url=_optional_url(env, "COMPUTE_URL"),
        public_urls=http_urls(env, "PUBLIC_URL"),
        service_secret=env.secret("SERVICE_SECRET"),
        egress_key=env.optional_secret("EGRESS_KEY"),
        **_fees(env),
        **_access(env),
        **_fetching(env),
        log_level=env.choice("LOG_LEVEL", LOG_LEVELS, "INFO"),
    )
    if settings.rbac_server_url is not None and settings.keys.for_no_chain() is None:
        env.problem("RBAC_SERVER_URL needs UNIVERSAL_PRIVATE_KEY when keys are given by chain.")
    env.check()
    return settings


def _fees(env: Env) -> dict[str, Any]:
    return {
        "fee_tokens": by_chain(env, "PROVIDER_FEE_TOKEN", checksum),
        "fee_amounts": _fee_amounts(env),
        "order_confirmations": env.int("ORDER_CONFIRMATIONS", 1, most=1000),
        "reuse_extends_order": env.bool("REUSE_EXTENDS_ORDER"),
    }


def _access(env: Env) -> dict[str, Any]:
    return {
        "authorized_decrypters": _each(env, "AUTHORIZED_DECRYPTERS", checksum),
        "rbac_server_url": _optional_url(env, "RBAC_SERVER_URL"),
        "private_provider": env.bool("PRIVATE_PROVIDER"),
        "grant_seconds": env.float("GRANT_SECONDS", 7 * 86400.0, least=1.0),
        "http_proof_url": _optional_url(env, "USE_HTTP_PROOF"),
        "chain_proof": env.bool("USE_CHAIN_PROOF"),
    }


def _fetching(env: Env) -> dict[str, Any]:
    return {
        "allow_non_public_ip": env.bool("ALLOW_NON_PUBLIC_IP"),
        "fetch_allow": _fetch_allow(env),
        "shared_files": read_shared_files(env),
        "ipfs_gateway": _optional_url(env, "IPFS_GATEWAY") or "https://ipfs.io",
        "arweave_gateway": _optional_url(env, "ARWEAVE_GATEWAY") or "https://arweave.net/",
        "request_timeout_seconds": env.float("REQUEST_TIMEOUT", 10.0, least=0.1),
        "request_retries": env.int("REQUEST_RETRIES", 1, least=1, most=10),
        "max_checksum_bytes": env.int("MAX_CHECKSUM_LENGTH", 5 * MEBIBYTE),
        "probes_at_once": env.int("PROBES_AT_ONCE", 12, least=1),
        "allow_unbound_files": env.bool("ALLOW_UNBOUND_FILES"),
        "fileinfo_caller_headers": env.bool("FILEINFO_CALLER_HEADERS"),
        "max_encrypt_bytes": env.int("MAX_ENCRYPT_BYTES", 20 * MEBIBYTE, least=1),
    }


def _fetch_allow(env: Env) -> str:
    text = ",".join(env.list("FETCH_ALLOW"))
    try:
        parse_allow(text)
    except ValueError as error:
        env.problem(f"FETCH_ALLOW: {error}.")
    return text


def _rpc_urls(text: str) -> Secret:
    for url in text.split(","):
        if not url.strip().startswith(("http://", "https://")):
            raise ValueError("an RPC URL must start with http:// or https://")
    return Secret(text)


def _optional_url(env: Env, name: str) -> str | None:
    value = env.optional(name)
    return None if value is None else http_url(env, value, name)


def _each(env: Env, name: str, parse: Callable[[str], Value]) -> tuple[Value, ...]:
    try:
        return tuple(parse(item) for item in env.list(name))
    except (MalformedAddress, ValueError):
        env.problem(f"{name} must be a list of addresses.")
        return ()


def _fee_amounts(env: Env) -> dict[str | None, Decimal]:
    name = "PROVIDER_FEE_AMOUNT"
    plain = env.optional(name)
    if plain is None:
        return {}
    found = env.json(name) if plain.startswith("{") else {None: plain}
    try:
        return {kind: _amount(value) for kind, value in found.items()}
    except (ValueError, AttributeError):
        env.problem(f"{name} must be a number of whole tokens, or an object of such numbers by service type.")
        return {}


def _amount(value: object) -> Decimal:
    try:
        amount = Decimal(str(value))
    except InvalidOperation as error:
        raise ValueError("not a number") from error
    if isinstance(value, bool) or not amount.is_finite() or not 0 <= amount < Decimal(10) ** 30:
        raise ValueError("not an amount")
    return amount
