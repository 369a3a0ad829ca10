"""The root of what the provider refuses or cannot do; each class lives beside the code that raises it.

A class names a fact and carries data. It knows no status code and no wording: those belong to the rooms.
"""


class ProviderError(Exception):
    """Root of every refusal and failure the domain knows."""


class UnsupportedChain(ProviderError):
    """The request names a chain this provider is not configured for."""

    def __init__(self, chain_id: int | str) -> None:
        super().__init__(f"chain {chain_id} is not configured")
        self.chain_id = chain_id
