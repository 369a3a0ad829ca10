"""Why a job is where it is, in words its owner can act on.

A reason has a code that programs read, a sentence, the engine's own line as evidence, and what to do. The
codes are one table: which phase they belong to, and whether trying again may help (domain/retry.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

MAX_EVIDENCE_CHARS = 2000


class Phase(StrEnum):
    QUEUE = "queue"
    STAGE_IN = "stage_in"
    PULL = "pull"
    RUN = "run"
    PUBLISH = "publish"
    OWNER = "owner"  # nobody's fault: the owner asked for it


@dataclass(frozen=True, slots=True)
class Kind:
    """What is known of a code: its phase, whether another attempt may end better, and what its owner can
    do.
    """

    phase: Phase
    transient: bool
    advice: str


CODES: Final[Mapping[str, Kind]] = {
    # waiting
    "waiting_for_place": Kind(Phase.QUEUE, True, "It starts when a place is free; nothing is to do."),
    "waiting_for_jobs": Kind(Phase.QUEUE, True, "It starts when the jobs before it have ended well."),
    "waiting_for_slices": Kind(Phase.QUEUE, True, "Add slices, or close it."),
    "waiting_to_retry": Kind(Phase.QUEUE, True, "Another attempt follows by itself."),
    "engine_away": Kind(Phase.QUEUE, True, "The operator has to start the engine; the job waits until then."),
    "queue_timeout": Kind(
        Phase.QUEUE, False, "Submit it again, with more patience or when less is going on."
    ),
    "parameters_refused": Kind(
        Phase.QUEUE, False, "Check the sweep's values: with these the job cannot be run as it is described."
    ),
    "parent_failed": Kind(Phase.QUEUE, False, "Look at the job it depends on."),
    # stage in
    "input_unavailable": Kind(
        Phase.STAGE_IN, True, "Ask the publisher whether the file can still be fetched."
    ),
    "input_refused": Kind(Phase.STAGE_IN, False, "The order or the asset no longer allows it: order again."),
    "input_too_large": Kind(Phase.STAGE_IN, False, "Choose an environment with more disk."),
    "input_mismatch": Kind(
        Phase.STAGE_IN, False, "The file is not the one that was pinned: ask its publisher."
    ),
    "input_not_unpacked": Kind(
        Phase.STAGE_IN,
        False,
        "Check the archive: its format, its size unpacked, and that it has no links out.",
    ),
    "stage_in_timeout": Kind(Phase.STAGE_IN, True, "Ask the publisher whether the origin is slow."),
    # pull
    "image_not_found": Kind(Phase.PULL, False, "Check the image's name and tag."),
    "image_refused": Kind(Phase.PULL, False, "Choose an image that the environment offers."),
    "image_mismatch": Kind(Phase.PULL, False, "The image is not the one that was pinned: check its digest."),
    "pull_failed": Kind(Phase.PULL, True, "The registry may be busy: try again later."),
    "pull_timeout": Kind(Phase.PULL, True, "The registry may be busy: try again later."),
    # run
    "command_not_found": Kind(Phase.RUN, False, "Check the command; it must exist in the image."),
    "command_failed": Kind(Phase.RUN, False, "Read the log: the program itself reported the failure."),
    "killed_by_signal": Kind(
        Phase.RUN, False, "Read the log: the program crashed or was killed from inside."
    ),
    "memory_limit": Kind(Phase.RUN, False, "Ask for more memory, or use less."),
    "disk_limit": Kind(Phase.RUN, False, "Ask for more disk, or write less."),
    "log_limit": Kind(Phase.RUN, False, "Write less to standard output."),
    "run_timeout": Kind(Phase.RUN, False, "Ask for more time, or do less."),
    "resources_refused": Kind(Phase.RUN, False, "Ask for what the environment offers."),
    "engine_lost": Kind(Phase.RUN, True, "The machine went away under the job: submit it again."),
    "too_many_errors": Kind(Phase.RUN, False, "Look at the slices that failed; the work function threw."),
    "environment_gone": Kind(Phase.RUN, False, "Submit it again, to an environment that there is."),
    "engine_failed": Kind(Phase.RUN, True, "The engine could not start it: try again, or tell the operator."),
    # publish
    "output_too_large": Kind(Phase.PUBLISH, False, "Write less, or choose an environment with more disk."),
    "output_missing": Kind(Phase.PUBLISH, False, "The program did not write what was to be kept."),
    "output_refused": Kind(Phase.PUBLISH, False, "Write plain files and folders only."),
    "publish_failed": Kind(
        Phase.PUBLISH, True, "The object store could not take the outputs: tell the operator."
    ),
    "publish_timeout": Kind(Phase.PUBLISH, True, "Write fewer or smaller files."),
    # workflows
    "jobs_failed": Kind(Phase.RUN, False, "Look at the jobs that failed; running it again runs only those."),
    # the owner
    "cancelled": Kind(Phase.OWNER, False, "It was stopped on request."),
    "deleted": Kind(Phase.OWNER, False, "It was deleted on request."),
    "internal_error": Kind(Phase.RUN, True, "The fault is ours: the operator finds it by the job's id."),
}


@dataclass(frozen=True, slots=True)
class Reason:
    """`code` is a key of CODES; `evidence` the engine's or origin's own words, without secrets or URLs."""

    code: str
    sentence: str
    evidence: str = ""

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"unknown reason {self.code}")
        if len(self.evidence) > MAX_EVIDENCE_CHARS:
            object.__setattr__(self, "evidence", self.evidence[:MAX_EVIDENCE_CHARS])

    @property
    def phase(self) -> Phase:
        return CODES[self.code].phase

    @property
    def is_transient(self) -> bool:
        return CODES[self.code].transient

    @property
    def advice(self) -> str:
        return CODES[self.code].advice

    def as_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "phase": self.phase.value,
            "sentence": self.sentence,
            "evidence": self.evidence,
            "advice": self.advice,
        }


def reason_of(document: Mapping[str, Any]) -> Reason:
    """The inverse of as_json."""
    return Reason(document["code"], document["sentence"], document.get("evidence", ""))
