"""Enter an asset: find it, look at its chain once, and see that this caller may use it.

Source: contract 2.4 and 2.6 steps 1-3, 7.3. Everything a request needs of the chain hangs on one head.
"""

from dataclasses import dataclass

from libs.chain.errors import CallReverted
from libs.chain.types import Head
from services.provider.domain.access import AccessControlDenied
from services.provider.domain.asset import Asset, AssetNotFound, MalformedAsset, is_did
from services.provider.domain.consumable import check_consumable
from services.provider.ports import AccessChain, AccessChains, AccessControl, AccessQuestion, AssetSource


@dataclass(frozen=True, slots=True)
class Visit:
    """One caller at one asset, at one head of its chain."""

    asset: Asset
    chain: AccessChain
    head: Head
    caller: str  # checksummed


class Access:
    def __init__(
        self, assets: AssetSource, chains: AccessChains, access_control: AccessControl | None = None
    ) -> None:
        self._assets = assets
        self._chains = chains
        self._access_control = access_control

    def ask(self, event: str, caller: str, did: str, service_id: str) -> None:
        """The operator's access control server, if there is one.

        Raises AccessControlDenied, AccessControlUnavailable.
        """
        self.ask_all(AccessQuestion(event, caller, ((did, service_id),)))

    def ask_all(self, question: AccessQuestion) -> None:
        """The same about several assets at once. Raises AccessControlDenied, AccessControlUnavailable."""
        if self._access_control is not None and not self._access_control.allows(question):
            raise AccessControlDenied

    def find(self, did: str) -> Asset:
        """Raises AssetNotFound, MalformedAsset, CatalogueUnavailable."""
        asset = self._assets.find(did) if is_did(did) else None
        if asset is None:
            raise AssetNotFound(did)
        return asset

    def enter(self, did: str, caller: str) -> Visit:
        """Raises what `find` and `visit` raise."""
        return self.visit(self.find(did), caller)

    def visit(self, asset: Asset, caller: str, head: Head | None = None) -> Visit:
        """`head`: of the asset's chain, when the same request has read it already.

        Raises UnknownChain, ChainError, MalformedAsset, AssetNotConsumable, AccessDenied.
        """
        chain = self._chains.get(asset.chain_id)
        head = head or chain.head()
        try:
            state = chain.nft_metadata(asset.nft_address, head).state
        except CallReverted as error:
            raise MalformedAsset("nft.address is no data NFT on its chain") from error
        check_consumable(asset, state, caller)
        return Visit(asset, chain, head, caller)
