"""Say whether a compute job may start, what it may read, and how long it may run for what was paid.

Source: contract 1.3, 1.4. Nothing is kept unless every check passed: then the job's grants.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic

from services.provider.domain.access import EnvironmentNotFound
from services.provider.domain.algorithms import RawAlgorithm
from services.provider.domain.compute import ALGORITHM, UseRefused, Uses
from services.provider.domain.origins import OriginRefused, OriginRequest, OriginUnavailable
from services.provider.ports import ComputeEnvironment, Origins
from services.provider.usecases.compute_assets import FILE_UNAVAILABLE, ComputeAssets, Judged
from services.provider.usecases.compute_orders import ComputeOrders, Ordered, Payment
from services.provider.usecases.grants import Grants

MAX_RAW_BYTES = 1024 * 1024
RAW_SECONDS = 20.0  # for all of it, however slowly it drips


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest:
    """`chain_ids`: where the environment takes jobs from; empty: everywhere."""

    job: str
    uses: Uses
    environment: ComputeEnvironment
    chain_ids: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class GrantedAsset:
    """An item and a handle for each of its files, in order."""

    ordered: Ordered
    handles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorized:
    """`raw_code` for a raw algorithm, which has no files here."""

    judged: Judged
    payment: Payment
    datasets: tuple[GrantedAsset, ...]
    algorithm: GrantedAsset | None
    raw_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizeStart:
    assets: ComputeAssets
    orders: ComputeOrders
    grants: Grants
    origins: Origins

    def __call__(self, request: StartRequest) -> Authorized:
        """Raises what ComputeAssets.for_start and ComputeOrders raise; EnvironmentNotFound,
        GrantsUnavailable."""
        judged = self.assets.for_start(request.uses)
        chain_id = judged.datasets[0].visit.chain.chain_id
        if request.chain_ids and chain_id not in request.chain_ids:
            raise EnvironmentNotFound
        ordered = self.orders.of_start(judged, request.environment)
        payment = self.orders.payment(ordered, request.environment)
        if payment is None:
            raise UseRefused("order", "fees_not_paid")
        raw_code = None if judged.raw is None else self._code(judged.raw)
        handles = self.grants.issue(request.job, request.uses.consumer, ordered)
        granted = [GrantedAsset(one, tuple(of)) for one, of in zip(ordered, handles, strict=True)]
        count = len(judged.datasets)
        return Authorized(
            judged=judged,
            payment=payment,
            datasets=tuple(granted[:count]),
            algorithm=granted[count] if judged.algorithm is not None else None,
            raw_code=raw_code,
        )

    def _code(self, raw: RawAlgorithm) -> str:
        """The caller's own code; what they put behind a URL is fetched here, through the guard."""
        if raw.code is not None or raw.url is None:
            return raw.code or ""
        try:
            reply = self.origins.open(OriginRequest("GET", raw.url))
            try:
                if reply.status != 200:
                    raise OriginUnavailable("the origin answered with an error")
                return _text(reply.chunks())
            finally:
                reply.close()
        except (OriginRefused, OriginUnavailable, UnicodeDecodeError) as error:
            raise UseRefused(ALGORITHM, FILE_UNAVAILABLE) from error


def _text(chunks: Iterator[bytes]) -> str:
    content, deadline = bytearray(), monotonic() + RAW_SECONDS
    for piece in chunks:
        content += piece
        if len(content) > MAX_RAW_BYTES or monotonic() > deadline:
            raise OriginUnavailable("too much or too slow for an algorithm's text")
    return content.decode()
