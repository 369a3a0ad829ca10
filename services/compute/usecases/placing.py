"""Finding a place for a job that names none: the first free environment that can run it."""

from collections.abc import Callable, Collection, Mapping, Sequence

from services.compute.domain.environments import Environment, EnvironmentBook
from services.compute.domain.errors import EnvironmentRefuses
from services.compute.domain.spec import Spec
from services.compute.ports.engines import Abilities
from services.compute.usecases.fitting import fit

Make = Callable[[Environment, Abilities], Spec]
"""The job as it would be there; what is left open takes what the environment offers. Raises
EnvironmentRefuses when there can be none.
"""


class Placing:
    """`engines` are the abilities of each engine by name."""

    def __init__(self, book: EnvironmentBook, engines: Mapping[str, Abilities]) -> None:
        self._book = book
        self._engines = engines

    def place(self, make: Make, required: Collection[str] = (), preferred: Sequence[str] = ()) -> Spec:
        """In the order of the operator's file, the `preferred` ones first; none but the `required` ones when
        there are some.

        Raises EnvironmentRefuses with the problems of the environment that comes nearest.
        """
        found = [place for place in self._book.all() if not place.price_per_minute]
        if required:
            found = [place for place in found if place.id in required]
        if not found:
            where = "of the sites that are required" if required else "at all"
            raise EnvironmentRefuses([("/environment", f"There is no free environment {where}.")])
        ranks = {name: rank for rank, name in reversed(list(enumerate(preferred)))}
        refusals: list[tuple[Environment, EnvironmentRefuses]] = []
        for environment in sorted(found, key=lambda place: ranks.get(place.id, len(preferred))):
            abilities = self._engines.get(environment.engine, Abilities(pins_images=False))
            try:
                spec = make(environment, abilities)
                fit(spec, environment, abilities)
            except EnvironmentRefuses as refusal:
                refusals.append((environment, refusal))
            else:
                return spec
        raise min(refusals, key=_distance)[1]


def _distance(refused: tuple[Environment, EnvironmentRefuses]) -> tuple[int, float, int]:
    """Of those with equally many problems the largest is the nearest."""
    environment, refusal = refused
    return len(refusal.problems), -environment.cpus, -environment.memory_bytes
