"""May this caller use this asset now: on-chain state, document state, address lists.

Source: contract 7.3. Order of the checks is part of the contract.
"""

from enum import IntEnum

from services.provider.domain.asset import Asset
from services.provider.domain.credentials import Credentials
from services.provider.domain.documents import State
from services.provider.domain.errors import ProviderError

CONSUMABLE_STATES = frozenset({State.ACTIVE, State.UNLISTED})


class ConsumableCode(IntEnum):
    """Why access is denied, by the names and numbers that clients know."""

    OK = 0
    ASSET_DISABLED = 1
    CONNECTIVITY_FAIL = 2
    CREDENTIAL_NOT_IN_ALLOW_LIST = 3
    CREDENTIAL_IN_DENY_LIST = 4


class AssetNotConsumable(ProviderError):
    """The data NFT's state on chain allows no use. `code` names the state."""

    def __init__(self, state: int) -> None:
        super().__init__(str(state))
        self.state = state

    @property
    def code(self) -> str:
        try:
            return State(self.state).name
        except ValueError:
            return "UNKNOWN_STATE"


class AccessDenied(ProviderError):
    """The document's state or its address lists refuse this caller."""

    def __init__(self, did: str, code: ConsumableCode) -> None:
        super().__init__(f"{did} {code.name}")
        self.did = did
        self.code = code.name


def check_consumable(asset: Asset, chain_state: int, caller: str) -> None:
    """Return when `caller` (any case) may use the asset. Raises AssetNotConsumable, AccessDenied."""
    if chain_state not in CONSUMABLE_STATES:
        raise AssetNotConsumable(chain_state)
    code = _document_code(asset, caller)
    if code is not ConsumableCode.OK:
        raise AccessDenied(asset.did, code)


def _document_code(asset: Asset, caller: str) -> ConsumableCode:
    if not asset.metadata or asset.nft_state not in CONSUMABLE_STATES:
        return ConsumableCode.ASSET_DISABLED
    return credential_code(asset.credentials, caller)


def credential_code(credentials: Credentials, caller: str) -> ConsumableCode:
    """A non-empty allow list decides alone; otherwise the deny list does."""
    address = caller.lower()
    if credentials.allow:
        if address in credentials.allow:
            return ConsumableCode.OK
        return ConsumableCode.CREDENTIAL_NOT_IN_ALLOW_LIST
    if address in credentials.deny:
        return ConsumableCode.CREDENTIAL_IN_DENY_LIST
    return ConsumableCode.OK
