"""Engine over Docker. A run is a container that is named by its tag."""

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, Final

from services.compute.adapters.engines.docker import container, notes
from services.compute.adapters.engines.docker.container import Connection, refusal
from services.compute.adapters.engines.docker.containers import OVER, Containers
from services.compute.adapters.engines.docker.daemon import DEFAULT_URL, Daemon
from services.compute.adapters.engines.docker.execute import Entered
from services.compute.adapters.engines.docker.images import Images
from services.compute.adapters.engines.docker.networks import POOL, Networks
from services.compute.adapters.engines.docker.outcome import Evidence, at, ended
from services.compute.adapters.engines.docker.pump import last_line
from services.compute.adapters.engines.docker.record import (
    OUTSIDE,
    TAG,
    Record,
    instance_of,
    read_record,
    record_of,
    user_of,
)
from services.compute.adapters.engines.docker.watch import Watch
from services.compute.adapters.engines.docker.watches import Watches
from services.compute.domain.errors import Refused
from services.compute.domain.ids import Tag
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Image
from services.compute.ports.engines import (
    Abilities,
    Activity,
    Command,
    EngineAway,
    Executed,
    Handle,
    Observed,
    Ready,
    RunSpec,
)

NO_NETWORK: Final = "none"
DRAIN_SECONDS: Final = 0.5  # that one look waits for the end of a log
ISOLATION: Final = (
    "Containers without privileges or capabilities, not as root, on a read-only image, with limits of "
    "memory, processes, cpus and disk; without a network unless the job is allowed one."
)
_log = logging.getLogger(__name__)


