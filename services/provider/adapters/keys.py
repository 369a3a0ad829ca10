"""The provider's keys, already loaded: one for every chain, or one per chain, and the one tied to none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from libs.signing.keys import PrivateKey
from services.provider.domain.errors import UnsupportedChain


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderKeys:
    """At least one of `plain` and `by_chain` is given. Source: contract 5.2."""

    plain: PrivateKey | None = None
    by_chain: Mapping[int, PrivateKey] = field(default_factory=dict)
    universal: PrivateKey | None = None  # signs what belongs to no chain (RBAC, backends)

    def for_chain(self, chain_id: int) -> PrivateKey:
        """Raises UnsupportedChain. A plain key serves any chain id, as upstream's does."""
        key = self.by_chain.get(chain_id, self.plain)
        if key is None:
            raise UnsupportedChain(chain_id)
        return key

    def for_no_chain(self) -> PrivateKey | None:
        """The universal key; a plain key stands in for it."""
        return self.universal or self.plain

    def addresses(self, chain_ids: Sequence[int]) -> dict[int, str]:
        """Chain id -> address, in the order given, for the root document. Raises UnsupportedChain."""
        return {chain_id: self.for_chain(chain_id).address for chain_id in chain_ids}
