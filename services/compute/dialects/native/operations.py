"""What the routes of this room take and give, for the API description."""

from libs.openapi.document import Access, Operation, json_reply, object_of
from libs.openapi.edge import PRINCIPAL_REPLIES
from services.compute.dialects.native.operations_files import FILES
from services.compute.dialects.native.operations_jobs import JOBS
from services.compute.dialects.native.operations_rest import REST
from services.compute.dialects.native.operations_workflows import INSIDE, WORKFLOWS

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        path="/tidegate/v1/status",
        methods=("GET",),
        tag="status",
        summary="What this gateway is and which of its parts are switched on.",
        replies={
            200: json_reply(
                "For people.",
                object_of(
                    {
                        "name": {"const": "Tidegate"},
                        "version": {"type": "string"},
                        "status": {"type": "string"},
                        "services": {"type": "object"},
                    }
                ),
            )
        },
    ),
    Operation(
        path="/tidegate/v1/whoami",
        methods=("GET",),
        access=Access.PRINCIPAL,
        tag="identity",
        summary="Whose credential this is: what every service of this gateway knows of the caller.",
        replies=PRINCIPAL_REPLIES,
    ),
    *JOBS,
    *INSIDE,
    *WORKFLOWS,
    *FILES,
    *REST,
)
