"""What every command has at hand."""

from dataclasses import dataclass

from libs.client.console import Console
from libs.client.errors import ClientError
from libs.client.gateway import Gateway
from libs.client.jobs import Jobs
from libs.client.saved import SavedTokens
from libs.client.workflows import Workflows

DONE, NOT_SUCCEEDED = 0, 1  # exit codes


@dataclass(frozen=True, slots=True)
class Context:
    jobs: Jobs
    workflows: Workflows
    console: Console
    anonymous: Gateway  # the same one, asked without a token
    saved: SavedTokens


def usual_environment(jobs: Jobs) -> str:
    """Where a job runs that names none. Raises ClientError."""
    found = [entry for entry in jobs.environments() if entry["available"]]
    free = [entry for entry in found if float(entry["price_per_minute"]) == 0]
    if not free:
        raise ClientError("No environment is free of charge: choose one with --environment.")
    return str(free[0]["id"])
