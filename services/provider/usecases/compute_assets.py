"""Judge the assets of a compute job, everything but their orders: are they there, of the right kind, files of
ours, trusted by each data owner, open to this caller.

Source: contract 1.3 and 2.9. What needs nothing but documents comes first, then the chain, then origins.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from libs.chain.errors import UnknownChain
from libs.chain.types import Head
from services.provider.domain.algorithms import (
    RawAlgorithm,
    is_algorithm,
    parse_meta,
    published_container,
)
from services.provider.domain.asset import (
    ACCESS,
    COMPUTE,
    Asset,
    AssetNotFound,
    MalformedAsset,
    Service,
    ServiceNotFound,
)
from services.provider.domain.compute import (
    ALGORITHM,
    AssetUse,
    ItemRefused,
    NotAnAlgorithm,
    UseRefused,
    Uses,
    check_named,
    resource_of,
)
from services.provider.domain.consumable import AccessDenied, AssetNotConsumable
from services.provider.domain.errors import UnsupportedChain
from services.provider.domain.file_types import FileObjectRefused
from services.provider.domain.files import FilesUnusable
from services.provider.domain.origins import Plan
from services.provider.domain.trust import (
    NotTrusted,
    Pin,
    Policy,
    check_container,
    check_files,
    parse_policy,
)
from services.provider.domain.userdata import ParametersMissing, UserdataUnreadable
from services.provider.ports import AccessQuestion
from services.provider.usecases.access import Access, Visit
from services.provider.usecases.probe import Probe
from services.provider.usecases.service_files import ServiceFiles

EVENT = "compute"
NOT_OURS = "compute_services_not_in_same_provider"
FILE_UNAVAILABLE = "file_unavailable"


@dataclass(frozen=True, slots=True)
class Named:
    """One asset as a caller names it, found. `resource` is what refusals call it."""

    resource: str
    use: AssetUse
    asset: Asset
    service: Service
    plans: tuple[Plan, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One asset that this caller may use at `visit.head`, its order aside.

    `checksums`: SHA-256 of each file, where a data owner holds the files to them.
    """

    named: Named
    visit: Visit
    checksums: tuple[str, ...] = ()

    @property
    def resource(self) -> str:
        return self.named.resource

    @property
    def service(self) -> Service:
        return self.named.service


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """`network` and `pins_image` as the data owners say it: all of them, and any of them."""

    datasets: tuple[Item, ...]
    algorithm: Item | None  # None for a raw one
    raw: RawAlgorithm | None
    container: Mapping[str, Any]
    network: bool
    pins_image: bool

    @property
    def items(self) -> tuple[Item, ...]:
        """In the order in which fees are looked for: the algorithm comes last."""
        return self.datasets if self.algorithm is None else (*self.datasets, self.algorithm)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeAssets:
    access: Access
    files: ServiceFiles
    probe: Probe

    def for_start(self, uses: Uses) -> Judged:
        """The algorithm's files are looked at as well. Raises UseRefused, ItemRefused, AccessControlDenied,
        AccessControlUnavailable, CatalogueUnavailable, ChainError, TooManyProbes."""
        check_named(uses, orders_needed=True)
        self.access.ask_all(_question(uses))
        return self._judged(uses, look_always=True)

    def for_quote(self, uses: Uses) -> Judged:
        """Orders may be missing, and files are looked at only where they are pinned. Raises NotAnAlgorithm
        and what `for_start` raises."""
        check_named(uses, orders_needed=False)
        if uses.algorithm.document_id:
            asset = self._find(uses.algorithm.document_id)
            if asset is None or not is_algorithm(asset):
                raise NotAnAlgorithm
        return self._judged(uses, look_always=False)

    def _judged(self, uses: Uses, *, look_always: bool) -> Judged:
        algorithm = self._algorithm(uses.algorithm) if uses.algorithm.document_id else None
        datasets = [self._dataset(index, use) for index, use in enumerate(uses.datasets)]
        holds = [_held(dataset, algorithm) for dataset in datasets if dataset.service.type == COMPUTE]
        raw = parse_meta(uses.algorithm.meta) if algorithm is None else None
        container = _container(algorithm, raw)
        for hold in holds:
            hold.container(container)
        heads: dict[int, Head] = {}
        items = tuple(self._open(dataset, uses.consumer, heads) for dataset in datasets)
        return Judged(
            datasets=items,
            algorithm=self._open_algorithm(algorithm, uses.consumer, heads, holds, look_always=look_always),
            raw=raw,
            container=container,
            network=all(hold.policy.network for hold in holds),
            pins_image=any(hold.pin.container for hold in holds),
        )

    def _find(self, did: str | None) -> Asset | None:
        """None for what is no asset, or whose document cannot stand for one."""
        try:
            return self.access.find(did or "")
        except (AssetNotFound, MalformedAsset):
            return None

    def _algorithm(self, use: AssetUse) -> Named:
        asset = self._find(use.document_id)
        if asset is None:
            raise UseRefused(ALGORITHM, FILE_UNAVAILABLE)
        if not is_algorithm(asset):
            raise UseRefused(ALGORITHM, "not_algo")
        try:
            service = asset.service(use.service_id or "")
        except ServiceNotFound as error:
            raise UseRefused(ALGORITHM, "did_not_found") from error  # it holds nothing to run under that id
        return self._with_plans(Named(ALGORITHM, use, asset, service), ALGORITHM)

    def _dataset(self, index: int, use: AssetUse) -> Named:
        resource = resource_of(index)
        asset = self._find(use.document_id)
        if asset is None:
            raise UseRefused(f"{resource}.documentId", "did_not_found")
        try:
            service = asset.service(use.service_id or "")
        except ServiceNotFound as error:
            raise UseRefused(f"{resource}.serviceId", "not_found") from error
        if service.type not in (ACCESS, COMPUTE):
            raise UseRefused(f"{resource}.serviceId", "service_not_access_compute")
        if index == 0 and service.type != COMPUTE:
            raise UseRefused(f"{resource}.serviceId", "main_service_compute")
        return self._with_plans(Named(resource, use, asset, service), f"{resource}.serviceId")

    def _with_plans(self, named: Named, not_ours: str) -> Named:
        """How each file is obtained, which shows that it can be."""
        try:
            count = len(self.files.entries(named.asset, named.service))
            plans = [
                self.files.plan(named.asset, named.service, index, named.use.userdata)
                for index in range(count)
            ]
        except (FilesUnusable, UnsupportedChain) as error:
            raise UseRefused(not_ours, NOT_OURS) from error
        except FileObjectRefused as error:
            raise UseRefused(named.resource, FILE_UNAVAILABLE) from error
        except (ParametersMissing, UserdataUnreadable) as error:
            raise ItemRefused(f"{named.resource}.userdata", error) from error
        return replace(named, plans=tuple(plans))

    def _open(self, named: Named, consumer: str, heads: dict[int, Head], words: str | None = None) -> Item:
        chain_id = named.asset.chain_id
        try:
            visit = self.access.visit(named.asset, consumer, heads.get(chain_id))
        except (MalformedAsset, AssetNotConsumable, AccessDenied, UnknownChain) as error:
            raise ItemRefused(words or named.resource, error) from error
        heads[chain_id] = visit.head
        return Item(named, visit)

    def _open_algorithm(
        self,
        algorithm: Named | None,
        consumer: str,
        heads: dict[int, Head],
        holds: Sequence["_Hold"],
        *,
        look_always: bool,
    ) -> Item | None:
        if algorithm is None:
            return None
        item = self._open(algorithm, consumer, heads, "algorithm.credentials")
        pinned = any(hold.pin.files for hold in holds)
        if not pinned and not look_always:
            return item
        seen = self.probe.many(algorithm.plans, with_checksum=pinned)
        for index, details in enumerate(seen):
            if not details.valid or (pinned and details.checksum is None):
                raise UseRefused(ALGORITHM, FILE_UNAVAILABLE, file=index)
        checksums = tuple(details.checksum for details in seen if details.checksum is not None)
        for hold in holds:
            hold.files(checksums)
        return replace(item, checksums=checksums if pinned else ())


