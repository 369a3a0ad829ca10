"""A development key that sends transactions and waits for their receipts."""

import json
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from web3 import HTTPProvider, Web3
from web3.contract import Contract
from web3.contract.contract import ContractFunction
from web3.types import TxReceipt

GAS_LIMIT = 15_000_000  # half of anvil's block: enough for any contract here, and nothing needs estimating
GAS_PRICE = 3_000_000_000  # well above the development node's base fee


class TransactionFailed(Exception):
    """A transaction was mined and reverted; the text says what the contract said."""


def connect(rpc_url: str) -> Web3:
    return Web3(HTTPProvider(rpc_url, request_kwargs={"timeout": 30}))


@lru_cache(maxsize=64)
def artifact(name: str) -> dict[str, Any]:
    """ABI and bytecode of an Ocean contract, from the ocean-contracts package."""
    text = resources.files("artifacts").joinpath(f"{name}.json").read_text()
    found: dict[str, Any] = json.loads(text)
    return found


def tx_hash(receipt: TxReceipt) -> str:
    return "0x" + bytes(receipt["transactionHash"]).hex()


class Wallet:
    """One key on one chain. Not for use by several threads at once: it counts its own nonces."""

    def __init__(self, w3: Web3, key: str) -> None:
        self.w3 = w3
        self._account: LocalAccount = Account.from_key(key)
        self._chain_id = w3.eth.chain_id
        self._nonce: int | None = None

    @property
    def address(self) -> str:
        return str(self._account.address)

    @property
    def key(self) -> str:
        return "0x" + bytes(self._account.key).hex()

    @property
    def chain_id(self) -> int:
        return self._chain_id

    def contract(self, name: str, address: str) -> Contract:
        return self.w3.eth.contract(address=Web3.to_checksum_address(address), abi=artifact(name)["abi"])

    def send(self, function: ContractFunction) -> TxReceipt:
        """Send a contract call. Raises TransactionFailed when it reverts."""
        return self._transact(function.build_transaction(self._fields()))

    def send_hash(self, function: ContractFunction) -> str:
        """As `send`; the transaction hash, 0x hex."""
        return tx_hash(self.send(function))

    def send_anyway(self, function: ContractFunction) -> str:
        """As `send_hash`, but a transaction that reverts is fine."""
        return tx_hash(self._mine(function.build_transaction(self._fields())))

    def call_raw(self, to: str, data: bytes) -> str:
        """Send bare call data; the transaction hash."""
        return tx_hash(self._transact({**self._fields(), "to": to, "data": data}))

    def deploy(self, name: str, arguments: Sequence[Any] = ()) -> tuple[str, int]:
        """Deploy an Ocean contract; its address and block."""
        source = artifact(name)
        factory = self.w3.eth.contract(abi=source["abi"], bytecode=source["bytecode"])
        receipt = self._transact(factory.constructor(*arguments).build_transaction(self._fields()))
        return str(receipt["contractAddress"]), receipt["blockNumber"]

    def deploy_code(self, init_code: bytes) -> str:
        """Deploy bytecode of one's own; its address."""
        receipt = self._transact({**self._fields(), "data": init_code, "to": b""})
        return str(receipt["contractAddress"])

    def _fields(self) -> Any:
        if self._nonce is None:
            self._nonce = self.w3.eth.get_transaction_count(self._account.address, "pending")
        return {
            "from": self._account.address,
            "nonce": self._nonce,
            "gas": GAS_LIMIT,
            "gasPrice": GAS_PRICE,
            "chainId": self._chain_id,
            "value": 0,
        }

    def _transact(self, transaction: Any) -> TxReceipt:
        receipt = self._mine(transaction)
        if receipt["status"] != 1:
            raise TransactionFailed(self._reason(transaction, receipt))
        return receipt

    def _mine(self, transaction: Any) -> TxReceipt:
        signed = self._account.sign_transaction({k: v for k, v in transaction.items() if k != "from"})
        try:
            sent = self.w3.eth.send_raw_transaction(signed.raw_transaction)
            receipt = self.w3.eth.wait_for_transaction_receipt(sent, timeout=30, poll_latency=0.02)
        except Exception:
            self._nonce = None  # it may or may not have counted: ask the node next time
            raise
        self._nonce = transaction["nonce"] + 1
        return receipt

    def _reason(self, transaction: Any, receipt: TxReceipt) -> str:
        """Replay the call on the block before, to learn what the contract said."""
        call = {key: transaction[key] for key in ("from", "to", "data", "value") if transaction.get(key)}
        try:
            self.w3.eth.call(call, receipt["blockNumber"] - 1)  # type: ignore[arg-type]
        except Exception as error:  # noqa: BLE001 - any answer is only quoted
            return str(error)
        return "reverted without a reason"
