"""A chain whose blocks a test writes, as the indexer's ChainSource.

It keeps the promises that RpcChainSource keeps, and breaks them when told to.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from libs.chain.types import Head
from services.catalogue.domain.facts import Checkpoint
from services.catalogue.domain.sightings import (
    ChainMoved,
    ChainUnavailable,
    Contracts,
    NftIdentity,
    NodeLags,
    RangeRefused,
    Sighting,
    TokenIdentity,
)
from tests.fakes.publications import (
    BASE_TOKEN,
    CHAIN_ID,
    DISPENSER,
    EXCHANGE,
    FACTORY,
    PUBLISHER,
    T0,
    Emitted,
    digest,
)


@dataclass
class Block:
    head: Head
    sightings: list[Sighting]


class ScriptedChain:
    """A ChainSource whose blocks are written by the test."""

    def __init__(self, chain_id: int = CHAIN_ID, start_block: int = 0) -> None:
        self.chain_id = chain_id
        self.contracts = Contracts(
            FACTORY.lower(), frozenset({EXCHANGE.lower()}), frozenset({DISPENSER.lower()}), start_block
        )
        self.blocks_: list[Block] = []
        self.salt = 0
        self.calls: Counter[str] = Counter()
        self.failures: list[Exception] = []  # raised by the next reads, one each
        self.largest_range = 10**9
        self.hidden: set[int] = set()  # blocks whose logs the node keeps back
        self.before_confirm: list[Callable[[], None]] = []  # run between logs and confirmation
        self.poisoned: set[int] = set()  # blocks that cannot be read in any range
        self.old_nfts: dict[str, NftIdentity] = {}
        self.old_tokens: dict[str, TokenIdentity] = {}
        self.lagging_end: int | None = None
        self.down = False
        self._sequence = 0
        self.mine()

    # -- the script -------------------------------------------------------------------------------

    def mine(self, *events: Emitted) -> Head:
        number = len(self.blocks_)
        parent = self.blocks_[-1].head.hash if self.blocks_ else "0x" + "0" * 64
        block_hash = digest("block", self.salt, number, parent, *events)
        head = Head(number, block_hash, T0 + number * 12, parent)
        self._sequence += 1
        own_tx = digest("tx", self.salt, self._sequence)
        sightings = [
            Sighting(
                kind=event.kind,
                emitter=event.emitter,
                subject=(event.subject or event.emitter).lower(),
                block_number=number,
                block_hash=block_hash,
                tx_hash=event.tx or own_tx,
                log_index=position,
                payload=event.payload,
            )
            for position, event in enumerate(events)
        ]
        self.blocks_.append(Block(head, sightings))
        return head

    def mine_empty(self, count: int) -> None:
        for _ in range(count):
            self.mine()

    def drop(self, depth: int) -> list[list[Emitted]]:
        """Take the newest blocks off; what is mined next has other hashes. Returns what they held."""
        gone = self.blocks_[len(self.blocks_) - depth :]
        del self.blocks_[len(self.blocks_) - depth :]
        self.salt += 1
        return [
            [Emitted(s.kind, s.emitter, s.payload, s.subject, s.tx_hash) for s in block.sightings]
            for block in gone
        ]

    def restart(self) -> None:
        """From genesis, another history."""
        self.drop(len(self.blocks_))
        self.mine()

    # -- ChainSource ------------------------------------------------------------------------------

    def head(self) -> Head:
        self._asked("head")
        return self.blocks_[-1].head

    def blocks(self, numbers: Sequence[int]) -> list[Head | None]:
        self._asked("blocks")
        return [self._header(number) for number in numbers]

    def read(
        self, first: int, last: Head, anchor: Checkpoint | None
    ) -> tuple[list[Sighting], dict[int, Head]]:
        self._asked("read")
        if self.failures:
            raise self.failures.pop(0)
        if last.number - first + 1 > self.largest_range:
            raise RangeRefused("too many blocks")
        if any(first <= number <= last.number for number in self.poisoned):
            raise RangeRefused("this block is broken")
        found = self._header(last.number)
        if found is None or self.lagging_end == last.number:
            raise NodeLags("no such block here")
        if found.hash != last.hash:
            raise ChainMoved("replaced")
        seen = [
            sighting
            for block in self.blocks_[first : last.number + 1]
            for sighting in block.sightings
            if block.head.number not in self.hidden
        ]
        while self.before_confirm:
            self.before_confirm.pop(0)()
        return seen, self._confirmed(seen, last, anchor)

    def _confirmed(self, seen: Sequence[Sighting], last: Head, anchor: Checkpoint | None) -> dict[int, Head]:
        wanted = {sighting.block_number: sighting.block_hash for sighting in seen} | {last.number: last.hash}
        if anchor is not None:
            wanted[anchor.number] = anchor.hash
        headers: dict[int, Head] = {}
        for number, expected in wanted.items():
            header = self._header(number)
            if header is None:
                raise NodeLags("no such block here")
            if header.hash != expected:
                raise ChainMoved("replaced")
            headers[number] = header
        return headers

    def senders(self, tx_hashes: Sequence[str]) -> Mapping[str, str]:
        self._asked("senders")
        return dict.fromkeys(tx_hashes, PUBLISHER)

    def sightings_of(self, tx_hash: str) -> tuple[list[Sighting], Head] | None:
        self._asked("receipt")
        for block in self.blocks_:
            found = [sighting for sighting in block.sightings if sighting.tx_hash == tx_hash]
            if found:
                return found, block.head
        return None

    def nft_identity(self, nft: str) -> NftIdentity | None:
        self._asked("nft_identity")
        return self.old_nfts.get(nft.lower())

    def token_identity(self, datatoken: str) -> TokenIdentity | None:
        self._asked("token_identity")
        return self.old_tokens.get(datatoken.lower())

    def token_symbol(self, token: str) -> str:
        return "OCEAN" if token == BASE_TOKEN else ""

    def _header(self, number: int) -> Head | None:
        return self.blocks_[number].head if 0 <= number < len(self.blocks_) else None

    def _asked(self, what: str) -> None:
        self.calls[what] += 1
        if self.down:
            raise ChainUnavailable("no node answers")
