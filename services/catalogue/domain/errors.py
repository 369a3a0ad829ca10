"""The root of what the catalogue refuses or cannot do; each class lives beside the code that raises it.

A class names a fact and carries data. It knows no status code and no wording: those belong to the rooms.
"""


class CatalogueError(Exception):
    """Root of every refusal and failure the domain knows."""


class LeaseLost(CatalogueError):
    """Another holder writes this chain's index now."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the lease {name} is held by another process")
        self.name = name


class EventConflict(CatalogueError):
    """The place of an event is taken by an event of another block: the chain has changed its mind."""

    def __init__(self, chain_id: int, block_number: int, log_index: int) -> None:
        super().__init__(f"chain {chain_id} block {block_number} log {log_index} holds another block's event")
        self.chain_id = chain_id
        self.block_number = block_number
        self.log_index = log_index


class NoncesUnavailable(CatalogueError):
    """The provider's ledger cannot be asked right now."""


class QueueFull(CatalogueError):
    """More requests wait than the queue takes."""
