"""Uses of assets in a compute job as a caller names them, and how they are refused (contract 1.3, 2.9)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.provider.domain.errors import ProviderError

DATASET = "dataset"
ALGORITHM = "algorithm"
MAX_DATASETS = 64


class UseRefused(ProviderError):
    """`resource` and `code` are Ocean's words; `facts` tell more where there is more to tell."""

    def __init__(self, resource: str, code: str, **facts: Any) -> None:
        super().__init__(f"{resource}: {code}")
        self.resource = resource
        self.code = code
        self.facts: Mapping[str, Any] = facts


class ItemRefused(ProviderError):
    """The same where Ocean has no code but a text, which is the room's: `cause` names the fact."""

    def __init__(self, resource: str, cause: Exception) -> None:
        super().__init__(f"{resource}: {type(cause).__name__}")
        self.resource = resource
        self.cause = cause


class NotAnAlgorithm(ProviderError):
    """A quote was asked for a DID that names no algorithm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetUse:
    """Texts as received, None for what was not sent; `userdata` as JSON gives it."""

    document_id: str | None
    service_id: str | None = None
    transfer_tx_id: str | None = None
    userdata: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgorithmUse(AssetUse):
    """`meta` describes a raw algorithm. Beside a DID it is ignored: it must not dodge the trust lists."""

    meta: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Uses:
    """What one job uses. The first dataset is the main one."""

    consumer: str  # checksummed
    datasets: Sequence[AssetUse]
    algorithm: AlgorithmUse


def resource_of(index: int) -> str:
    """Of dataset `index`, as clients know it."""
    return DATASET if index == 0 else f"datasets[{index}]"


def check_named(uses: Uses, *, orders_needed: bool) -> None:
    """Everything that must be there is there. Raises UseRefused."""
    algorithm = uses.algorithm
    if not algorithm.document_id and not algorithm.meta:
        raise UseRefused(ALGORITHM, "missing_meta_documentId")
    if algorithm.document_id and not algorithm.service_id:
        raise UseRefused("algorithm.serviceId", "missing")
    for index, dataset in enumerate(uses.datasets):
        needed = {"documentId": dataset.document_id}
        if orders_needed:
            needed["transferTxId"] = dataset.transfer_tx_id
        needed["serviceId"] = dataset.service_id
        for name, value in needed.items():
            if not value:
                raise UseRefused(f"{resource_of(index)}.{name}", "missing")
