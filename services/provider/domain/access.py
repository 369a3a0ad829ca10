"""Refusals that concern the way an asset is asked for, rather than the asset or the order."""

from services.provider.domain.asset import ACCESS, COMPUTE, Service
from services.provider.domain.errors import ProviderError


class AccessControlDenied(ProviderError):
    """The operator's access control server says no."""


class AccessControlUnavailable(ProviderError):
    """The access control server gave no answer; the answer is never yes."""

    def __init__(self, *, timed_out: bool = False) -> None:
        super().__init__("timed out" if timed_out else "unavailable")
        self.timed_out = timed_out


class NotAnAccessService(ProviderError):
    """Downloads serve access services; a compute service's files go to its environments only."""

    def __init__(self, service_id: str) -> None:
        super().__init__(service_id)
        self.service_id = service_id


class ComputeQuotedElsewhere(ProviderError):
    """A compute service was to be initialized without naming environment and end of validity."""


class WrongValidUntil(ProviderError):
    """`validUntil` is no time in the future."""


class EnvironmentNotFound(ProviderError):
    """No compute environment of this id exists on the asset's chain."""


class EnvironmentsUnavailable(ProviderError):
    """The compute service does not tell which environments there are, so nothing can be said about one."""

    def __init__(self, *, timed_out: bool = False) -> None:
        super().__init__("timed out" if timed_out else "unavailable")
        self.timed_out = timed_out


def check_downloadable(service: Service, caller: str, environment_accounts: frozenset[str]) -> None:
    """`caller` and `environment_accounts` checksummed. Raises NotAnAccessService (contract 2.6 step 3)."""
    if service.type == ACCESS:
        return
    if service.type == COMPUTE and caller in environment_accounts:
        return
    raise NotAnAccessService(service.id)


class FileUnreachable(ProviderError):
    """The file's origin does not answer as it should; what the origin is stays out of it."""

    def __init__(self, did: str, service_id: str, file_index: int) -> None:
        super().__init__("file unreachable")
        self.did = did
        self.service_id = service_id
        self.file_index = file_index
