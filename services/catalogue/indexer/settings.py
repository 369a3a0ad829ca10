"""How the indexer paces itself; values only, read from the environment by services.catalogue.settings."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanSettings:
    start_block: int = 0
    first_span: int = 500  # blocks of the first range
    largest_span: int = 5000
    overlap_blocks: int = 4  # read again with every range: a node's log index may lag behind its blocks
    rewind_grace_seconds: float = 3600.0  # how long a shorter chain is taken for a node that lags
    block_patience_seconds: float = 900.0  # then a block that cannot be read is queued and passed


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrySettings:
    first_delay_seconds: float = 2.0
    longest_delay_seconds: float = 3600.0
    dead_after_seconds: float = 14 * 24 * 3600.0
    lanes: int = 4  # decryptors of strangers asked at the same time
    lane_share: int = 20  # entries of one stranger per turn
    page: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Whose assets are taken; lower-case addresses, empty means everybody's."""

    allowed_publishers: frozenset[str] = field(default_factory=frozenset)
    allowed_validators: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopSettings:
    poll_seconds: float = 5.0
    lease_seconds: float = 15.0
    longest_pause_seconds: float = 30.0  # between attempts while the chain or the database is away
