"""`/environments`: where jobs may run. `/quotas`: how much the caller has under way, and may have."""

from flask import Blueprint, Response

from libs.web.gate import needs
from services.compute.dialects.native.answers import answer
from services.compute.dialects.native.parts import NativeParts
from services.compute.dialects.native.requests import Query, caller
from services.compute.dialects.native.views import environment_view, quota_view
from services.compute.domain.quotas import Held


def add(room: Blueprint, parts: NativeParts) -> None:
    @room.get("/environments")
    @needs("job:read")
    def list_environments() -> Response:
        Query()
        running = parts.running()
        found = [
            environment_view(environment, parts.engines.get(environment.engine), running[environment.id])
            for environment in parts.environments.all()
        ]
        return answer({"environments": found})

    @room.get("/quotas")
    @needs("job:read")
    def show_quotas() -> Response:
        Query()
        asking = caller()
        held = parts.jobs.held(asking.subject, asking.groups)
        limits = parts.quotas.of_groups(asking.groups)
        groups = [
            {"group": name, **quota_view(quota, held.get(name, Held()))} for name, quota in limits.items()
        ]
        own = quota_view(parts.quotas.of_owner(asking.subject), held.get(asking.subject, Held()))
        return answer({"principal": own, "groups": groups})