@dataclass(frozen=True, slots=True)
class _Hold:
    """What the owner of one dataset holds the algorithm to; refusals name the dataset."""

    resource: str
    policy: Policy
    pin: Pin

    def container(self, container: Mapping[str, Any]) -> None:
        with _refusing(self.resource):
            check_container(self.pin, container)

    def files(self, checksums: Sequence[str]) -> None:
        with _refusing(self.resource):
            check_files(self.pin, checksums)


def _held(dataset: Named, algorithm: Named | None) -> _Hold:
    """Raises UseRefused for an algorithm that the owner does not admit at all."""
    policy = parse_policy(dataset.service.raw.get("compute"))
    pin = Pin()
    with _refusing(dataset.resource):
        if algorithm is None:
            policy.admit_raw()
        else:
            pin = policy.admit(algorithm.asset.did, algorithm.asset.nft_owner)
    return _Hold(dataset.resource, policy, pin)


@contextmanager
def _refusing(resource: str) -> Iterator[None]:
    try:
        yield
    except NotTrusted as error:
        facts = {} if error.file is None else {"file": error.file}
        raise UseRefused(resource, error.code, **facts) from error


def _container(algorithm: Named | None, raw: RawAlgorithm | None) -> Mapping[str, Any]:
    if raw is not None:
        return raw.container
    assert algorithm is not None, "a job runs one or the other"
    return published_container(algorithm.asset)


def _question(uses: Uses) -> AccessQuestion:
    named = [(use.document_id or "", use.service_id or "") for use in uses.datasets]
    algorithm = uses.algorithm
    own = [(algorithm.document_id, algorithm.service_id or "")] if algorithm.document_id else []
    return AccessQuestion(EVENT, uses.consumer, named[:1], own, named[1:])
