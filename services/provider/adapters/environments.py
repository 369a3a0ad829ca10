"""Compute environments as the provider sees them, until a compute service tells of some."""

from services.provider.ports import ComputeEnvironment


class NoEnvironments:
    """The ComputeEnvironments of a provider without a compute service beside it."""

    def find(self, chain_id: int, environment_id: str) -> ComputeEnvironment | None:
        return None

    def consumer_addresses(self, chain_id: int) -> frozenset[str]:
        return frozenset()
