"""Grants: made for a job's files when it is allowed to start, opened while it lasts, ended with it.

Who holds a grant's handle still meets the asset's state and access lists as they are now; only the order,
which was good when the job started, is not asked for again: a job may wait longer than it lasts.
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.provider.domain.asset import ACCESS, COMPUTE, AssetNotFound, MalformedAsset, ServiceNotFound
from services.provider.domain.consumable import AccessDenied, AssetNotConsumable
from services.provider.domain.grants import Grant, GrantRefused, InputChanged, hash_of, new_handle, opens
from services.provider.domain.origins import OriginUnavailable, Plan
from services.provider.ports import Clock, GrantStore, RelayReply
from services.provider.usecases.access import Access
from services.provider.usecases.compute_orders import Ordered
from services.provider.usecases.handover import Handover, Ticketed
from services.provider.usecases.service_files import ServiceFiles

log = logging.getLogger(__name__)
ENTITY_HEADERS = frozenset(("content-type", "content-disposition", "cache-control"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """`lasting_seconds`: how long after a start its files can be fetched. `held_bytes`: the largest file that
    is compared with a trusted one before it is handed out."""

    store: GrantStore
    access: Access
    files: ServiceFiles
    handover: Handover
    clock: Clock
    lasting_seconds: float
    held_bytes: int

    def issue(self, job: str, consumer: str, ordered: Sequence[Ordered]) -> list[list[str]]:
        """A handle for each file of each item, in order. Raises GrantsUnavailable."""
        now = self.clock.now()
        made = [[(new_handle(), grant) for grant in self._of(one, job, consumer, now)] for one in ordered]
        kept = {hash_of(handle) or "": grant for pairs in made for handle, grant in pairs}
        self.store.add(kept, now)
        return [[handle for handle, _ in pairs] for pairs in made]

    def open(self, handle: str, job: str, headers: Mapping[str, str]) -> RelayReply:
        """The file's bytes; `headers` may ask for a range. Raises GrantRefused, GrantsUnavailable,
        CatalogueUnavailable, ChainError, InputChanged, and what ServiceFiles.plan and Handover raise."""
        handle_hash = hash_of(handle)
        found = None if handle_hash is None else self.store.find(handle_hash)
        grant = opens(found, job, self.clock.now())
        plan = self._plan(grant)
        if grant.sha256 is not None:
            return self._unchanged(grant.sha256, self._deliver(plan, {}))
        return self._deliver(plan, headers)

    def end(self, job: str) -> int:
        """How many ended. Raises GrantsUnavailable."""
        return self.store.end(job, self.clock.now())

    def _of(self, one: Ordered, job: str, consumer: str, now: float) -> list[Grant]:
        named, checksums = one.item.named, one.item.checksums
        return [
            Grant(
                job=job,
                consumer=consumer,
                did=named.asset.did,
                service_id=named.service.id,
                file_index=index,
                tx_id=one.tx_id,
                userdata=named.use.userdata,
                sha256=checksums[index] if checksums else None,
                issued_at=now,
                expires_at=now + self.lasting_seconds,
            )
            for index in range(len(named.plans))
        ]

    def _plan(self, grant: Grant) -> Plan:
        try:
            asset = self.access.find(grant.did)
            service = asset.service(grant.service_id)
            if service.type not in (ACCESS, COMPUTE):
                raise GrantRefused
            self.access.visit(asset, grant.consumer)
        except (AssetNotFound, MalformedAsset, ServiceNotFound, AssetNotConsumable, AccessDenied) as error:
            log.info("a grant's asset is closed by now", extra={"cause": type(error).__name__})
            raise GrantRefused from error
        return self.files.plan(asset, service, grant.file_index, grant.userdata)

    def _deliver(self, plan: Plan, headers: Mapping[str, str]) -> RelayReply:
        delivery = self.handover.deliver(plan, "GET", headers, by_gateway=False)
        assert not isinstance(delivery, Ticketed), "no gateway stands between"
        return delivery

    def _unchanged(self, sha256: str, reply: RelayReply) -> RelayReply:
        """Read whole before the first byte goes out: an origin may well serve other bytes to the second
        reader than to the first, and those were never trusted."""
        content = bytearray()
        try:
            for piece in reply.body:
                content += piece
                if len(content) > self.held_bytes:
                    raise InputChanged
        except ConnectionResetError as error:
            raise OriginUnavailable("the origin broke off") from error
        finally:
            reply.close()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise InputChanged
        kept = [(name, value) for name, value in reply.headers if name.lower() in ENTITY_HEADERS]
        headers = [*kept, ("Content-Length", str(len(content)))]
        return RelayReply(reply.status, headers, iter((bytes(content),)), _nothing)


def _nothing() -> None:
    return None
