"""Publish a sample asset as a client would: NFT and datatokens, encrypted files, document on chain.

Usable from Python (`publish`) and as `python -m scripts.chain.publish`, which prints JSON.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from web3.logs import DISCARD as _DISCARD
from web3.types import TxReceipt

from libs.chain.abi import ZERO_ADDRESS
from scripts.chain.assets import AssetSpec, Provider, ServiceSpec, build_ddo
from scripts.chain.metadata import set_metadata
from scripts.chain.provider_client import ProviderClient
from scripts.chain.wallet import Wallet, connect

WEI = 10**18
CAP = 100_000 * WEI  # must not be zero and is otherwise ignored
_MINTED = 100 * WEI

Entries = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Published:
    """`datatokens` in the order of the DDO's services; `tx_hash` is the metadata transaction's."""

    did: str
    nft: str
    datatokens: tuple[str, ...]
    tx_hash: str
    ddo: dict[str, Any]


def publish(wallet: Wallet, entries: Entries, provider: Provider, spec: AssetSpec) -> Published:
    """`entries`: the network's section of the address file. Raises TransactionFailed, ProviderRefused."""
    nft, datatokens = create_tokens(wallet, entries, spec)
    ddo = build_ddo(spec, provider, nft=nft, datatokens=datatokens, chain_id=wallet.chain_id)
    published = set_metadata(wallet, ddo, provider, flags=spec.flags)
    return Published(ddo["id"], nft, tuple(datatokens), published, ddo)


def create_tokens(wallet: Wallet, entries: Entries, spec: AssetSpec) -> tuple[str, list[str]]:
    """The NFT with the first service's datatoken in one transaction, further datatokens one by one."""
    factory = wallet.contract("ERC721Factory", entries["ERC721Factory"])
    first, *others = spec.services
    receipt = wallet.send(_creation(wallet, factory, entries, first))
    nft = str(
        factory.events.NFTCreated().process_receipt(receipt, errors=_DISCARD)[0]["args"]["newTokenAddress"]
    )
    datatokens = [_created_token(factory, receipt)]
    for service in others:
        datatokens.append(_add_datatoken(wallet, factory, entries, nft, service))
    for service, datatoken in zip(spec.services, datatokens, strict=True):
        for holder in service.mint_to:
            token = wallet.contract("ERC20Template", datatoken)
            wallet.send(token.functions.mint(holder, _MINTED))
    return nft, datatokens


def _creation(wallet: Wallet, factory: Any, entries: Entries, service: ServiceSpec) -> Any:
    nft_data = ("Tidegate NFT", "TGN", 1, "", True, wallet.address)
    token_data = _token_data(wallet, service)
    if service.pricing == "fixed":
        return factory.functions.createNftWithErc20WithFixedRate(
            nft_data, token_data, (entries["FixedPrice"], *_fixed_rate(wallet, entries, service))
        )
    if service.pricing == "dispenser":
        return factory.functions.createNftWithErc20WithDispenser(
            nft_data, token_data, (entries["Dispenser"], *_DISPENSER)
        )
    return factory.functions.createNftWithErc20(nft_data, token_data)


_DISPENSER = (WEI, WEI, True, ZERO_ADDRESS)  # most tokens per call, most per holder, mints, for anyone


def _token_data(wallet: Wallet, service: ServiceSpec) -> tuple[Any, ...]:
    roles = [wallet.address, wallet.address, ZERO_ADDRESS, ZERO_ADDRESS]
    return (service.template, ["Tidegate datatoken", "TGDT"], roles, [CAP, 0], [])


def _fixed_rate(wallet: Wallet, entries: Entries, service: ServiceSpec) -> tuple[list[str], list[int]]:
    """Addresses and numbers of an exchange; the rate has 18 decimals whatever the base token's."""
    base = entries.get(service.base_token, service.base_token)
    decimals = wallet.contract("MockERC20Decimals", base).functions.decimals().call()
    rate = int(Decimal(service.price) * WEI)
    addresses = [base, wallet.address, wallet.address, ZERO_ADDRESS]
    return addresses, [decimals, 18, rate, 0, 1]


def _add_datatoken(wallet: Wallet, factory: Any, entries: Entries, nft: str, service: ServiceSpec) -> str:
    contract = wallet.contract("ERC721Template", nft)
    receipt = wallet.send(contract.functions.createERC20(*_token_data(wallet, service)))
    datatoken = _created_token(factory, receipt)
    token = wallet.contract("ERC20Template", datatoken)
    if service.pricing == "fixed":
        wallet.send(
            token.functions.createFixedRate(entries["FixedPrice"], *_fixed_rate(wallet, entries, service))
        )
    elif service.pricing == "dispenser":
        wallet.send(token.functions.createDispenser(entries["Dispenser"], *_DISPENSER))
    return datatoken


def _created_token(factory: Any, receipt: TxReceipt) -> str:
    logs = factory.events.TokenCreated().process_receipt(receipt, errors=_DISCARD)
    return str(logs[0]["args"]["newTokenAddress"])


def main(argv: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(argv)
    gateway = ProviderClient(given.gateway)
    entries = json.loads(given.address_file.read_text())[given.network]
    wallet = Wallet(connect(given.rpc), given.key)
    files = [{"type": "url", "url": url, "method": "GET"} for url in given.file_url]
    service = ServiceSpec(
        files=files,
        type=given.type,
        pricing=given.pricing,
        price=given.price,
        base_token=given.base_token,
        template=given.template,
        timeout_seconds=given.timeout,
        mint_to=given.mint_to,
    )
    spec = AssetSpec(services=[service], name=given.name, flags=given.flags)
    provider = Provider(gateway.url, gateway.provider_address(wallet.chain_id), gateway)
    published = publish(wallet, entries, provider, spec)
    if given.wait:
        gateway.wait_for_ddo(published.did, published.tx_hash)
    print(json.dumps(asdict(published), indent=2))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.chain.publish", description=__doc__)
    parser.add_argument("--gateway", default="http://127.0.0.1:8030")
    parser.add_argument("--rpc", default="http://127.0.0.1:8545")
    parser.add_argument("--network", default="development")
    parser.add_argument("--address-file", type=Path, required=True)
    parser.add_argument("--key", required=True, help="the publisher's private key, 0x hex")
    parser.add_argument("--file-url", action="append", required=True, help="repeat for several files")
    parser.add_argument("--name", default="Sample asset")
    parser.add_argument("--type", choices=["access", "compute"], default="access")
    parser.add_argument("--pricing", choices=["free", "fixed", "dispenser"], default="free")
    parser.add_argument("--price", default="1", help="whole base tokens for one datatoken")
    parser.add_argument("--base-token", default="Ocean", help="a name of the address file, or an address")
    parser.add_argument("--template", type=int, choices=[1, 2], default=1)
    parser.add_argument("--timeout", type=int, default=0, help="seconds an order is good for, 0 for ever")
    parser.add_argument(
        "--flags", type=int, choices=[0, 1, 2, 3], default=2, help="1 LZMA, 2 encrypted, 3 both"
    )
    parser.add_argument("--mint-to", action="append", default=[], help="an address that gets datatokens")
    parser.add_argument("--wait", action="store_true", help="until the catalogue shows the asset")
    return parser


if __name__ == "__main__":
    sys.exit(main())
