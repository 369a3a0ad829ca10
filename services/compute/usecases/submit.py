"""Taking a job: is the spec sound, can its environment run it, do the owner's quotas allow it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from services.compute.domain import quotas as quota_rules
from services.compute.domain.environments import EnvironmentBook
from services.compute.domain.errors import BadSpec, EnvironmentRefuses
from services.compute.domain.job import NewJob
from services.compute.domain.job_check import check_job
from services.compute.domain.quotas import Held, Quotas
from services.compute.domain.spec import Input, Spec
from services.compute.ports import Clock
from services.compute.ports.engines import Abilities
from services.compute.ports.objects import ObjectBook
from services.compute.ports.store import JobStore, Key, Submitted
from services.compute.usecases.fitting import fit
from services.compute.usecases.input_rights import InputRights

PRICED = "This environment has its price: order it through the Ocean API, or choose a free one."


class Submit:
    """`engines` are the abilities of each engine by name, as far as environments name it. Without `objects`
    there are no stored objects for inputs.
    """

    def __init__(
        self,
        store: JobStore,
        environments: EnvironmentBook,
        engines: Mapping[str, Abilities],
        quotas: Quotas,
        clock: Clock,
        objects: ObjectBook | None = None,
    ) -> None:
        self._store = store
        self._rights = InputRights(store, objects)
        self._environments = environments
        self._engines = engines
        self._quotas = quotas
        self._clock = clock

    def __call__(self, new: NewJob, key: Key | None = None) -> Submitted:
        """Take it, once for each key.

        Raises BadSpec, EnvironmentUnknown, EnvironmentRefuses, QuotaExceeded, AgreementInUse, KeyReused,
        KeyInFlight, StoreUnavailable.
        """
        if (earlier := self.replayed(key)) is not None:
            return earlier
        return self._store.submit(self._fitted(new), self._quotas, self._clock.now(), key)

    def all(self, new: Sequence[NewJob], key: Key | None = None) -> Sequence[Submitted]:
        """All of them, of one owner, or none; once for each key, which then gives all of them again.

        Raises as a call does, but for agreements; places of problems begin with the number of the job in
        `new`.
        """
        if earlier := self.replayed_all(key):
            return earlier
        fitted = [self._numbered(number, each) for number, each in enumerate(new)]
        return self._store.submit_all(fitted, self._quotas, self._clock.now(), key)

    def replayed_all(self, key: Key | None) -> Sequence[Submitted]:
        """As `replayed`: all jobs that came with the key, none when it is new."""
        earlier = () if key is None else self._store.replayed_all(key)
        return [Submitted(job, replayed=True) for job in earlier]

    def replayed(self, key: Key | None) -> Submitted | None:
        """The answer to an earlier request with this key, if any: asked before the request itself is looked
        at, since what it needs may be gone by now. Raises KeyReused, KeyInFlight, StoreUnavailable.
        """
        earlier = None if key is None else self._store.replayed(key)
        return None if earlier is None else Submitted(earlier, replayed=True)

    def check(self, new: NewJob) -> NewJob:
        """The job as it would be taken now; nothing is written. Raises what a call does, but for keys and
        agreements.
        """
        fitted = self._fitted(new)
        held = self._store.held(new.owner, new.groups)
        quota_rules.check(self._quotas.of_owner(new.owner), held.get(new.owner, Held()), fitted.spec, "You")
        for group, quota in self._quotas.of_groups(new.groups).items():
            quota_rules.check(quota, held.get(group, Held()), fitted.spec, f"The group {group}")
        return fitted

    def check_inputs(self, owner: str, groups: Collection[str], inputs: Sequence[Input]) -> None:
        """Whether they are there for this owner, who is now in these groups. Raises BadSpec."""
        missing = list(self._rights.problems(owner, groups, inputs))
        if missing:
            raise BadSpec(missing)

    def input_problems(
        self, owner: str, groups: Collection[str], inputs: Sequence[Input]
    ) -> list[tuple[str, str]]:
        """What they may not use of them, by place in the spec. Raises StoreUnavailable."""
        return list(self._rights.problems(owner, groups, inputs))

    def fit(self, spec: Spec, is_paid: bool = False) -> Spec:
        """As its environment will run it. Raises EnvironmentUnknown, EnvironmentRefuses."""
        environment = self._environments.find(spec.environment)
        if environment.price_per_minute and not is_paid:
            raise EnvironmentRefuses([("/environment", PRICED)])
        abilities = self._engines.get(environment.engine, Abilities(pins_images=False))
        return fit(spec, environment, abilities)

    def _numbered(self, number: int, new: NewJob) -> NewJob:
        try:
            return self._fitted(new)
        except (BadSpec, EnvironmentRefuses) as error:
            raise type(error)([(f"/{number}{place}", text) for place, text in error.problems]) from None

    def _fitted(self, new: NewJob) -> NewJob:
        check_job(new)
        self.check_inputs(new.owner, new.groups, new.spec.inputs)
        environment = self._environments.find(new.spec.environment)
        if environment.price_per_minute and not new.is_paid:
            raise EnvironmentRefuses([("/environment", PRICED)])
        abilities = self._engines.get(environment.engine, Abilities(pins_images=False))
        return replace(new, spec=fit(new.spec, environment, abilities))
