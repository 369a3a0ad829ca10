"""What the routes of this room take and give, for the API description."""

from libs.openapi.document import Operation
from services.compute.dialects.dirac.operations_jobs import OPERATIONS as JOBS
from services.compute.dialects.dirac.operations_sandboxes import OPERATIONS as SANDBOXES
from services.compute.dialects.dirac.operations_submit import OPERATIONS as SUBMIT

OPERATIONS: tuple[Operation, ...] = (*SUBMIT, *JOBS, *SANDBOXES)
