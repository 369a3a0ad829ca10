"""`POST /job`: a job is made of a work function and whatever slices there are by now (contract 3)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from flask import Blueprint, Response

from libs.web.dcp_window import answer
from libs.web.gate import needs
from libs.web.idempotency import REPLAYED
from libs.web.strict_json import to_json
from services.compute.dialects.dcp import views
from services.compute.dialects.dcp.documents import Deploy, read_deploy
from services.compute.dialects.dcp.job_ids import job_id
from services.compute.dialects.dcp.parts import DcpParts
from services.compute.dialects.dcp.requests import DIALECT, WRITE, caller, idempotency_key, sent_json
from services.compute.dialects.dcp.statuses import ACCOUNT, status_of
from services.compute.dialects.dcp.work.languages import Language
from services.compute.domain.environments import Environment
from services.compute.domain.job import NewJob
from services.compute.domain.slices import NewSlices
from services.compute.domain.spec import Spec
from services.compute.ports.engines import Abilities
from services.compute.ports.store import Submitted
from services.compute.slicework.spec import DISK_BYTES, SPARE_BYTES, Package, Place, Work, sliced_spec

MOST_SAID: Final = 8 << 20  # bytes that functions say in the job's log, where its limit is well above


def add(room: Blueprint, parts: DcpParts) -> None:
    @room.post("/job", strict_slashes=False)
    @needs(WRITE)
    def deploy() -> Response:
        key = idempotency_key(parts)
        earlier = parts.submit.replayed(key)
        if earlier is not None:
            return _taken(parts, earlier, ())
        asked = read_deploy(sent_json(parts), parts.settings, parts.packages)
        source = asked.work.checked()
        chosen = parts.accounts.choose(caller(), asked.account)
        spec = parts.placing.place(_maker(parts, asked, source), required=asked.environments)
        new = NewJob(
            owner=caller().subject,
            dialect=DIALECT,
            spec=spec,
            name=asked.public["name"],
            groups=caller().groups,
            facts={
                ACCOUNT: chosen.account.address,
                "offer": f"{asked.offer:f}",
                "language": asked.work.choice.language.value,
                "public": dict(asked.public),
            },
            slices=NewSlices(blocks=asked.blocks, account=chosen.account.address, offer=asked.offer),
        )
        warnings = (*asked.warnings, *([chosen.warning] if chosen.warning else []))
        return _taken(parts, parts.submit(new, key), warnings)


def _taken(parts: DcpParts, submitted: Submitted, warnings: tuple[str, ...]) -> Response:
    job = submitted.job
    counts = views.counts_of(parts, job)
    body: dict[str, Any] = {
        "jobId": job_id(job.uid),
        "totalSlices": counts.total,
        "status": status_of(job, counts).value,
    }
    if warnings:
        body["warnings"] = list(warnings)
    response = answer(body, 201)
    if submitted.replayed:
        response.headers[REPLAYED] = "true"
    return response


def _maker(parts: DcpParts, asked: Deploy, source: str) -> Callable[[Environment, Abilities], Spec]:
    """The job as it would be in each environment: as many lanes as it has room for, up to our own limit."""
    settings, limits, choice = parts.settings, parts.settings.slice_limits, asked.work.choice
    is_python = choice.language is Language.PYTHON
    work = Work(
        language=Language.PYTHON.value if is_python else Language.JAVASCRIPT.value,
        source=source,
        strict=choice.is_strict,
        args=asked.work.arguments,
        public=to_json(dict(asked.public)),
        packages=tuple(Package(name, parts.packages[name]) for name in asked.work.packages),
        pyimports=asked.work.pyimports,
        max_errors=asked.max_errors,
    )
    place = Place(
        environment="",
        lanes=1,
        image=settings.python_image if is_python else settings.node_image,
        slice_cpu_seconds=limits.cpu_seconds,
        slice_wall_seconds=limits.seconds,
        slice_memory_bytes=limits.memory_bytes,
    )

    def make(environment: Environment, _: Abilities) -> Spec:
        fitting = (
            int(environment.cpus),
            environment.memory_bytes // (limits.memory_bytes + SPARE_BYTES),
            environment.disk_bytes // DISK_BYTES,
        )
        lanes = max(1, min(settings.lanes, *fitting))
        said = min(MOST_SAID, environment.log_bytes // 2)
        return sliced_spec(work, replace(place, environment=environment.id, lanes=lanes, log_bytes=said))

    return make
