"""Order a service on chain, as a client would, and download with that order.

Usable from Python (`order`, `reuse`, `order_many`) and as `python -m scripts.chain.order`, which prints JSON.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from libs.chain.abi import ZERO_ADDRESS
from scripts.chain.provider_client import ProviderClient
from scripts.chain.wallet import Wallet, connect

WEI = 10**18
NO_MARKET = (ZERO_ADDRESS, ZERO_ADDRESS, 0)
_ENTERPRISE = 2

Entries = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fee:
    """A signed provider fee, as `initialize` quotes it. `amount` in base units of `token`."""

    address: str
    token: str
    amount: int
    v: int
    r: bytes
    s: bytes
    valid_until: int
    provider_data: bytes

    def as_struct(self) -> tuple[Any, ...]:
        """Field order of the contracts' ProviderFee struct."""
        return (
            self.address,
            self.token,
            self.amount,
            self.v,
            self.r,
            self.s,
            self.valid_until,
            self.provider_data,
        )


def fee_of_quote(quote: Mapping[str, Any]) -> Fee:
    """The `providerFee` of an answer of initialize."""
    fee = quote["providerFee"]
    return Fee(
        address=fee["providerFeeAddress"],
        token=fee["providerFeeToken"],
        amount=int(fee["providerFeeAmount"]),
        v=int(fee["v"]),
        r=bytes.fromhex(fee["r"].removeprefix("0x")),
        s=bytes.fromhex(fee["s"].removeprefix("0x")),
        valid_until=int(fee["validUntil"]),
        provider_data=bytes.fromhex(fee["providerData"].removeprefix("0x")),
    )


def order(
    wallet: Wallet,
    entries: Entries,
    datatoken: str,
    service_index: int,
    fee: Fee,
    consumer: str | None = None,
) -> str:
    """Get a datatoken if the wallet has none (exchange, dispenser), order, and return the transaction hash.

    An enterprise datatoken (template 2) with an exchange or a dispenser does both in one transaction.
    """
    token = wallet.contract("ERC20TemplateEnterprise", datatoken)
    consumer = consumer or wallet.address
    _allow(wallet, fee.token, datatoken, fee.amount)
    parameters = (consumer, service_index, fee.as_struct(), NO_MARKET)
    if token.functions.balanceOf(wallet.address).call() < WEI:
        exchanges = token.functions.getFixedRates().call()
        dispensers = token.functions.getDispensers().call()
        if token.functions.getId().call() == _ENTERPRISE and (exchanges or dispensers):
            return _buy_and_order(wallet, token, parameters, exchanges, dispensers)
        _obtain(wallet, datatoken, exchanges, dispensers)
    return wallet.send_hash(token.functions.startOrder(*parameters))


def reuse(wallet: Wallet, datatoken: str, order_tx: str, fee: Fee) -> str:
    """Pay a new provider fee for an old order; the transaction hash."""
    _allow(wallet, fee.token, datatoken, fee.amount)
    token = wallet.contract("ERC20Template", datatoken)
    return wallet.send_hash(token.functions.reuseOrder(bytes.fromhex(order_tx[2:]), fee.as_struct()))


def order_many(wallet: Wallet, entries: Entries, orders: Sequence[tuple[str, str, int, Fee]]) -> str:
    """Several (datatoken, consumer, service index, fee) in one transaction through the factory.

    The wallet must hold the datatokens; the events then name the factory as payer.
    """
    factory_address = entries["ERC721Factory"]
    for datatoken, _, _, fee in orders:
        _allow(wallet, datatoken, factory_address, 10 * WEI)
        _allow(wallet, fee.token, factory_address, fee.amount)
    factory = wallet.contract("ERC721Factory", factory_address)
    structs = [
        (datatoken, consumer, index, fee.as_struct(), NO_MARKET) for datatoken, consumer, index, fee in orders
    ]
    return wallet.send_hash(factory.functions.startMultipleTokenOrder(structs))


