"""The face of this library: the configured chains by id, and how NETWORK_URL names their nodes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from libs.chain.addresses import load_address_file
from libs.chain.chain import Chain
from libs.chain.errors import BadChainSettings, UnknownChain
from libs.chain.rpc import RpcPool

__all__ = ["Chain", "Chains", "build_chains", "parse_network_urls"]


class Chains:
    """The configured chains; the first is the default one."""

    def __init__(self, chains: Mapping[int, Chain]) -> None:
        if not chains:
            raise BadChainSettings("no chain is configured")
        self._chains = dict(chains)

    def get(self, chain_id: int) -> Chain:
        """Raises UnknownChain."""
        chain = self._chains.get(chain_id)
        if chain is None:
            raise UnknownChain(chain_id)
        return chain

    def ids(self) -> tuple[int, ...]:
        return tuple(self._chains)

    def default(self) -> Chain:
        return next(iter(self._chains.values()))


def parse_network_urls(setting: str) -> dict[int | None, tuple[str, ...]]:
    """URLs by chain id; the key is None when the setting names no chain.

    A URL, several with commas, or a JSON object of chain id to URL, comma list or list of URLs.
    Raises BadChainSettings, which never quotes the setting.
    """
    text = setting.strip()
    if not text.startswith("{"):
        return {None: _urls(text)}
    try:
        entries = json.loads(text)
        return {int(chain_id): _urls(urls) for chain_id, urls in entries.items()}
    except ValueError as error:
        if isinstance(error, BadChainSettings):
            raise
    raise BadChainSettings("NETWORK_URL is not a JSON object of chain ids")


def _urls(value: Any) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise BadChainSettings("NETWORK_URL: a chain's nodes are a URL or a list of URLs")
    urls = tuple(part.strip() for part in parts if part.strip())
    if not urls:
        raise BadChainSettings("NETWORK_URL names no URL")
    return urls


def build_chains(
    network_url: str,
    address_file: str | Path | None,
    *,
    chain_id: int | None = None,
    timeout_seconds: float = 5.0,
    budget_seconds: float = 10.0,
    finality_blocks: int = 64,
) -> Chains:
    """The chains NETWORK_URL names. A plain URL belongs to `chain_id`, or else to whatever the node says
    (then this does I/O). Raises BadChainSettings, UnknownChain (no section in the address file)."""
    addresses = load_address_file(address_file)
    chains: dict[int, Chain] = {}
    for key, urls in parse_network_urls(network_url).items():
        pool = RpcPool(
            urls,
            key if key is not None else chain_id,
            timeout_seconds=timeout_seconds,
            budget_seconds=budget_seconds,
        )
        chains[pool.chain_id] = Chain(pool, addresses.section(pool.chain_id), finality_blocks)
    return Chains(chains)
