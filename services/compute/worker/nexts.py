"""What a step leaves to do for its job."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Again:
    """Another step, at once."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Another step after so many seconds, or when something is heard."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Watch:
    """Another step when the engine has news of the job's runs; at `until` at the latest."""

    engine: str
    until: float


@dataclass(frozen=True, slots=True)
class Done:
    """The job is no longer this worker's."""


Next = Again | Pause | Watch | Done
