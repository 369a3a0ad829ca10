"""Receipts as datatoken contracts write them, encoded with eth_abi: what orders are judged by."""

from dataclasses import dataclass, field

from eth_abi.abi import encode

from libs.chain.events import TOPICS
from libs.chain.types import Log, Receipt
from libs.signing.fees import FeeQuote, encode_provider_data, sign_fee
from libs.signing.keys import PrivateKey, checksum

PROVIDER_KEY = PrivateKey("0xfd5c1ccea015b6d663618850824154a3b3fb2882c46cefb05b9a93fea8c3d215")
STRANGER_KEY = PrivateKey("11" * 32)
NFT = "0xBD558814eE914800EbfeF4a1cbE196F5161823d9"
DATATOKEN = "0x358e56e10a4a906ABd6a941aDd851aedD69F65e2"
OTHER_TOKEN = "0x0bDF3EBDeff5e6a0A0F7FC9B0C8e7fce1a1Bd6f1"
CONSUMER = "0xA78deb2Fa79463945C247991075E2a0e98Ba7A09"
STRANGER = "0x1d0576Ce16d2b4Df4c7d9eCf6e7bF66A4a8E6a3c"
FEE_TOKEN = "0xe78A0F7E598Cc8b0Bb87894B0F60dD2a88d6a8Ab"
ZERO = "0x" + "0" * 40
ORDERED_AT = 1_700_000_000
TX = "0x" + "a1" * 32
OLD_TX = "0x" + "b2" * 32
ONE = 10**18


def _address(text: str) -> bytes:
    return bytes.fromhex(text[2:].rjust(64, "0"))


def _log(emitter: str, name: str, indexed: list[bytes], data: bytes) -> Log:
    topics = (TOPICS[name], *("0x" + word.hex() for word in indexed))
    return Log(checksum(emitter), topics, data, 100, "0x" + "cc" * 32, TX, 0)


def order_log(
    emitter: str = DATATOKEN,
    *,
    consumer: str = CONSUMER,
    payer: str = CONSUMER,
    amount: int = ONE,
    index: int = 0,
    at: int = ORDERED_AT,
) -> Log:
    types = ["address", "uint256", "uint256", "uint256", "uint256"]
    data = encode(types, [payer.lower(), amount, index, at, 100])
    return _log(emitter, "OrderStarted", [_address(consumer), _address(ZERO)], data)


def reuse_log(
    emitter: str = DATATOKEN, *, names: str = OLD_TX, caller: str = CONSUMER, at: int = ORDERED_AT
) -> Log:
    types = ["bytes32", "address", "uint256", "uint256"]
    data = encode(types, [bytes.fromhex(names[2:]), caller.lower(), at, 100])
    return _log(emitter, "OrderReused", [], data)


@dataclass(frozen=True, kw_only=True)
class Fee:
    """A fee quote and how it was signed."""

    datatoken: str = DATATOKEN
    service_id: str = "svc-0"
    environment: str | None = None
    quoted_at: float = ORDERED_AT - 5.5
    amount: int = 0
    valid_until: int = 0
    address: str = PROVIDER_KEY.address
    signer: PrivateKey = field(default=PROVIDER_KEY)
    data: bytes | None = None


def fee_log(emitter: str = DATATOKEN, fee: Fee | None = None) -> Log:
    fee = fee or Fee()
    data = fee.data
    if data is None:
        data = encode_provider_data(fee.environment, fee.quoted_at, fee.datatoken, fee.service_id)
    signed = sign_fee(FeeQuote(data, fee.address, FEE_TOKEN, fee.amount, fee.valid_until), fee.signer)
    types = ["uint256", "bytes", "uint8", "bytes32", "bytes32", "uint256"]
    body = encode(types, [fee.amount, data, signed.v, signed.r, signed.s, fee.valid_until])
    return _log(emitter, "ProviderFee", [_address(fee.address), _address(FEE_TOKEN)], body)


def receipt(*logs: Log, tx: str = TX, status: int = 1, block: int = 100) -> Receipt:
    """The logs in the order given."""
    placed = tuple(
        Log(log.address, log.topics, log.data, block, log.block_hash, tx, position)
        for position, log in enumerate(logs)
    )
    return Receipt(tx, status, block, "0x" + "cc" * 32, placed)