class DockerEngine:
    """`work` is the work folder that the deployment's service and workers share, on the engine's machine:
    runs of other deployments on the same engine are not seen. Networks of gatherings have their addresses
    from `pool`.
    """

    name = "docker"

    def __init__(
        self,
        work: Path,
        url: str = DEFAULT_URL,
        gpus: int = 0,
        pool: IPv4Network = POOL,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._daemon = Daemon(url)
        self._images = Images(self._daemon)
        self._instance = instance_of(work)
        self._containers = Containers(self._daemon, self._instance)
        self._networks = Networks(self._daemon, self._instance, pool)
        self._gpus = gpus
        self._clock = clock
        self._watches = Watches()

    def abilities(self) -> Abilities:
        return Abilities(pins_images=True, gpus=self._gpus, gathers=True, isolation=ISOLATION)

    def ping(self) -> None:
        with self._daemon.asking() as api:
            api.ping()

    def check(self, spec: RunSpec) -> None:
        container.check(spec, self._gpus)

    def pull(self, image: Image | None, say: Callable[[str], None]) -> Ready:
        if image is None:
            raise refusal("image_refused", "The docker engine runs images, and the job names none.")
        return self._images.pull(image, say)

    def submit(self, spec: RunSpec) -> Handle:
        self.check(spec)
        record = record_of(spec)
        try:
            for file in record.log_files.values():
                file.touch()
        except OSError as error:
            evidence = type(error).__name__
            raise refusal("engine_failed", "The run's folders are not there.", evidence) from error
        with notes.starting(record) as right:
            return self._submit(spec, record, right)

    def gather(self, name: str, count: int) -> Sequence[str]:
        return self._networks.gather(name, count)

    def part(self, name: str) -> None:
        self._networks.part(name)

    def gatherings(self) -> Sequence[str]:
        return self._networks.names()

    def find(self, tag: Tag) -> Handle | None:
        found = self._containers.inspect(tag)
        if found is None or not self._containers.is_ours(found):
            return None
        return Handle(found["Id"])

    def observe(self, handles: Sequence[Handle]) -> Mapping[Handle, Observed]:
        if not handles:
            return {}
        states = {entry["Id"]: entry["State"] for entry in self._containers.listed()}
        return {handle: self._observed(handle, states.get(handle)) for handle in handles}

    def execute(self, handle: Handle, command: Command, seconds: float, most_bytes: int) -> Executed:
        found = self._containers.inspect(handle)
        if found is None or found["State"]["Status"] != "running":
            raise refusal("engine_failed", "The job does not run at this moment.")
        return Entered(self._daemon, handle, command, most_bytes).run(seconds)

    def cancel(self, handle: Handle) -> None:
        found = self._containers.inspect(handle)
        if found is None or found["State"]["Status"] in OVER:
            return
        watch = self._watches.get(handle)
        reason = Reason("cancelled", "It was stopped on request.")
        if watch is not None:
            watch.end(reason)
            return
        record = read_record(found["Config"]["Labels"])
        if notes.read_verdict(record) is None:
            notes.write_verdict(record, notes.Verdict(self._clock(), reason))
        self._containers.kill(handle)

    def remove(self, handle: Handle) -> None:
        self._watches.drop(handle)
        found = self._containers.inspect(handle)
        if found is None:
            return
        self._containers.remove(handle)
        notes.clear(read_record(found["Config"]["Labels"]))

    def tags(self) -> Sequence[Tag]:
        return [Tag(entry["Labels"][TAG]) for entry in self._containers.listed() if TAG in entry["Labels"]]

    def close(self) -> None:
        """Follow nothing more; what runs goes on."""
        self._watches.close()
        self._daemon.close()

    # -- starting -----------------------------------------------------------------------------------
    def _submit(self, spec: RunSpec, record: Record, right: notes.Starting) -> Handle:
        """With the right to start it. What was started is never started again: it would run twice."""
        found = self._containers.inspect(spec.tag)
        if found is None:
            handle = self._create(spec)
        elif not self._containers.is_ours(found):
            raise refusal("engine_failed", "Another container has the run's name.")
        else:
            handle = Handle(found["Id"])
            found = self._settled(found, right)
            if not _is_new(found) or notes.read_verdict(record):
                return self._adopted(found)
        outside = self._way_out(spec) if spec.member is not None else None
        self._begin(handle, right, outside)
        return self._adopted(self._containers.inspect(handle))

    def _begin(self, handle: Handle, right: notes.Starting, outside: str | None) -> None:
        """Raises Refused."""
        if outside is not None:
            self._containers.connect(handle, outside)
        right.touch()
        self._containers.start(handle)

    def _settled(self, found: Mapping[str, Any], right: notes.Starting) -> Mapping[str, Any] | None:
        """The container when an earlier worker's order to start it, if there was one, has been followed."""
        if not _is_new(found):
            return found
        right.settle()
        return self._containers.inspect(found["Id"])

    def _adopted(self, found: Mapping[str, Any] | None) -> Handle:
        if found is None:
            raise refusal("engine_failed", "The container went away while it was started.")
        if not _is_new(found):
            self._watch(found)
        return Handle(found["Id"])

    def _create(self, spec: RunSpec) -> Handle:
        assert spec.image is not None  # check() refused it
        facts = self._images.facts(spec.image)
        user = user_of(spec.tag, os.getuid())
        config = container.config(spec, facts, self._instance, user, self._connection(spec))
        return self._containers.create(spec.tag, config)

    def _connection(self, spec: RunSpec) -> Connection:
        """Raises Refused (engine_failed)."""
        outside = self._way_out(spec)
        if spec.member is None:
            return Connection(outside or NO_NETWORK)
        return Connection(self._networks.id_of(spec.member.gathering), spec.member.address, outside)

    def _way_out(self, spec: RunSpec) -> str | None:
        """The network on which the run has the outside world."""
        if not spec.network:
            return None
        return spec.options.get("docker_network") or self._containers.network()

    # -- looking ------------------------------------------------------------------------------------
    def _observed(self, handle: Handle, status: str | None) -> Observed:
        watch = self._watches.get(handle)
        if status == "running" and watch is not None and watch.started_at is not None:
            return Observed(activity=Activity.RUNNING, started_at=watch.started_at)
        try:
            return self._seen(handle)
        except EngineAway as error:
            _log.warning("how container %s is cannot be told: %s", handle, error)
            return Observed(activity=Activity.UNKNOWN)

    def _seen(self, handle: Handle) -> Observed:
        found = self._containers.inspect(handle)
        if found is None:
            self._watches.drop(handle)
            sentence = "Docker knows the run's container no more: it was removed by hand, or Docker lost it."
            return Observed(activity=Activity.LOST, reason=Reason("engine_lost", sentence))
        if _is_new(found):
            return self._not_started(found)
        if found["State"]["Status"] in OVER:
            return self._ended(found)
        self._watch(found)
        return Observed(activity=Activity.RUNNING, started_at=at(found["State"]["StartedAt"]))

    def _not_started(self, found: Mapping[str, Any]) -> Observed:
        """Between its creation and its start; or a worker died there, and the start is done now."""
        record = read_record(found["Config"]["Labels"])
        try:
            with notes.starting(record) as right:
                again = self._settled(found, right)
                if verdict := notes.read_verdict(record):
                    return Observed(activity=Activity.ENDED, ended_at=verdict.at, reason=verdict.reason)
                if _is_new(again):
                    self._begin(Handle(found["Id"]), right, found["Config"]["Labels"].get(OUTSIDE))
        except FileNotFoundError:  # its folders are gone: nobody wants it any more
            reason = Reason("engine_failed", "The run's folders were gone before it started.")
            return Observed(activity=Activity.ENDED, ended_at=self._clock(), reason=reason)
        except Refused as refused:
            return Observed(activity=Activity.ENDED, ended_at=self._clock(), reason=refused.reason)
        return Observed(activity=Activity.STARTING)

    def _ended(self, found: Mapping[str, Any]) -> Observed:
        """ENDED once its whole log is in its files."""
        watch = self._watch(found)
        state = found["State"]
        if not watch.is_complete(DRAIN_SECONDS):
            return Observed(activity=Activity.RUNNING, started_at=at(state["StartedAt"]))
        if told := notes.read_end(watch.record):
            return told
        evidence = Evidence(
            command=watch.record.command,
            verdict=watch.verdict,
            usage=watch.usage,
            last_line=last_line(list(watch.record.log_files.values())[-1]),
            began_at=self._daemon.began_at(),
        )
        end = ended(state, evidence)
        notes.write_end(watch.record, end)
        return end

    def _watch(self, found: Mapping[str, Any]) -> Watch:
        handle = Handle(found["Id"])
        watch = self._watches.get(handle)
        if watch is None:
            record = read_record(found["Config"]["Labels"])
            watch = self._watches.add(
                handle, lambda: Watch(self._daemon, self._containers, handle, record, self._clock)
            )
        if watch.started_at is None:
            watch.started(found["State"], found["HostConfig"].get("Tmpfs") or {})
        return watch


def _is_new(found: Mapping[str, Any] | None) -> bool:
    """Created and never started."""
    return found is not None and found["State"]["Status"] == "created"
