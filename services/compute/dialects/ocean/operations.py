"""What the routes of this room take and give; clients read it in the provider's description as well."""

from libs.openapi.ocean_compute import COMPUTE_OPERATIONS

OPERATIONS = COMPUTE_OPERATIONS
