"""What the index says of itself: states of DIDs, the retry queue, the chains."""

from services.catalogue.domain.errors import CatalogueError
from services.catalogue.domain.facts import DidState, RetryEntry
from services.catalogue.ports import Catalogue, ChainStatus

LONGEST_QUEUE_PAGE = 1000


class StateNotFound(CatalogueError):
    """Nothing is known of what was asked for."""


class ChainNotIndexed(CatalogueError):
    """This catalogue does not follow that chain."""

    def __init__(self, chain: str) -> None:
        super().__init__("the chain is not indexed")
        self.chain = chain


class IndexStates:
    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def did_state(
        self, *, did: str | None, nft: str | None, tx_id: str | None, chain_id: int | None
    ) -> DidState:
        """Raises StateNotFound."""
        state = self._catalogue.did_state(did=did, nft=nft, tx_id=tx_id, chain_id=chain_id)
        if state is None:
            raise StateNotFound
        return state

    def queue(
        self, *, chain_id: int | None, nft: str | None, did: str | None, type: str | None
    ) -> tuple[int, list[RetryEntry]]:
        return self._catalogue.retries(
            chain_id=chain_id, nft=nft, did=did, type=type, limit=LONGEST_QUEUE_PAGE
        )

    def chains(self) -> list[ChainStatus]:
        return self._catalogue.chains()

    def chain(self, name: str) -> ChainStatus:
        """`name` as it was sent. Raises ChainNotIndexed."""
        for chain in self._catalogue.chains():
            if str(chain.chain_id) == name:
                return chain
        raise ChainNotIndexed(name)
