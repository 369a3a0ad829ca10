"""Where the instances of a gathered job reach each other: asked of the engine before the first of them
starts, and the same whenever it is asked again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from services.compute.domain.ids import gathering_of
from services.compute.domain.job import Job, Run
from services.compute.domain.spec import lanes
from services.compute.ports.engines import Engine, Member

ALONE: Final = "127.0.0.1"  # at which an instance reaches itself, where nothing else is to be reached
Place = tuple[str, int]  # of an instance: its role's name, its index there


@dataclass(frozen=True, slots=True)
class Gathered:
    """`name` is the gathering's; None: there is none, and runs need none."""

    name: str | None = None
    addresses: Mapping[Place, str] = field(default_factory=dict)

    def address(self, place: Place) -> str | None:
        return self.addresses.get(place)

    def member(self, place: Place) -> Member | None:
        if self.name is None:
            return None
        return Member(gathering=self.name, address=self.addresses[place])


NOWHERE: Final = Gathered()


def gather(job: Job, engine: Engine) -> Gathered:
    """Of the current attempt. Twice is once. Raises Refused, EngineAway."""
    if not job.spec.gathered:
        return NOWHERE
    places = [(role.name, index) for role, index in lanes(job.spec)]
    if len(places) == 1 and not engine.abilities().gathers:
        return Gathered(None, {places[0]: ALONE})
    name = gathering_of(job.uid, job.attempt)
    return Gathered(name, dict(zip(places, engine.gather(name, len(places)), strict=True)))


def known_of(runs: Iterable[Run]) -> Gathered:
    """As far as runs that have been written down tell."""
    return Gathered(None, {(run.role, run.index): run.address for run in runs if run.address is not None})
