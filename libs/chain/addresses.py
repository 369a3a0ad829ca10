"""The contract address file: many networks, found by chain id. Source: companion contract 3.2."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from libs.chain.abi import MalformedData, checksum
from libs.chain.errors import BadChainSettings, UnknownChain


@dataclass(frozen=True, slots=True)
class Section:
    """One network: `contracts` by the file's own names, checksummed; templates as `ERC20Template.1`."""

    network: str
    chain_id: int
    start_block: int
    contracts: Mapping[str, str]

    def address_of(self, name: str) -> str | None:
        return self.contracts.get(name)


@dataclass(frozen=True, slots=True)
class AddressFile:
    sections: Mapping[int, Section]

    def section(self, chain_id: int) -> Section:
        """Raises UnknownChain."""
        found = self.sections.get(chain_id)
        if found is None:
            raise UnknownChain(chain_id)
        return found


def load_address_file(path: str | Path | None) -> AddressFile:
    """The file at `path`, or the one packaged with ocean-contracts. Raises BadChainSettings."""
    try:
        text = (
            Path(path).read_text()
            if path
            else resources.files("addresses").joinpath("address.json").read_text()
        )
        networks = json.loads(text)
    except (OSError, ValueError) as error:
        raise BadChainSettings(f"the address file cannot be read: {type(error).__name__}") from error
    if not isinstance(networks, dict):
        raise BadChainSettings("the address file is not an object of networks")
    sections: dict[int, Section] = {}
    for network, entries in networks.items():
        section = _section(str(network), entries)
        if section is not None:
            sections.setdefault(section.chain_id, section)
    return AddressFile(sections)


def _section(network: str, entries: Any) -> Section | None:
    if not isinstance(entries, dict) or not isinstance(entries.get("chainId"), int):
        return None
    start = entries.get("startBlock", 0)
    return Section(
        network=network,
        chain_id=entries["chainId"],
        start_block=start if isinstance(start, int) else 0,
        contracts=dict(_contracts(entries)),
    )


def _contracts(entries: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in entries.items():
        if isinstance(value, dict):
            found += _contracts(value, f"{prefix}{name}.")
        elif isinstance(value, str):
            try:
                found.append((prefix + name, checksum(value)))
            except MalformedData:
                continue  # files hold names and notes as well
    return found
