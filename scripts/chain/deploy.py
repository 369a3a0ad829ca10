"""The real Ocean contracts on a development chain, and the address file that names them.

Order and constructors: companion contract 3.1. Safe to run again: when the address file names contracts that
have code on this chain, nothing is deployed.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scripts.chain.accounts import MNEMONIC, development_accounts
from scripts.chain.wallet import Wallet, connect

ADMIN_INDEX = 0  # deploys and owns everything
UNUSED_POOL_TEMPLATE = "0x000000000000000000000000000000000000dEaD"
FUNDS = {"Ocean": 100_000, "MockDAI": 100_000, "MockUSDC": 100_000}  # whole tokens per account
_PROBED = ("Ocean", "Router", "ERC721Factory", "FixedPrice", "Dispenser")

Entries = dict[str, Any]


def ensure_contracts(*, rpc_url: str, network: str, address_file: Path, mnemonic: str = MNEMONIC) -> Entries:
    """The network's section of the address file; deploys, funds and writes only if it does not hold yet."""
    w3 = connect(rpc_url)
    entries = _read(address_file).get(network)
    if isinstance(entries, dict) and _is_deployed(w3, entries):
        return entries
    accounts = development_accounts(mnemonic)
    admin = Wallet(w3, accounts[ADMIN_INDEX].key)
    entries = deploy(admin)
    fund(admin, entries, [account.address for account in accounts])
    _write(address_file, network, entries)
    return entries


def deploy(admin: Wallet) -> Entries:
    """Deploy and connect all contracts; the section for the address file."""
    ocean, _ = admin.deploy("OceanToken", [admin.address])
    dai, _ = admin.deploy("MockERC20Decimals", ["MockDAI", "MockDAI", 18])
    usdc, _ = admin.deploy("MockERC20Decimals", ["MockUSDC", "MockUSDC", 6])
    collector, _ = admin.deploy("OPFCommunityFeeCollector", [admin.address, admin.address])
    enterprise, _ = admin.deploy("EnterpriseFeeCollector", [admin.address, admin.address])
    router, start_block = admin.deploy(
        "FactoryRouter", [admin.address, ocean, UNUSED_POOL_TEMPLATE, collector, []]
    )
    fixed, _ = admin.deploy("FixedRateExchange", [router])
    fixed_enterprise, _ = admin.deploy("FixedRateExchangeEnterprise", [router, enterprise])
    names = ("ERC20Template", "ERC20TemplateEnterprise", "ERC20Template3", "ERC20Template4")
    templates = [admin.deploy(name)[0] for name in names]
    nft_template, _ = admin.deploy("ERC721Template")
    dispenser, _ = admin.deploy("Dispenser", [router])
    factory, _ = admin.deploy("ERC721Factory", [nft_template, templates[0], router])
    access_list, _ = admin.deploy("AccessList")
    access_lists, _ = admin.deploy("AccessListFactory", [access_list])
    _connect(admin, router, factory, [fixed, fixed_enterprise], dispenser, templates[1:])
    return {
        "chainId": admin.chain_id,
        "startBlock": start_block,
        "Ocean": ocean,
        "MockDAI": dai,
        "MockUSDC": usdc,
        "OPFCommunityFeeCollector": collector,
        "EnterpriseFeeCollector": enterprise,
        "Router": router,
        "FixedPrice": fixed,
        "FixedPriceEnterprise": fixed_enterprise,
        "ERC20Template": {str(index): address for index, address in enumerate(templates, 1)},
        "ERC721Template": {"1": nft_template},
        "Dispenser": dispenser,
        "ERC721Factory": factory,
        "AccessListFactory": access_lists,
    }


def _connect(
    admin: Wallet, router: str, factory: str, exchanges: Sequence[str], dispenser: str, more: Sequence[str]
) -> None:
    """Tell factory and router of the rest; without this, creating exchanges and dispensers reverts."""
    makers = admin.contract("ERC721Factory", factory).functions
    for template in more:
        admin.send(makers.addTokenTemplate(template))
    routes = admin.contract("FactoryRouter", router).functions
    admin.send(routes.addFactory(factory))
    for exchange in exchanges:
        admin.send(routes.addFixedRateContract(exchange))
    admin.send(routes.addDispenserContract(dispenser))


def fund(admin: Wallet, entries: Entries, addresses: Sequence[str]) -> None:
    """Give each address the development tokens: Ocean is minted, the mock tokens all start with the admin."""
    ocean = admin.contract("OceanToken", entries["Ocean"])
    for address in addresses:
        admin.send(ocean.functions.mint(address, FUNDS["Ocean"] * 10**18))
        if address == admin.address:
            continue
        for name in ("MockDAI", "MockUSDC"):
            token = admin.contract("MockERC20Decimals", entries[name])
            unit = 10 ** token.functions.decimals().call()
            admin.send(token.functions.transfer(address, FUNDS[name] * unit))


def _is_deployed(w3: Any, entries: Entries) -> bool:
    if entries.get("chainId") != w3.eth.chain_id:
        return False
    addresses = [entries.get(name) for name in _PROBED]
    return all(isinstance(address, str) and len(w3.eth.get_code(address)) > 0 for address in addresses)


def _read(address_file: Path) -> dict[str, Any]:
    try:
        networks = json.loads(address_file.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return networks if isinstance(networks, dict) else {}


def _write(address_file: Path, network: str, entries: Entries) -> None:
    """Other networks' sections stay; the file is replaced in one step."""
    networks = _read(address_file) | {network: entries}
    address_file.parent.mkdir(parents=True, exist_ok=True)
    temporary = address_file.with_suffix(".tmp")
    temporary.write_text(json.dumps(networks, indent=2) + "\n")
    temporary.replace(address_file)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.chain.deploy", description=__doc__)
    parser.add_argument("--rpc", default="http://127.0.0.1:8545")
    parser.add_argument("--network", default="development")
    parser.add_argument("--address-file", type=Path, required=True)
    parser.add_argument("--mnemonic", default=MNEMONIC)
    given = parser.parse_args(argv)
    entries = ensure_contracts(
        rpc_url=given.rpc, network=given.network, address_file=given.address_file, mnemonic=given.mnemonic
    )
    print(json.dumps(entries, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