def _allow(wallet: Wallet, token: str, spender: str, amount: int) -> None:
    """Raise the allowance by `amount`: fee and price may be due in one token to one spender."""
    if amount > 0:
        functions = wallet.contract("ERC20Template", token).functions
        allowed = functions.allowance(wallet.address, spender).call()
        wallet.send(functions.approve(spender, allowed + amount))


def _obtain(
    wallet: Wallet, datatoken: str, exchanges: Sequence[tuple[str, bytes]], dispensers: Sequence[str]
) -> None:
    if exchanges:
        address, exchange_id = exchanges[0]
        exchange = wallet.contract("FixedRateExchange", address)
        base, needed = _cost(exchange, exchange_id)
        _allow(wallet, base, address, needed)
        wallet.send(exchange.functions.buyDT(exchange_id, WEI, needed, ZERO_ADDRESS, 0))
    elif dispensers:
        dispenser = wallet.contract("Dispenser", dispensers[0])
        wallet.send(dispenser.functions.dispense(datatoken, WEI, wallet.address))


def _buy_and_order(
    wallet: Wallet,
    token: Any,
    parameters: tuple[Any, ...],
    exchanges: Sequence[tuple[str, bytes]],
    dispensers: Sequence[str],
) -> str:
    if not exchanges:
        return wallet.send_hash(token.functions.buyFromDispenserAndOrder(parameters, dispensers[0]))
    address, exchange_id = exchanges[0]
    base, needed = _cost(wallet.contract("FixedRateExchange", address), exchange_id)
    _allow(wallet, base, token.address, needed)
    purchase = (address, exchange_id, needed, 0, ZERO_ADDRESS)
    return wallet.send_hash(token.functions.buyFromFreAndOrder(parameters, purchase))


def _cost(exchange: Any, exchange_id: bytes) -> tuple[str, int]:
    """Base token and the amount of it that one datatoken costs, swap fees included."""
    base = exchange.functions.getExchange(exchange_id).call()[3]
    return str(base), int(exchange.functions.calcBaseInGivenOutDT(exchange_id, WEI, 0).call()[0])


def main(argv: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(argv)
    gateway = ProviderClient(given.gateway)
    entries = json.loads(given.address_file.read_text())[given.network]
    wallet = Wallet(connect(given.rpc), given.key)
    services = gateway.wait_for_ddo(given.did)["services"]
    index = next(i for i, entry in enumerate(services) if given.service_id in (None, entry["id"]))
    service = services[index]
    reused = {"transferTxId": given.reuse} if given.reuse else {}
    quote = gateway.initialize(given.did, service["id"], wallet.address, fileIndex=0, **reused)
    if "providerFee" not in quote:
        order_tx = quote["validOrder"]
    elif given.reuse:
        order_tx = reuse(wallet, service["datatokenAddress"], given.reuse, fee_of_quote(quote))
    else:
        order_tx = order(wallet, entries, service["datatokenAddress"], index, fee_of_quote(quote))
    result = {"order": order_tx, "did": given.did, "serviceId": service["id"], "serviceIndex": index}
    if given.download:
        params = gateway.download_params(given.key, given.did, service["id"], order_tx, given.file_index)
        response = gateway.download(params)
        response.raise_for_status()
        given.download.write_bytes(response.content)
        result |= {"file": str(given.download), "bytes": len(response.content)}
    print(json.dumps(result, indent=2))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.chain.order", description=__doc__)
    parser.add_argument("--gateway", default="http://127.0.0.1:8030")
    parser.add_argument("--rpc", default="http://127.0.0.1:8545")
    parser.add_argument("--network", default="development")
    parser.add_argument("--address-file", type=Path, required=True)
    parser.add_argument("--key", required=True, help="the consumer's private key, 0x hex")
    parser.add_argument("--did", required=True)
    parser.add_argument("--service-id", help="default: the first service")
    parser.add_argument("--reuse", metavar="TX", help="reuse this order instead of paying for a new one")
    parser.add_argument("--download", type=Path, metavar="FILE", help="download with the order, into FILE")
    parser.add_argument("--file-index", type=int, default=0)
    return parser


if __name__ == "__main__":
    sys.exit(main())
