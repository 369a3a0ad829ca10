"""Whether a run can be put into a sandbox at all: what it asks for, places that may be covered."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from services.compute.adapters.engines.process.sandbox import RESERVED
from services.compute.adapters.engines.words import bad_words
from services.compute.domain.errors import Refused
from services.compute.domain.reasons import Reason
from services.compute.ports.engines import RunSpec


def check_shape(spec: RunSpec, host_network: bool) -> None:
    """Raises Refused (resources_refused) with the first problem."""
    for problem in _problems(spec, host_network):
        raise Refused(Reason("resources_refused", problem))


def _problems(spec: RunSpec, host_network: bool) -> Iterator[str]:
    if spec.nodes > 1:
        yield "This environment has one machine only."
    if spec.gpus > 0:
        yield "This environment has no gpus."
    if spec.network and not host_network:
        yield "This environment gives no job a network."
    yield from bad_words(spec)
    for mount in spec.mounts:
        if not _is_placeable(mount.path):
            yield f"No folder can be put at {mount.path[:200]}: it belongs to the system."
    if spec.working_folder is not None and not _is_absolute(spec.working_folder):
        yield "The working folder is no absolute path."


def _is_placeable(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return _is_absolute(path) and len(parts) > 1 and parts[1] not in RESERVED


def _is_absolute(path: str) -> bool:
    return path.startswith("/") and ".." not in PurePosixPath(path).parts
