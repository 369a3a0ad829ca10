"""Starting an Ocean job: the provider says yes and grants the files, then the job is taken like any other."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from libs.web.principal import WALLET
from services.compute.domain.environments import Environment, EnvironmentBook
from services.compute.domain.errors import AgreementInUse, EnvironmentUnknown, JobNotFound, StoreUnavailable
from services.compute.domain.ids import JobUid, new_uid
from services.compute.domain.job import Job, NewJob
from services.compute.ports.engines import Abilities
from services.compute.ports.provider import (
    AlgorithmUse,
    AssetUse,
    Authorized,
    Provider,
    ProviderUnavailable,
    QuoteRequest,
    StartRequest,
    UseRefused,
)
from services.compute.ports.store import Filter, JobStore
from services.compute.usecases.ocean_spec import ocean_spec
from services.compute.usecases.submit import Submit

DIALECT: Final = "ocean"
PAGE: Final = 100
NO_TIME_LEFT: Final = "Earlier jobs of this order have used the paid time up."


@dataclass(frozen=True, slots=True, kw_only=True)
class OceanStartRequest:
    """`consumer` is proven, and checksummed."""

    consumer: str
    environment: str
    datasets: Sequence[AssetUse]
    algorithm: AlgorithmUse


def owner_of(consumer: str) -> str:
    return WALLET + consumer


class OceanStart:
    """`engines` are the abilities of each engine by name, as Submit gets them."""

    def __init__(
        self,
        provider: Provider,
        submit: Submit,
        store: JobStore,
        environments: EnvironmentBook,
        engines: Mapping[str, Abilities],
    ) -> None:
        self._provider = provider
        self._submit = submit
        self._store = store
        self._environments = environments
        self._engines = engines

    def quote(self, request: QuoteRequest) -> Mapping[str, Any]:
        """What the orders for such a job cost. Raises UseRefused, ProviderUnavailable."""
        return self._provider.quote(request)

    def __call__(self, request: OceanStartRequest) -> Job:
        """Raises EnvironmentUnknown, UseRefused, ProviderUnavailable, and what Submit raises; whatever was
        granted is taken back then, unless nobody knows whether the job was taken.
        """
        environment = self._environments.find(request.environment)
        uid = new_uid()
        authorized = self._provider.authorize(
            StartRequest(
                consumer=request.consumer,
                environment=environment,
                datasets=request.datasets,
                algorithm=request.algorithm,
                job=uid,
            )
        )
        try:
            new = self._job(uid, request, environment, authorized)
        except BaseException:
            self._take_back(uid)
            raise
        return self._taken(new, uid)

    def _taken(self, new: NewJob, uid: JobUid) -> Job:
        try:
            return self._submit(new).job
        except StoreUnavailable:
            # The connection may have broken in the very commit. Whatever that still does, a second try waits
            # for it, and there is one job of this uid.
            return self._taken_after_all(new, uid)
        except BaseException:
            self._take_back(uid)
            raise

    def _taken_after_all(self, new: NewJob, uid: JobUid) -> Job:
        """Grants stay when the store is still away: a job that is there needs them, and else they end by
        themselves.
        """
        try:
            return self._submit(new).job
        except StoreUnavailable:
            raise
        except BaseException:
            with contextlib.suppress(JobNotFound):
                return self._store.find(uid, None)
            self._take_back(uid)
            raise

    def _take_back(self, uid: JobUid) -> None:
        with contextlib.suppress(ProviderUnavailable):  # grants end by themselves, only later
            self._provider.end_grants(uid)

    def _job(
        self, uid: JobUid, request: OceanStartRequest, environment: Environment, authorized: Authorized
    ) -> NewJob:
        if environment.chain_ids and authorized.chain_id not in environment.chain_ids:
            raise EnvironmentUnknown(environment.id)
        if authorized.raw_code is None and not (authorized.algorithm and authorized.algorithm.files):
            raise UseRefused("algorithm", "meta_oneof_url_rawcode_remote")
        agreement = normal_agreement(authorized.agreement_id)
        abilities = self._engines.get(environment.engine, Abilities(pins_images=False))
        spec = ocean_spec(
            environment,
            authorized,
            custom_data=request.algorithm.custom_data,
            run_seconds=self._run_seconds(agreement, environment, authorized.paid_seconds),
            network=authorized.network and environment.network and abilities.network,
            digest=authorized.pins_image or abilities.pins_images,
        )
        return NewJob(
            owner=owner_of(request.consumer),
            dialect=DIALECT,
            spec=spec,
            facts=_facts(agreement, authorized),
            natural_key=agreement,
            is_paid=True,
            uid=uid,
        )

    def _run_seconds(self, agreement: str, environment: Environment, paid: int | None) -> float:
        """Paid time is the time that runs: what earlier jobs of the same order ran is gone from it."""
        used = sum(self._ran(job) for job in self._earlier(agreement))
        if paid is None:
            return environment.max_job_seconds
        left = paid - used
        if left < 1:
            raise UseRefused("order", "fees_not_paid", {"reason": NO_TIME_LEFT})
        return min(float(environment.max_job_seconds), left)

    def _earlier(self, agreement: str) -> Iterator[Job]:
        """Everybody's, deleted ones too: an order's consumer and its payer may both start with it."""
        wanted = Filter(owners=None, dialects=(DIALECT,), facts={"agreement_id": agreement}, deleted=True)
        cursor: str | None = None
        while True:
            page = self._store.page(wanted, PAGE, cursor)
            yield from page.jobs
            cursor = page.next
            if cursor is None:
                return

    def _ran(self, job: Job) -> float:
        if not job.is_final:
            raise AgreementInUse
        runs = [run for run in self._store.runs(job.uid) if run.started_at is not None]
        ends = job.finished_at or 0.0
        return sum(max(0.0, (run.ended_at or ends) - (run.started_at or ends)) for run in runs)


def normal_agreement(text: str) -> str:
    """A transaction's hash, with 0x and in lower case: clients strip the one and change the other."""
    return "0x" + text.lower().removeprefix("0x")


def _facts(agreement: str, authorized: Authorized) -> dict[str, Any]:
    dids = [asset.did for asset in authorized.datasets]
    return {
        "agreement_id": agreement,
        "document_id": dids[0] if dids else "",
        "input_dids": dids,
        "algorithm_did": authorized.algorithm.did if authorized.algorithm else "",
        "chain_id": authorized.chain_id,
        "valid_until": authorized.valid_until,
    }
