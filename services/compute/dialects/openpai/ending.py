"""Jobs are deleted, stopped and started again."""

from collections.abc import Mapping

from libs.web.principal import Principal
from libs.web.strict_json import Json
from services.compute.dialects.openpai import lookup
from services.compute.dialects.openpai.config import Invalid
from services.compute.dialects.openpai.facts import known_of
from services.compute.dialects.openpai.parts import OpenPaiParts
from services.compute.dialects.openpai.states import START, STOP, stopped_sentence
from services.compute.domain.errors import AlreadyFinished, KeyInFlight, NotFinished
from services.compute.domain.job import Job
from services.compute.domain.states import State

EXPECTED = f"must be {START} or {STOP}"


def delete(parts: OpenPaiParts, scope: str, name: str, principal: Principal) -> None:
    """Stopped and gone, its name free at once. Raises NoJob, Forbidden."""
    job = lookup.mine(parts, scope, name, principal, "remove")
    parts.named.remove(lookup.handle_of(scope, name), job, principal.subject)


def execute(
    parts: OpenPaiParts, scope: str, name: str, principal: Principal, members: Mapping[str, Json]
) -> None:
    """`{"value": "START"}` or STOP. Raises NoJob, Forbidden, Invalid, and what Submit raises."""
    job = lookup.mine(parts, scope, name, principal, "execute")
    value = members.get("value")
    if value not in (START, STOP) or len(members) != 1:
        raise Invalid([("value", EXPECTED)])
    if value == STOP:
        parts.jobs.cancel(job.uid, lookup.EVERYBODY, principal.subject, stopped_sentence(principal.name))
    elif job.state in (State.FAILED, State.CANCELLED):
        _start(parts, job, principal)


def _start(parts: OpenPaiParts, job: Job, principal: Principal) -> None:
    """Raises ClusterUnknown, ClusterForbidden: who may use which may have changed since."""
    parts.clusters.admit(known_of(job).cluster, principal.virtual_clusters)
    try:
        parts.named.start_again(job, principal.groups, principal.subject)
    except (AlreadyFinished, KeyInFlight, NotFinished):
        return  # somebody else was first: it runs
