"""Principals by the text of their credential, for gates that are not asked anything else."""

from libs.web.credentials import Caller, Credential
from libs.web.gate import Refused
from libs.web.principal import Principal


class KnownPrincipals:
    """A PrincipalSource; raises `trouble` when it is set."""

    def __init__(self, **known: Principal) -> None:
        self.known = known
        self.asked: list[tuple[Credential, Caller]] = []
        self.trouble: Exception | None = None

    def principal(self, credential: Credential, caller: Caller) -> Principal:
        self.asked.append((credential, caller))
        if self.trouble is not None:
            raise self.trouble
        if credential.value not in self.known:
            raise Refused("The access token is not valid.")
        return self.known[credential.value]
