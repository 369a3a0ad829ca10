"""Makes a job's images ready, each once, and tells how it went."""

from typing import Final

from services.compute.domain.environments import Environment
from services.compute.domain.job import Job, Pull
from services.compute.domain.spec import Image
from services.compute.ports.engines import EngineAway, Ready
from services.compute.worker.hold import Phase
from services.compute.worker.journal import Journal
from services.compute.worker.tools import Tools

FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 10.0


class Pulling:
    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def make_ready(
        self, job: Job, environment: Environment, phase: Phase, journal: Journal, pulls: list[Pull]
    ) -> None:
        """In the order of their first use; what was made ready is added to `pulls`. Raises Refused,
        GivenUp.
        """
        for image in _images(job):
            begun_at = self._tools.clock.now()
            ready = self._one(environment, image, phase, journal)
            seconds = max(0.0, self._tools.clock.now() - begun_at) if ready.was_fetched else None
            if image is not None:
                pulls.append(Pull(image.name, seconds, ready.digest))

    def _one(self, environment: Environment, image: Image | None, phase: Phase, journal: Journal) -> Ready:
        def say(line: str) -> None:
            phase.check()
            journal.say(line)

        pause = FIRST_PAUSE_SECONDS
        while True:
            phase.check()
            try:
                return self._tools.engine_of(environment).pull(image, say)
            except EngineAway:
                journal.say("the engine does not answer now; trying again")
            phase.pause(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


def _images(job: Job) -> list[Image | None]:
    return list(dict.fromkeys(task.image for role in job.spec.roles for task in role.tasks))
