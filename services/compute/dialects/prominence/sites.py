"""`/resources`, `/health` and `/token`: what there is, whether it works, and what we do not give."""

from math import floor
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response

from libs.web.gate import needs, public
from libs.web.health import Readiness
from services.compute.dialects.prominence.errors import answer, refusal
from services.compute.dialects.prominence.execution import GB
from services.compute.domain.environments import Environment

if TYPE_CHECKING:
    from services.compute.dialects.prominence.stores import StoreParts

OPENPAI: Final = "/api/v1"  # where its own clients send passwords to `/token`
NO_TOKENS: Final = "Workers of this gateway need no token: there is nothing to hand out"


def add(room: Blueprint, parts: "StoreParts") -> None:
    readiness = Readiness(parts.checks)

    @room.get("/resources")
    @needs("job:read")
    def show_resources() -> Response:
        """Environments that jobs without an order may use, the freest first."""
        running = parts.running()
        free = [place for place in parts.environments.all() if not place.price_per_minute]
        found = [_shown(place, running.get(place.id, 0)) for place in free]
        return answer({"existing": sorted(found, key=lambda site: (-site["free"]["cpus"], site["site"]))})

    @room.get("/health")
    @public
    def health() -> Response:
        failed = [name for name, outcome in readiness.outcomes().items() if outcome != "ok"]
        if not failed:
            return Response(status=204)
        return answer({"errors": ",".join(f"{name.upper()}_STATUS" for name in sorted(failed))}, 409)

    if room.url_prefix != OPENPAI:

        @room.post("/token")
        @needs()
        def token() -> Response:
            return refusal(NO_TOKENS, 403)


def _shown(place: Environment, running: int) -> dict[str, Any]:
    """As many jobs of full size as it takes; whole gigabytes."""
    return {
        "site": place.id,
        "capacity": _size(place, place.max_jobs),
        "free": _size(place, max(0, place.max_jobs - running)),
    }


def _size(place: Environment, jobs: int) -> dict[str, int]:
    return {"cpus": floor(place.cpus * jobs), "memory": floor(place.memory_bytes * jobs / GB)}
