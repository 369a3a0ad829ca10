"""What can go wrong when a chain is asked; no text here ever holds an RPC URL (it may carry an API key)."""

import re
from typing import ClassVar

_URLISH = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")
_MAX_TEXT = 200


def safe_text(text: object) -> str:
    """A foreign message fit for an error: URLs replaced, one line, at most 200 characters."""
    return " ".join(_URLISH.sub("<url>", str(text)[:2000]).split())[:_MAX_TEXT]


class ChainError(Exception):
    """Root of everything libs.chain raises. `retryable`: asking again later may succeed."""

    retryable: ClassVar[bool] = False


class RpcUnavailable(ChainError):
    """No configured node gave a usable answer (down, refusing, garbage, wrong size, rate limit)."""

    retryable = True


class RpcTimeout(RpcUnavailable):
    """Nodes were reached, but none answered within the budget of the call."""


class RpcRefused(ChainError):
    """A node answered with a JSON-RPC error."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        self.message = safe_text(message)
        super().__init__(f"the node refused the call ({code}): {self.message}")


class AnswerTooLarge(RpcRefused):
    """An answer passed the size cap; a log scan should ask for fewer blocks."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(-32005, f"answer larger than {limit_bytes} bytes")


class CallReverted(ChainError):
    """The contract reverted; `data` is what it returned."""

    def __init__(self, message: str, data: bytes = b"") -> None:
        self.data = data
        super().__init__(safe_text(message))


class MalformedAnswer(RpcUnavailable):
    """A node's answer does not have the shape the method promises."""


class WrongChain(RpcUnavailable):
    """The nodes reached serve another chain than the one configured."""

    def __init__(self, expected: int, got: int) -> None:
        self.expected = expected
        self.got = got
        super().__init__(f"configured for chain {expected}, the node serves chain {got}")


class UnknownChain(ChainError):
    """A chain id that is not configured, or not in the address file."""

    def __init__(self, chain_id: object) -> None:
        self.chain_id = chain_id
        super().__init__(f"unconfigured chain {safe_text(chain_id)}")


class UnknownContract(ChainError):
    """The address file does not name a contract that is needed."""


class UnknownTransaction(ChainError):
    """No node knows a receipt for this hash (made up, dropped, or not mined in time)."""

    def __init__(self, tx_hash: str) -> None:
        self.tx_hash = tx_hash
        super().__init__("no receipt for this transaction")


class BadChainSettings(ChainError, ValueError):
    """NETWORK_URL or the address file cannot be used as written."""
