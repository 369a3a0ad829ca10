"""The compute routes of a gateway without environments: known, and not enabled.

Upstream answers 404 before it looks at any parameter when it has no operator (contract 2.0), and so do we.
"""

from flask import Blueprint, Response

from libs.web.gate import public
from libs.web.ocean_shapes import edge_error

NOT_ENABLED = "Compute-to-data is not enabled on this gateway."
ROUTES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("/api/services/compute", ("GET", "POST", "PUT", "DELETE")),
    ("/api/compute", ("GET", "POST", "PUT", "DELETE")),  # the seed's examples
    ("/api/services/computeResult", ("GET",)),
    ("/api/services/computeEnvironments", ("GET",)),
    ("/api/services/initializeCompute", ("POST",)),
)


def add(room: Blueprint) -> None:
    for path, methods in ROUTES:
        room.add_url_rule(path, f"disabled {path}", _not_enabled, methods=methods)


@public
def _not_enabled() -> Response:
    return edge_error(NOT_ENABLED, 404)
